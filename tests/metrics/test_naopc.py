"""Limits of AOPC: the worked example, all orders by brute force, and what must hold of NAOPC."""

from itertools import permutations

import numpy as np
import pytest

from rationale.errors import DataError
from rationale.metrics.naopc import Limits, aopc, beam_limits, exact_limits, limits

PROBABILITY = {
    (): 0.9, (0,): 0.6, (1,): 0.8, (2,): 0.85, (0, 1): 0.3, (0, 2): 0.7, (1, 2): 0.75, (0, 1, 2): 0.5,
}  # fmt: skip


def example(removed):
    return np.array([0.9 - PROBABILITY[tuple(np.flatnonzero(row).tolist())] for row in removed])


def model(seed, words, scale=1.0, shift=0.0):
    """Any probability of any set of words that are left."""
    table = np.random.default_rng(seed).random(1 << words) * scale + shift
    return lambda removed: table[0] - table[removed @ (1 << np.arange(words))]


def test_the_worked_example():
    found = exact_limits(3, example)
    assert (found.upper, found.lower, found.exact) == (
        pytest.approx(0.4333, abs=5e-5),
        pytest.approx(0.2),
        True,
    )
    assert found.normalise(aopc([0, 2, 1], example)) == pytest.approx(0.4286, abs=5e-5)
    assert found.normalise(aopc([1, 2, 0], example)) == pytest.approx(0.0714, abs=5e-5)


@pytest.mark.parametrize("words", [1, 2, 4, 6])
@pytest.mark.parametrize("seed", range(4))
def test_exact_and_a_full_beam_are_all_orders(words, seed):
    drop = model(seed, words)
    values = [aopc(order, drop) for order in permutations(range(words))]
    for found in (exact_limits(words, drop), beam_limits(words, drop, 1 << words)):
        assert (found.lower, found.upper) == pytest.approx((min(values), max(values)), abs=1e-12)


def test_a_beam_is_inside_the_exact_limits_and_wider_the_wider_it_is():
    for seed in range(5):
        drop = model(seed, 8)
        exact, *beams = exact_limits(8, drop), *(beam_limits(8, drop, width) for width in (1, 5, 1 << 8))
        uppers, lowers = [b.upper for b in beams], [b.lower for b in beams]
        assert max(uppers) <= exact.upper + 1e-12
        assert min(lowers) >= exact.lower - 1e-12
        assert uppers[-1] == pytest.approx(exact.upper)
        assert all(b.forwards <= 2 * w * 8 * 9 / 2 for b, w in zip(beams, (1, 5, 1 << 8), strict=True))


def test_a_negative_best_sum_is_found():
    """A search whose maximum starts at 0 would say 0."""
    found = exact_limits(3, lambda removed: -removed.sum(axis=1).astype(float))
    assert found.upper == pytest.approx(-2)
    assert beam_limits(3, lambda removed: -removed.sum(axis=1).astype(float)).upper == pytest.approx(-2)


def test_naopc_does_not_change_with_the_scale_of_the_probability():
    one, other = model(3, 5), model(3, 5, scale=0.2, shift=0.4)
    order = [4, 0, 3, 1, 2]
    values = [exact_limits(5, drop).normalise(aopc(order, drop)) for drop in (one, other)]
    assert values[0] == pytest.approx(values[1])


def test_an_order_that_was_evaluated_widens_the_limits():
    found = Limits(0.2, 0.3, False, 5, 10).widened([0.1, 0.25, float("nan"), 0.4])
    assert (found.lower, found.upper) == (0.1, 0.4)


def test_one_word_and_a_model_that_reads_nothing_have_no_naopc():
    assert np.isnan(exact_limits(1, model(0, 1)).normalise(0.1))
    assert np.isnan(limits(4, lambda removed: np.zeros(len(removed))).normalise(0.0))


def test_exact_limits_of_a_long_text_are_refused():
    with pytest.raises(DataError, match="21 words, expected at most 20"):
        exact_limits(21, example)
    assert limits(13, lambda removed: removed.sum(axis=1) / 13.0).beam == 5
