"""Metrics of the order of words are scikit-learn's, document by document."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from rationale.agreement import auprc, average_precision, offsets_of, rank, roc_auc, top_k
from rationale.errors import DataError

FEW = [-1.5, -0.0, 0.0, 0.25, 0.25 + 2**-20, 3.0]


@st.composite
def cases(draw):
    lengths = draw(st.lists(st.integers(0, 12), min_size=1, max_size=5))
    layers, total = draw(st.integers(1, 3)), sum(lengths)
    flat = draw(st.lists(st.sampled_from(FEW), min_size=layers * total, max_size=layers * total))
    truth = draw(st.lists(st.booleans(), min_size=total, max_size=total))
    scores = np.array(flat, dtype=draw(st.sampled_from([np.float32, np.float64]))).reshape(layers, total)
    return scores, np.array(truth, dtype=bool), offsets_of(lengths)


def one_by_one(function, scores, truth, offsets):
    """``function(truth, scores)`` of each layer and document."""
    out = np.full((len(scores), len(offsets) - 1), np.nan)
    for layer, row in enumerate(scores):
        for number, (a, b) in enumerate(pairwise(offsets)):
            out[layer, number] = function(truth[a:b], row[a:b])
    return out


def trapezoid(truth, scores):
    """What the ERASER scorer computes; it does not ask for two classes."""
    if not len(truth):
        return np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "No positive class found in y_true"
        precision, recall, _ = precision_recall_curve(truth.astype(int), scores)
    return auc(recall, precision)


def mixed(function):
    return lambda truth, scores: function(truth, scores) if 0 < truth.sum() < len(truth) else np.nan


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (average_precision, mixed(average_precision_score)),
        (roc_auc, mixed(roc_auc_score)),
        (auprc, trapezoid),
    ],
)
@settings(max_examples=80, deadline=None)
@given(case=cases())
def test_each_document_has_the_value_scikit_learn_gives_it(ours, theirs, case):
    np.testing.assert_allclose(ours(rank(*case)), one_by_one(theirs, *case), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("metric", [average_precision, auprc, roc_auc])
def test_many_long_documents_with_real_scores(metric):
    rng = np.random.default_rng(4)
    lengths = rng.integers(1, 900, 40)
    scores = rng.standard_normal((2, lengths.sum())).astype(np.float32)
    truth = rng.random(lengths.sum()) < 0.1
    theirs = {
        average_precision: mixed(average_precision_score),
        roc_auc: mixed(roc_auc_score),
        auprc: trapezoid,
    }
    offsets = offsets_of(lengths)
    expected = one_by_one(theirs[metric], scores, truth, offsets)
    np.testing.assert_allclose(metric(rank(scores, truth, offsets)), expected, rtol=1e-11)


@settings(max_examples=150, deadline=None)
@given(case=cases(), data=st.data())
def test_top_k_is_a_stable_sort(case, data):
    scores, truth, offsets = case
    lengths = np.diff(offsets)
    k = np.array([data.draw(st.integers(0, int(length))) for length in lengths], dtype=np.int64)
    expected = np.zeros(scores.shape, dtype=bool)
    for layer, row in enumerate(scores):
        for a, b, count in zip(offsets[:-1], offsets[1:], k, strict=True):
            expected[layer, a + np.argsort(-row[a:b], kind="stable")[:count]] = True
    np.testing.assert_array_equal(top_k(rank(scores, truth, offsets), k), expected)


@settings(max_examples=80, deadline=None)
@given(case=cases())
def test_only_the_order_of_the_scores_matters(case):
    scores, truth, offsets = case
    scores = scores.astype(np.float64)
    for metric in (average_precision, auprc, roc_auc):
        np.testing.assert_array_equal(
            metric(rank(scores, truth, offsets)), metric(rank(np.exp(3 * scores) - 7, truth, offsets))
        )


@settings(max_examples=80, deadline=None)
@given(case=cases(), seed=st.integers(0, 99))
def test_the_order_of_documents_and_of_words_does_not_matter(case, seed):
    scores, truth, offsets = case
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(offsets) - 1)
    words = np.concatenate([rng.permutation(np.arange(offsets[d], offsets[d + 1])) for d in order]).astype(
        np.int64
    )
    moved = rank(scores[:, words], truth[words], offsets_of(np.diff(offsets)[order]))
    for metric in (average_precision, auprc, roc_auc):
        straight = metric(rank(scores, truth, offsets))
        np.testing.assert_allclose(metric(moved), straight[:, order], rtol=1e-12)


def test_signed_and_huge_scores_keep_their_order():
    scores = np.array([-np.inf, -3e38, -1.0, -1e-45, 0.0, 1e-45, 2.0, 3e38, np.inf], dtype=np.float32)
    ranked = rank(scores, np.zeros(9, dtype=bool), np.array([0, 9]))
    for k in range(10):
        assert top_k(ranked, np.array([k]))[0].tolist() == [False] * (9 - k) + [True] * k


def test_a_hand_table():
    """Recall steps at ranks 1 and 4; the two ties of the second document are one threshold."""
    scores = np.array([4, 3, 2, 1, 1, 1], dtype=np.float32)
    truth = np.array([True, False, False, True, True, False])
    ranked = rank(scores, truth, np.array([0, 4, 6]))
    assert average_precision(ranked).tolist() == [[(1 + 2 / 4) / 2, 0.5]]
    assert roc_auc(ranked).tolist() == [[0.5, 0.5]]
    assert auprc(ranked).tolist()[0] == pytest.approx([0.5 + (1 / 3 + 1 / 2) / 2 / 2, 0.75])


def test_shapes_that_do_not_fit_are_refused():
    scores, truth = np.zeros((1, 4), dtype=np.float32), np.zeros(4, dtype=bool)
    with pytest.raises(DataError, match=r"^values of shape \(1, 4\) for 3 words\.$"):
        rank(scores, truth[:3], np.array([0, 3]))
    with pytest.raises(DataError, match="offsets do not run from 0 to 4 words"):
        rank(scores, truth, np.array([0, 3]))
    with pytest.raises(DataError, match="expected one bool a word"):
        rank(scores, truth.astype(int), np.array([0, 4]))
