"""Soft agreement: the worked numbers, SciPy, and what must hold of any scores."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import spearmanr

from rationale.agreement.soft import (
    average_precision,
    entropy,
    jensen_shannon,
    overlap,
    rank_correlation,
)
from rationale.metrics.ragged import offsets_of

MASKS = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 1, 0]])
GOLD = MASKS.mean(axis=0)
SCORES = np.array([0.5, 0.2, 0.1, 0.05, 0.1, 0.05])
ONE = np.array([0, 6])


def test_the_worked_example():
    assert jensen_shannon(SCORES, GOLD, ONE) == pytest.approx([0.1075], abs=5e-5)
    assert overlap(SCORES, GOLD, ONE) == pytest.approx([0.6857], abs=5e-5)
    assert rank_correlation(SCORES, GOLD, ONE)[0] == pytest.approx([0.9394], abs=5e-5)
    assert average_precision(SCORES, GOLD, ONE)[0] == pytest.approx([0.8451], abs=5e-5)
    assert entropy(SCORES, ONE) == pytest.approx([0.7973], abs=5e-5)
    assert entropy(GOLD, ONE) == pytest.approx([0.7127], abs=5e-5)


@pytest.fixture(params=range(5))
def ragged(request):
    drawn = np.random.default_rng(request.param)
    offsets = offsets_of(drawn.integers(2, 9, 20))
    gold = drawn.integers(0, 4, offsets[-1]) / 3
    gold[offsets[:-1]] = 1 / 3  # no document without a mark
    return drawn.random((3, offsets[-1])).round(1), gold, offsets


def test_scipy(ragged):
    scores, gold, offsets = ragged
    divergence, correlation = jensen_shannon(scores, gold, offsets), rank_correlation(scores, gold, offsets)
    for row in range(3):
        for number in range(len(offsets) - 1):
            s, g = (a[offsets[number] : offsets[number + 1]] for a in (scores[row], gold))
            if s.sum() > 0:
                assert divergence[row, number] == pytest.approx(jensenshannon(s, g, 2) ** 2, abs=1e-12)
            if len(set(s)) > 1 and len(set(g)) > 1:
                assert correlation[row, number] == pytest.approx(spearmanr(s, g).statistic)


def test_the_rationale_itself_is_the_best_score(ragged):
    _, gold, offsets = ragged
    distinct = gold - np.arange(len(gold)) * 1e-9
    assert jensen_shannon(gold, gold, offsets) == pytest.approx(0, abs=1e-12)
    assert overlap(gold, gold, offsets) == pytest.approx(1)
    assert average_precision(distinct, gold, offsets) == pytest.approx(1)


def test_ranges(ragged):
    scores, gold, offsets = ragged
    for values in (jensen_shannon, overlap, average_precision):
        found = values(scores, gold, offsets)
        known = found[np.isfinite(found)]
        assert ((known >= -1e-12) & (known <= 1 + 1e-12)).all()


def test_hard_gold_is_average_precision_over_the_base_rate_of_one():
    """With a 0/1 rationale the ideal is 1, so that soft AP is AP."""
    from sklearn.metrics import average_precision_score

    hard = MASKS[1].astype(float)
    expected = average_precision_score(hard, SCORES)
    assert average_precision(SCORES, hard, ONE)[0] == pytest.approx([expected])


def test_the_negative_part_does_not_count_and_nothing_is_not_defined():
    signed = SCORES - np.array([0, 0, 0.3, 0.3, 0, 0])
    assert overlap(signed, GOLD, ONE) == pytest.approx(overlap(np.maximum(signed, 0), GOLD, ONE))
    nothing = np.zeros(6)
    for value in (jensen_shannon(nothing, GOLD, ONE), overlap(SCORES, nothing, ONE), entropy(nothing, ONE)):
        assert np.isnan(value).all()
    assert np.isnan(rank_correlation(nothing, GOLD, ONE)).all()
    assert np.isnan(average_precision(SCORES, nothing, ONE)).all()
