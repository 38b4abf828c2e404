"""A system is held against dropping that nobody chose, and only where that saves no more."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from rationale.study.uninformed import against_uninformed
from tests.study.made import evaluation, grid_cell

RIGHT = {"ltp": 70, "random": 60, "lead": 65, "plain": 80}


def cell(system, speed, seed=0, right=None, n=100):
    """A record and its evaluation: two classes, the first ``right`` documents said right."""
    right = RIGHT[system] if right is None else right
    name = f"{system}-{speed}-seed{seed}"
    return grid_cell(system, cell=name, seed=seed, value=right / n, flops_speedup=speed), evaluation(right, n)


def held(system, speed, others):
    own = cell(system, speed)
    return against_uninformed(*own, [cell("plain", 1.0), own, *others], resamples=2000)


def test_the_best_uninformed_cell_that_saves_no_more_counts():
    others = [cell("random", 1.5), cell("lead", 1.4), cell("lead", 3.0, right=69)]
    found = held("ltp", 2.0, others)
    assert found.cell == "lead-1.4-seed0"
    assert found.difference == pytest.approx(0.05)


def test_the_interval_is_that_of_paired_documents():
    found = held("ltp", 2.0, [cell("random", 1.5)])
    gap = (np.arange(100) < 70).astype(float) - (np.arange(100) < 60)
    theirs = bootstrap((gap,), np.mean, n_resamples=20000, method="percentile", rng=1).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)


@pytest.mark.parametrize(
    "others", [[], [cell("random", 2.1)], [cell("random", 1.5, seed=1)]], ids=["none", "faster", "seed"]
)
def test_where_none_saves_no_more_nothing_is_said(others):
    assert held("ltp", 2.0, others) is None


def test_equal_lengths_are_held_against_each_other_though_deciding_costs():
    assert held("ltp", 2.0, [cell("random", 2.03)]).difference == pytest.approx(0.1)


def test_uninformed_and_plain_cells_are_held_against_nothing():
    assert held("random", 2.0, [cell("lead", 1.5)]) is None
    assert held("plain", 1.0, [cell("lead", 0.9)]) is None
