"""Sub-words belong to words as the tokenizer's own offsets say, for every kind of tokenizer and any text."""

import sys
from copy import deepcopy
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rationale.errors import ModelError
from rationale.tokens import align, sum_to_words
from tests.tokens.text import NASTY, PLAIN, texts
from tests.toys import toy_tokenizer

any_text = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@cache
def bare(tokenizer):
    """A copy straight from the tokenizers library that keeps text text."""
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_truncation()
    backend.no_padding()
    backend.encode_special_tokens = True
    return backend


def offsets(tokenizer, text):
    """Ids and offsets, without special tokens."""
    encoded = bare(tokenizer).encode(text, add_special_tokens=False)
    return encoded.ids, encoded.offsets


def owners(words):
    """For each character of the joined words its word, None between words."""
    owner = []
    for number, word in enumerate(words):
        owner += [None] * (number > 0) + [number] * len(word)
    return owner


@any_text
@given(words=texts)
def test_ids_are_the_tokenizers_own(tokenizer, words):
    assert align(tokenizer, words).ids.tolist() == offsets(tokenizer, " ".join(words))[0]


@any_text
@given(words=texts)
def test_each_token_belongs_to_the_word_it_covers(tokenizer, words):
    """Character by character: the first word covered, or for white space the next word with a character."""
    owner, got = owners(words), align(tokenizer, words).word.tolist()
    for word, (start, end) in zip(got, offsets(tokenizer, " ".join(words))[1], strict=True):
        covered = [o for o in owner[start:end] if o is not None]
        following = [o for o in owner[start:] if o is not None]
        before = [o for o in owner[:start] if o is not None]
        assert word == next(iter(covered or following or before[-1:] or [0]))


@any_text
@given(words=texts)
def test_order_is_kept_and_both_ways_agree(tokenizer, words):
    alignment = align(tokenizer, words)
    assert (np.diff(alignment.word) >= 0).all()
    assert alignment.words == len(words)
    joined = [t for word in range(len(words)) for t in alignment.tokens_of(word)]
    assert joined == list(range(len(alignment)))
    assert all(alignment.word[t] == w for w in range(len(words)) for t in alignment.tokens_of(w))


@any_text
@given(words=st.lists(st.sampled_from(PLAIN), min_size=1, max_size=12))
def test_plain_words_agree_with_transformers_word_ids(words):
    """The library's own answer for words split beforehand, where such input means the same text."""
    for name in ("wordpiece", "byte-bpe-prefix", "unigram"):
        tokenizer = toy_tokenizer(name)
        encoded = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
        alignment = align(tokenizer, words)
        assert alignment.ids.tolist() == encoded["input_ids"]
        assert alignment.word.tolist() == encoded.word_ids()


@pytest.mark.parametrize("word", ["\u200b", "\x07", "\ufeff", ""])
def test_a_dropped_word_owns_no_token_and_scores_nothing(word):
    alignment = align(toy_tokenizer("wordpiece"), ["film", word, "dull"])
    assert len(alignment.tokens_of(1)) == 0
    scores = sum_to_words(np.ones((2, len(alignment)), np.float32), alignment.word, alignment.words)
    assert (scores[:, 1] == 0).all()
    assert (scores[:, [0, 2]] > 0).all()


@pytest.mark.parametrize("text", ["[SEP]", "[CLS]", "[MASK]", "[PAD]", "</s>", "<s>", "<mask>"])
@pytest.mark.parametrize("name", ["wordpiece", "byte-bpe", "byte-bpe-prefix", "byte-bpe-modern"])
def test_text_that_spells_a_special_token_stays_text(name, text):
    tokenizer = toy_tokenizer(name)
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    alignment = align(tokenizer, ["a", text, "film"])
    assert not special & set(alignment.ids.tolist())
    assert len(alignment.tokens_of(1)) >= 2


def test_half_a_surrogate_pair_is_read_as_a_replacement_character(tokenizer):
    broken, mended = align(tokenizer, ["a\ud800b", "film"]), align(tokenizer, ["a\ufffdb", "film"])
    assert broken.ids.tolist() == mended.ids.tolist()
    assert broken.word.tolist() == mended.word.tolist()


def test_a_tokenizer_is_left_as_it_was():
    tokenizer = deepcopy(toy_tokenizer("wordpiece"))
    backend = tokenizer.backend_tokenizer
    backend.enable_truncation(max_length=3, stride=1, direction="left")
    backend.enable_padding(length=7, pad_id=0, pad_token="[PAD]")
    before = backend.to_str(), backend.encode_special_tokens
    assert len(align(tokenizer, ["a", "[SEP]", "quiet", "film"])) > 3
    assert (backend.to_str(), backend.encode_special_tokens) == before
    again = tokenizer("a [SEP] film", add_special_tokens=False)["input_ids"]
    assert tokenizer.sep_token_id in again


def test_added_tokens_may_cover_two_words():
    tokenizer = deepcopy(toy_tokenizer("byte-bpe"))
    tokenizer.add_tokens([AddedToken("wooden acting", normalized=False)])
    alignment = align(tokenizer, ["dull", "wooden", "acting", "film"])
    assert [len(alignment.tokens_of(w)) > 0 for w in range(4)] == [True, True, False, True]


def test_a_tokenizer_without_a_fast_version_is_refused():
    with pytest.raises(ModelError, match=r"slow-one: this tokenizer has no fast version.*tokenizer\.json"):
        align(SimpleNamespace(is_fast=False, name_or_path="slow-one"), ["a"])


def test_a_tokenizer_that_shuffles_its_tokens_is_refused():
    class Backwards(PreTrainedTokenizerFast):
        def __call__(self, *args, **kwargs):
            encoded = super().__call__(*args, **kwargs)
            return {name: values[::-1] for name, values in encoded.items()}

    plain = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ModelError, match="Backwards: this tokenizer returns tokens out of text order"):
        align(Backwards(tokenizer_object=plain), ["a", "b"])


def lines_of(work):
    """How many lines of Python ``work`` runs: a count that no load of the machine changes."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event == "line"
        return seen

    before = sys.gettrace()
    sys.settrace(seen)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_the_cost_of_aligning_grows_with_the_words_and_no_faster():
    tokenizer = toy_tokenizer("wordpiece")
    counts = []
    for size in (2_000, 8_000):
        words = [PLAIN[i % len(PLAIN)] for i in range(size)]
        counts.append(lines_of(lambda words=words: align(tokenizer, words)))
    assert counts[1] < 4.5 * counts[0]


def test_a_hundred_thousand_words_are_aligned():
    words = [PLAIN[i % len(PLAIN)] for i in range(100_000)]
    assert align(toy_tokenizer("wordpiece"), words).word[-1] == 99_999


def test_no_word_takes_its_neighbours_tokens(tokenizer):
    """Whatever stands between them, the first and the last word keep their own pieces."""
    alone = align(tokenizer, ["film", "x"])
    for word in NASTY:
        between = align(tokenizer, ["film", word, "film"])
        first, last = between.tokens_of(0), between.tokens_of(2)
        assert between.ids[list(first)].tolist() == alone.ids[list(alone.tokens_of(0))].tolist()
        assert len(last) >= 1
