"""Metrics of selected words: scikit-learn's counts, the ERASER scorer's rules for what is missing."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from rationale.agreement import (
    above_share,
    false_positive_rate,
    iou_precision_recall,
    metrics,
    offsets_of,
    precision,
    recall,
    selected_share,
    selection,
    token_f1,
)
from rationale.agreement.spans import runs, spans_of
from rationale.scores.scored import ScoredDocument
from tests.agreement.making import above


@st.composite
def cases(draw):
    lengths = draw(st.lists(st.integers(0, 10), min_size=1, max_size=5))
    total = sum(lengths)
    bits = st.lists(st.booleans(), min_size=total, max_size=total)
    layers = draw(st.integers(1, 3))
    selected = np.array([draw(bits) for _ in range(layers)], dtype=bool).reshape(layers, total)
    return selected, np.array(draw(bits), dtype=bool), offsets_of(lengths)


def documents(case):
    """Layer, document, its selected words, its rationale words."""
    selected, truth, offsets = case
    for layer, row in enumerate(selected):
        for number, (a, b) in enumerate(pairwise(offsets)):
            yield layer, number, row[a:b], truth[a:b]


@settings(max_examples=50, deadline=None)
@given(case=cases())
def test_counts_are_those_of_scikit_learn(case):
    chosen = selection(*case)
    ours = [f(chosen) for f in (precision, recall, token_f1, false_positive_rate, selected_share)]
    for layer, number, picked, truth in documents(case):
        got = [values[layer, number] for values in ours]
        if not len(truth):
            assert np.isnan(got).all()
            continue
        (tn, fp), _ = confusion_matrix(truth, picked, labels=[False, True])
        wanted = [np.nan] * 3
        if picked.any() or truth.any():  # the scorer's union of keys
            wanted = precision_recall_fscore_support(truth, picked, average="binary", zero_division=0)[:3]
        rate = fp / (fp + tn) if 0 < truth.sum() < len(truth) else np.nan
        np.testing.assert_allclose(got, [*wanted, rate, picked.mean()], rtol=1e-14)


def spans_in(mask):
    """Runs of marked words, the slow way."""
    out, start = [], None
    for place, marked in enumerate([*mask, False]):
        if marked and start is None:
            start = place
        if not marked and start is not None:
            out.append((start, place))
            start = None
    return out


def overlap(one, other):
    a, b = set(range(*one)), set(range(*other))
    return len(a & b) / len(a | b)


@settings(max_examples=150, deadline=None)
@given(case=cases(), data=st.data())
def test_spans_are_matched_one_by_one(case, data):
    offsets = case[2]
    own = []  # overlapping and repeated human spans, relative to their documents
    for a, b in pairwise(offsets):
        ends = st.tuples(st.integers(0, int(b - a)), st.integers(0, int(b - a)))
        own.append([tuple(sorted(pair)) for pair in data.draw(st.lists(ends, max_size=4))])
    rows = [(offsets[d] + s, offsets[d] + e, d) for d, spans in enumerate(own) for s, e in spans]
    start, end, owner = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    human = spans_of(start, end, owner, len(own))
    found_precision, found_recall = iou_precision_recall(selection(*case, spans=human))
    for layer, number, picked, _ in documents(case):
        spans = {pair for pair in own[number] if pair[0] < pair[1]}
        found = spans_in(picked)
        hits = sum(any(overlap(run, span) >= 0.5 for span in spans) for run in found)
        wanted = (hits / len(found) if found else np.nan, hits / len(spans) if spans else np.nan)
        np.testing.assert_allclose((found_precision[layer, number], found_recall[layer, number]), wanted)


def test_runs_stop_where_words_were_left_out():
    mask, breaks = np.ones(5, dtype=bool), np.array([True, False, True, True, False])
    found = runs(mask, breaks, np.array([0, 3, 5]))
    assert list(zip(found.start, found.end, strict=True)) == [(0, 2), (2, 3), (3, 5)]
    assert found.offsets.tolist() == [0, 2, 3]


def test_one_run_over_two_spans_is_one_hit_as_in_the_scorer():
    picked = np.array([True, True, True, True, True, False])
    human = spans_of(np.array([0, 1]), np.array([4, 5]), np.array([0, 0]), 1)
    parts = iou_precision_recall(selection(picked, picked, np.array([0, 6]), spans=human))
    assert parts[:, 0, 0].tolist() == [1.0, 0.5]


def test_half_is_enough():
    truth = np.array([True, True, True, True, False, False])
    for picked, hit in (([1, 1, 0, 0, 0, 0], 1.0), ([0, 0, 1, 1, 1, 0], 0.0), ([1, 1, 1, 1, 1, 1], 1.0)):
        parts = iou_precision_recall(selection(np.array(picked, dtype=bool), truth, np.array([0, 6])))
        assert parts[:, 0, 0].tolist() == [hit, hit]


@pytest.mark.parametrize(
    ("means", "value"),
    [((0.5, 0.25), 1 / 3), ((0.0, 0.5), 0.0), ((np.nan, 0.5), 0.0), ((0.5, np.nan), 0.0), ((0.0, 0.0), 0.0)],
)
def test_iou_f1_is_the_f1_of_the_means(means, value):
    assert metrics.get("iou_f1").of_means(np.array(means)) == pytest.approx(value)


def test_delta_selects_what_a_scored_document_selects():
    """Two windows of different length, words of several tokens or none, scores at the threshold."""
    tokens = np.array([[0.0, 0.25, 0.2, 0.3, 0.25, 1 / 3, 0.3, 1 / 3, 0.0]], dtype=np.float32)
    word = np.array([-1, 0, 1, 1, -1, 3, 3, 4, -1], dtype=np.int32)
    window = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1], dtype=np.int32)
    sizes = np.array([4, 5], dtype=np.int32)
    document = ScoredDocument(
        id="a", docid="a", digest="", label=None, predicted="POS", probabilities=(0.0, 1.0),
        tokens=("t",) * 9,
        token_word=word, token_window=window, window_tokens=sizes,
        window_weight=np.array([0.5, 0.5], dtype=np.float32), covered=np.ones(6, dtype=bool),
        words={"m": np.zeros((1, 6), dtype=np.float32)}, token_scores={"m": tokens}, layers={"m": (0,)},
    )  # fmt: skip
    for eta in (0.5, 1.0, 1.2, 5 / 3, 3.0):
        ours = above_share(tokens, sizes[window], word, np.array([eta], dtype=np.float32), 6)
        assert ours[0].tolist() == above(document, "m", 0, eta).tolist()
    assert ours.sum() == 0


def test_the_threshold_is_a_float32():
    """A word with exactly its uniform share is selected, also where float32(1 / n) lies below 1 / n."""
    sizes = np.arange(2, 513)
    tokens = np.float32(1) / sizes.astype(np.float32)
    assert (tokens.astype(np.float64) < 1 / sizes).any()
    one = np.ones(1, dtype=np.float32)
    assert above_share(tokens[None], sizes, np.arange(511), one, 511).all()
    assert not above_share(np.nextafter(tokens, np.float32(0))[None], sizes, np.arange(511), one, 511).any()
