"""Inputs built from aligned words are those the tokenizer builds itself."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import processors

from rationale.errors import ModelError
from rationale.tokens import align, read_template
from tests.tokens.text import PLAIN
from tests.toys import TOKENIZERS, wordpiece

segments = st.lists(st.sampled_from(PLAIN), min_size=1, max_size=8)
any_tokenizer = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def built(tokenizer, *parts):
    ids, types, places = read_template(tokenizer).build(*(align(tokenizer, words).ids for words in parts))
    return ids.tolist(), types.tolist(), places


def expected(tokenizer, *parts):
    encoded = tokenizer(*(" ".join(words) for words in parts))
    ids = encoded["input_ids"]
    return ids, encoded.get("token_type_ids", [0] * len(ids)), encoded.sequence_ids(0)


@any_tokenizer
@given(words=segments)
def test_one_text(tokenizer, words):
    ids, types, places = built(tokenizer, words)
    assert (ids, types) == expected(tokenizer, words)[:2]
    assert ids[places[0]] == align(tokenizer, words).ids.tolist()


@any_tokenizer
@given(first=segments, second=segments)
def test_two_texts(tokenizer, first, second):
    ids, types, places = built(tokenizer, first, second)
    ids_there, types_there, owners = expected(tokenizer, first, second)
    assert (ids, types) == (ids_there, types_there)
    for number, place in enumerate(places):
        assert owners[place] == [number] * (place.stop - place.start)
    assert owners.count(None) == read_template(tokenizer).extra(pair=True)


def test_a_second_type_id_is_among_the_cases():
    """Else the comparison of type ids would compare zeros."""
    assert set(built(wordpiece(), ["a"], ["film"])[1]) == {0, 1}


def test_type_ids_the_model_never_saw_stay_zero():
    """transformers feeds type ids only where the tokenizer lists them; so do we."""
    tokenizer = wordpiece()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    assert set(built(tokenizer, ["a"], ["film"])[1]) == {0}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_reading_the_template_leaves_the_tokenizer_as_it_was(name):
    tokenizer = TOKENIZERS[name]()
    tokenizer.backend_tokenizer.enable_truncation(max_length=2)
    tokenizer.backend_tokenizer.enable_padding(length=9)
    before = tokenizer.backend_tokenizer.to_str()
    template = read_template(tokenizer)
    assert tokenizer.backend_tokenizer.to_str() == before
    assert template == read_template(TOKENIZERS[name]())


def test_a_post_processor_that_swaps_the_segments_is_refused():
    tokenizer = wordpiece()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $B [SEP] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    with pytest.raises(
        ModelError, match=r"a probe of 2 segments came back as segments \[1, 0\].*post-processor"
    ):
        read_template(tokenizer)
