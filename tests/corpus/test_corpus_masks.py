"""Masks, spans and quotations of one rationale mark the same words."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rationale.corpus.document import Document, Span
from rationale.corpus.masks import word_spans
from rationale.corpus.offsets import character_spans
from rationale.corpus.segment import word_bounds


def marked(spans, words):
    return Document("a", "a", tuple(words), spans=spans).rationale.tolist()


masks = st.lists(st.booleans(), min_size=1, max_size=30)


@settings(deadline=None, max_examples=50)
@given(masks, st.data())
def test_masks_spans_characters_and_quotations_agree(mask, data):
    words = [f"w{i}" + data.draw(st.sampled_from(["", "!", "\u00e9", "-x"])) for i in range(len(mask))]
    gaps = [data.draw(st.sampled_from([" ", "  ", "\n", "\t "])) for _ in words]
    text = "".join(word + gap for word, gap in zip(words, gaps, strict=True))
    spans = word_spans(mask, words, "here")
    assert marked(spans, words) == mask
    objects = [{"start": s.start, "end": s.end, "text": " ".join(words[s.start : s.end])} for s in spans]
    assert marked(word_spans(objects, words, "here"), words) == mask
    if len(words) > 2:  # else [[0, 1]] could be a list of masks
        assert marked(word_spans([[s.start, s.end] for s in spans], words, "here"), words) == mask
    places = [match.span() for match in re.finditer(r"\S+", text)]
    characters = [[places[s.start][0], places[s.end - 1][1]] for s in spans]
    assert marked(character_spans(characters, text, word_bounds(text), "here"), words) == mask
    quotations = [" ".join(words[s.start : s.end]) for s in spans]
    assert marked(word_spans(quotations, words, "here"), words) == mask


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40))
def test_words_by_offset_are_the_words_by_splitting(text):
    """Character spans find words with a pattern, documents by splitting: both must see the same words."""
    words = text.split()
    assert tuple(text[start:end] for start, end in word_bounds(text)) == tuple(words)
    if words:
        (everything,) = character_spans([[0, len(text)]], text, word_bounds(text), "here")
        assert everything == Span(0, len(words))


@pytest.mark.parametrize(
    ("quotation", "expected"),
    [
        ("film", [0, 1, 0, 0, 1]),
        ("film !", []),
        ("film!", [0, 1, 0, 0, 0]),
        ("a  film", [1, 1, 0, 0, 0]),
        ('"good"', [0, 0, 1, 0, 0]),
        ("good", [0, 0, 1, 0, 0]),
        ("(not", [0, 0, 0, 1, 0]),
        ("ood", []),
        (".*", []),
    ],
)
def test_where_a_quotation_is_found(quotation, expected):
    words = ["a", "film!", '"good"', "(not", "film"]
    if expected:
        assert marked(word_spans(quotation, words, "here"), words) == [bool(x) for x in expected]
    else:
        with pytest.raises(Exception, match="is not in the text"):
            word_spans(quotation, words, "here")


def test_occurrences_that_overlap_are_all_marked():
    words = ["a", "b", "a", "b", "a", "c"]
    assert marked(word_spans("a b a", words, "here"), words) == [True] * 5 + [False]


def test_groups_are_kept():
    value = [{"start": 0, "end": 2}, {"start": 1, "end": 3, "group": 2}]
    assert word_spans(value, ["a", "b", "c"], "here") == (Span(0, 2, 0), Span(1, 3, 2))


@pytest.mark.parametrize(
    ("span", "expected"), [([0, 1], "100"), ([2, 4], "010"), ([3, 4], "010"), ([0, 8], "111")]
)
def test_a_character_span_marks_the_words_it_touches(span, expected):
    text = "ab cd ef"
    spans = character_spans([span], text, word_bounds(text), "here")
    assert marked(spans, text.split()) == [c == "1" for c in expected]
