"""Markers that somebody added to a tokenizer are tokens of a text, as plain transformers reads them."""

from copy import deepcopy
from functools import cache
from threading import Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken

from rationale.tokens import align, read_template
from tests.tokens.text import PLAIN
from tests.toys import TOKENIZERS, toy_tokenizer

FLAGS = {
    "plain": {},
    "lstrip": {"lstrip": True},
    "rstrip": {"rstrip": True},
    "both": {"lstrip": True, "rstrip": True},
    "normalized": {"normalized": True},
    "single word": {"single_word": True},
}
MARKERS = ("<e1>", "</e1>", "@USER", "[ENT1]")


@cache
def marked(name, flags="plain", special=True):
    """A toy tokenizer to which somebody added markers."""
    tokenizer = deepcopy(toy_tokenizer(name))
    added = [AddedToken(marker, **{"normalized": False} | FLAGS[flags]) for marker in MARKERS]
    if special:
        tokenizer.add_special_tokens({"additional_special_tokens": added})
    else:
        tokenizer.add_tokens(added)
    return tokenizer


def plainly(tokenizer, text):
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return encoded["input_ids"], encoded["offset_mapping"]


words = st.one_of(
    st.sampled_from(PLAIN),
    st.sampled_from(MARKERS),
    st.tuples(st.sampled_from(MARKERS), st.sampled_from(PLAIN)).map("".join),
    st.tuples(st.sampled_from(PLAIN), st.sampled_from(MARKERS), st.sampled_from(MARKERS)).map("".join),
)


@pytest.mark.parametrize("special", [True, False], ids=["special", "added"])
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.lists(words, min_size=1, max_size=8))
def test_ids_are_those_of_plain_transformers_and_each_has_the_word_it_covers(name, flags, special, chosen):
    tokenizer, text = marked(name, flags, special), " ".join(chosen)
    ids, offsets = plainly(tokenizer, text)
    alignment = align(tokenizer, chosen)
    assert alignment.ids.tolist() == ids
    owner = [None if n == 0 else n - 1 for n in _owners(chosen)]
    for word, (start, end) in zip(alignment.word.tolist(), offsets, strict=True):
        covered = [o for o in owner[start:end] if o is not None]
        following = [o for o in owner[start:] if o is not None]
        assert word == (covered or following or [len(chosen) - 1])[0]


def _owners(chosen):
    """For each character the word it stands in, from 1; 0 between words."""
    owners = []
    for number, word in enumerate(chosen):
        owners += [0] * (number > 0) + [number + 1] * len(word)
    return owners


@pytest.mark.parametrize("name", TOKENIZERS)
def test_markers_alone_glued_and_two_in_one_word(name):
    tokenizer = marked(name)
    one, other = tokenizer.convert_tokens_to_ids(["<e1>", "</e1>"])
    alignment = align(tokenizer, ["<e1>", "film", "<e1>film</e1>", "<e1></e1>"])
    ids = [alignment.ids[list(alignment.tokens_of(word))].tolist() for word in range(4)]
    assert one in ids[0]
    assert {one, other} & set(ids[1]) == set()
    assert ids[2].count(one) == ids[2].count(other) == 1
    assert {one, other} <= set(ids[3])
    assert tokenizer.unk_token_id not in ids[0]


# a Unigram model may find its own "<s>" among the pieces of its vocabulary
@pytest.mark.parametrize("name", [name for name in TOKENIZERS if name not in ("unigram", "sentencepiece")])
def test_the_templates_own_tokens_stay_text_beside_added_ones(name):
    tokenizer = marked(name)
    own = {tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id, tokenizer.mask_token_id}
    spelt = [tokenizer.cls_token, tokenizer.sep_token, tokenizer.pad_token, tokenizer.mask_token]
    alignment = align(tokenizer, [*spelt, "@USER", "film"])
    assert not own & set(alignment.ids.tolist())
    assert alignment.ids.tolist().count(tokenizer.convert_tokens_to_ids("@USER")) == 1


def test_a_token_of_the_template_is_its_own_whoever_added_it():
    """BERT's template with a <s> that a user added: text may hold it. Where the template uses it: not."""
    tokenizer = deepcopy(toy_tokenizer("wordpiece"))
    tokenizer.add_special_tokens({"bos_token": "<s>", "eos_token": "</s>"})
    number = tokenizer.convert_tokens_to_ids("<s>")
    assert number in align(tokenizer, ["a", "<s>", "film"]).ids
    roberta = toy_tokenizer("byte-bpe")
    assert roberta.bos_token_id not in align(roberta, ["a", "<s>", "film"]).ids


def test_markers_added_after_the_first_text_count_too():
    tokenizer = deepcopy(toy_tokenizer("wordpiece"))
    before = len(align(tokenizer, ["<e1>"]))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<e1>"]})
    assert len(align(tokenizer, ["<e1>"])) == 1 < before


def test_reading_markers_leaves_the_tokenizer_as_it_was():
    tokenizer = marked("wordpiece")
    backend = tokenizer.backend_tokenizer
    backend.enable_truncation(max_length=1)
    before = backend.to_str(), backend.encode_special_tokens
    assert len(align(tokenizer, ["<e1>", "a", "film", "<e1>"])) >= 4
    read_template(tokenizer)
    assert (backend.to_str(), backend.encode_special_tokens) == before
    backend.no_truncation()


def test_threads_read_the_same():
    tokenizer, found = marked("byte-bpe-prefix"), []
    chosen = ["<e1>", "film", "[ENT1]dull", *PLAIN[:20]]
    threads = [Thread(target=lambda: found.append(align(tokenizer, chosen).ids)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(ids, found[0]) for ids in found)
    assert len(found) == 8
