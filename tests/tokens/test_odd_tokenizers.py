"""Tokenizers for which ``a`` is no text, and such that fail: told as what they are."""

import pytest
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from rationale.corpus.document import Document
from rationale.errors import ModelError
from rationale.tokens import Windower, align, read_template

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokenizer(pieces, *, unknown=True, keep=None, split=None):
    """A word-level tokenizer of single characters, with BERT's template."""
    vocabulary = {token: i for i, token in enumerate([*SPECIALS, *pieces])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]" if unknown else "never"))
    if keep:
        backend.normalizer = normalizers.Replace(Regex(f"[^{keep} ]"), "")
    backend.pre_tokenizer = split or pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    named = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS, strict=True)
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, **named)


@pytest.mark.parametrize("unknown", [True, False], ids=["[UNK]", "no [UNK]"])
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (list("0123456789"), ["10", "7"]),
        (list("ACGT"), ["ACGT", "TTA"]),
        (list("漢字電影"), ["電影", "漢"]),
    ],
    ids=["digits", "DNA", "Han"],
)
def test_a_vocabulary_without_latin_letters_is_read(pieces, text, unknown):
    odd = tokenizer(pieces, unknown=unknown, keep=None if unknown else "".join(pieces))
    template = read_template(odd)
    assert template.extra(pair=False) == 2
    assert template.extra(pair=True) == 3
    windows = Windower(odd, 16)(Document("a", "a", tuple(text)))
    assert [int(word) for word in windows.windows[0].word] == [
        -1,
        *(number for number, word in enumerate(text) for _ in word),
        -1,
    ]


def test_a_tokenizer_that_finds_nothing_in_any_text_is_named_as_that():
    odd = tokenizer("ab")
    odd.backend_tokenizer.normalizer = normalizers.Replace(Regex("[^!]"), "")
    with pytest.raises(ModelError, match=r"finds no token in any text.*tokenizer\.json"):
        read_template(odd)


def test_text_without_a_token_for_the_unknown_is_an_error_of_the_tokenizer():
    odd = tokenizer(list("ACGT"), unknown=False)
    assert read_template(odd).extra(pair=False) == 2
    with pytest.raises(ModelError, match=r"fails on this text \(WordLevel error"):
        align(odd, ["film"])


@pytest.mark.parametrize("place", ["normalizer", "pre-tokenizer"])
def test_a_pattern_that_never_ends_is_one_error_without_a_backtrace(place, capfd):
    odd = tokenizer("ab")
    pattern = Regex("(a+)+$")
    if place == "normalizer":
        odd.backend_tokenizer.normalizer = normalizers.Replace(pattern, "x")
    else:
        odd.backend_tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, "isolated")
    read_template(odd)
    with pytest.raises(ModelError, match=r"fails on this text \(Onig: Regex search error.*tokenizer\.json"):
        align(odd, ["a" * 40 + "b"])
    assert "panicked" not in capfd.readouterr().err
    assert len(align(odd, ["b"])) >= 1
