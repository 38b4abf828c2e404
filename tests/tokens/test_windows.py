"""Windows: what is read, and with which weight, under each protocol."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rationale.corpus.document import Document, Span
from rationale.errors import DataError, RationaleError
from rationale.tokens import Windower, align
from tests.tokens.text import documents
from tests.toys import toy_tokenizer

LONG = "unwatchableunbelievableunforgettable" * 2
names = st.sampled_from(["wordpiece", "byte-bpe-prefix", "sentencepiece"])
lengths = st.integers(12, 40)
many = settings(max_examples=120, deadline=None)


def read(name, length, protocol, document):
    """Windows, the aligned text, and the tokens one window holds."""
    tokenizer = toy_tokenizer(name)
    windower = Windower(tokenizer, length, protocol)
    query = align(tokenizer, document.query).ids.size if document.query else 0
    room = length - windower.template.extra(pair=bool(document.query)) - query
    assume(room > 0)
    return windower(document), align(tokenizer, document.words), room


def pieces(windows):
    """The text's tokens of each window: ids and words."""
    return [(w.ids[w.word >= 0].tolist(), w.word[w.word >= 0].tolist()) for w in windows.windows]


def fair_weights(windows, text):
    """Each word counts 1, by its tokens where windows share it; one without tokens goes with the last one."""
    shares = np.zeros(len(windows.windows))
    home = 0
    for word in range(text.words):
        held = np.array([inside.count(word) for _, inside in pieces(windows)], dtype=float)
        if held.any():
            shares += held / held.sum()
            home = int(np.flatnonzero(held)[-1])
        else:
            shares[home] += 1
    return shares / shares.sum() if text.words else np.ones(1)


@many
@given(name=names, length=lengths, document=documents())
@example("wordpiece", 12, Document("i", "d", ()))
@example("wordpiece", 12, Document("i", "d", ("\u200b", "")))
@example("wordpiece", 8, Document("i", "d", ("a", LONG, "\u200b", "film")))
def test_document_reads_every_word_once_and_in_order(name, length, document):
    windows, text, room = read(name, length, "document", document)
    parts = pieces(windows)
    assert [i for ids, _ in parts for i in ids] == text.ids.tolist()
    assert [w for _, inside in parts for w in inside] == text.word.tolist()
    assert windows.covered.shape == (len(document.words),)
    assert windows.covered.all()
    assert all(0 < len(w.ids) <= length for w in windows.windows)
    np.testing.assert_allclose([w.weight for w in windows.windows], fair_weights(windows, text), atol=1e-12)
    for (_, left), (_, right) in pairwise(parts):
        next_word = text.tokens_of(right[0])
        assert len(left) + len(next_word) > room  # no window stops early
        assert left[-1] != right[0] or len(next_word) > room  # no word is cut that fits


@many
@given(name=names, length=lengths, document=documents())
def test_truncate_is_the_first_window_of_document(name, length, document):
    first = read(name, length, "document", document)[0].windows[0]
    windows, text, _ = read(name, length, "truncate", document)
    (only,) = windows.windows
    assert only.weight == 1
    for name in ("ids", "types", "word"):
        np.testing.assert_array_equal(getattr(only, name), getattr(first, name))
    seen = set(only.word.tolist()) - {-1}
    for word in range(text.words):
        if len(text.tokens_of(word)):
            assert windows.covered[word] == (word in seen)


@many
@given(name=names, length=lengths, document=documents())
@example("wordpiece", 8, Document("i", "d", ("a", "film") * 6, spans=(Span(1, 4), Span(4, 8))))
@example("wordpiece", 8, Document("i", "d", ("a", "film") * 6, spans=(Span(0, 12), Span(3, 5))))
def test_windows_cuts_no_span_that_fits_and_reads_only_rationale(name, length, document):
    windows, text, room = read(name, length, "windows", document)
    parts = pieces(windows)
    assert all(len(w.ids) <= length for w in windows.windows)
    if not document.spans:
        assert len(parts) == 1
        assert not windows.covered.any()
        return
    assert windows.covered[document.rationale].all()
    np.testing.assert_allclose(sum(w.weight for w in windows.windows), 1)
    for _, inside in parts:
        assert not inside or document.rationale[windows_words(inside, text)].any()
    for span in document.spans:
        tokens = np.flatnonzero((text.word >= span.start) & (text.word < span.end))
        if 0 < len(tokens) <= room and not entangled(span, document.spans):
            holding = [inside for _, inside in parts if set(range(span.start, span.end)) & set(inside)]
            assert len(holding) == 1


def windows_words(inside, text):
    """The words of a window, those without tokens after its last one included."""
    last = inside[-1] + 1
    while last < text.words and not len(text.tokens_of(last)):
        last += 1
    return slice(0 if inside[0] == int(text.word[0]) else inside[0], last)


def entangled(span, spans):
    """Whether others overlap it: a chain of them may be longer than any window."""
    return any(o is not span and o.start < span.end and span.start < o.end for o in spans)


@pytest.mark.slow
@many
@given(
    name=names,
    length=st.integers(14, 40),
    document=documents(),
    protocol=st.sampled_from(["document", "windows"]),
)
def test_the_query_stands_whole_in_every_window(name, length, document, protocol):
    assume(document.query)
    windows, _, _ = read(name, length, protocol, document)
    tokenizer = toy_tokenizer(name)
    query = " ".join(document.query)
    for window in windows.windows:
        inside = window.word >= 0
        assume(inside.any())
        span = np.flatnonzero(inside)
        assert inside[span[0] : span[-1] + 1].all()
        around = window.ids[: span[0]] if document.query_first else window.ids[span[-1] + 1 :]
        plain = tokenizer(query, "film") if document.query_first else tokenizer("film", query)
        other = plain.sequence_ids(0).index(int(document.query_first))
        ids = plain["input_ids"]
        same = ids[:other] if document.query_first else ids[other + len(align(tokenizer, ["film"])) :]
        assert around.tolist() == same


def test_one_text_of_one_window_equals_the_tokenizers_input():
    document = Document("i", "d", ("a", "quiet", "film", "!"))
    for name in ("wordpiece", "byte-bpe", "unigram"):
        (window,) = Windower(toy_tokenizer(name), 64)(document).windows
        assert window.ids.tolist() == toy_tokenizer(name)("a quiet film !")["input_ids"]
        assert window.weight == 1


def test_a_query_that_leaves_no_room_is_an_error():
    document = Document("i", "d", ("a", "film"), query=("quiet",) * 30)
    with pytest.raises(
        DataError, match=r"annotation 'i', document 'd': the query takes \d+ of the model's 16 "
    ):
        Windower(toy_tokenizer("wordpiece"), 16)(document)


def test_protocol_windows_refuses_text_nobody_annotated():
    document = Document("i", "d", ("a", "film"), annotated=False)
    with pytest.raises(DataError, match=r"this document has no annotation.*--protocol document"):
        Windower(toy_tokenizer("wordpiece"), 16, "windows")(document)


def test_an_unknown_protocol_lists_the_known_ones():
    with pytest.raises(RationaleError, match=r"no protocol is called 'slide'.*document, truncate, windows"):
        Windower(toy_tokenizer("wordpiece"), 16, "slide")
