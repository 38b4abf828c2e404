"""Intervals and p-values are SciPy's."""

import numpy as np
import pytest
import scipy.stats

from rationale.agreement import metrics
from rationale.metrics import statistics
from rationale.metrics.chance import p_above
from rationale.metrics.statistics import (
    bootstrap_intervals,
    holm,
    paired_p_values,
    summarise,
    wilson_interval,
)


def scipy_interval(samples, statistic, seed, resamples=1000, **given):
    found = scipy.stats.bootstrap(
        samples,
        statistic,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(seed),
        **given,
    )
    return found.confidence_interval


@pytest.mark.parametrize("n", [2, 3, 17, 200])
@pytest.mark.parametrize("seed", [0, 5])
def test_intervals_of_means_equal_scipy_draw_for_draw(n, seed):
    values = np.random.default_rng(n).random((3, n))
    low, high = bootstrap_intervals(values[None], resamples=1000, seed=seed)
    for row, value in enumerate(values):
        theirs = scipy_interval((value,), np.mean, seed)
        np.testing.assert_allclose((low[row], high[row]), theirs, rtol=1e-12)


@pytest.mark.parametrize("n", [3, 17, 200, 1001])
def test_many_pairs_are_drawn_in_blocks_and_the_same_are_drawn(monkeypatch, n):
    values = np.random.default_rng(n).random((2, n))
    values[1, 0] = np.nan
    whole = bootstrap_intervals(values[None], resamples=999, seed=4)
    monkeypatch.setattr(statistics, "_BLOCK", 16 * n)
    np.testing.assert_allclose(bootstrap_intervals(values[None], resamples=999, seed=4), whole, rtol=1e-12)
    theirs = scipy_interval((values[0],), np.mean, 4, 999)
    np.testing.assert_allclose([one[0] for one in whole], theirs, rtol=1e-12)


def test_pairs_that_are_left_out_are_never_drawn():
    rng = np.random.default_rng(1)
    values = rng.random((2, 50))
    values[0, rng.random(50) < 0.4] = np.nan
    low, high = bootstrap_intervals(values[None], resamples=500, seed=3)
    for row, value in enumerate(values):
        theirs = scipy_interval((value[~np.isnan(value)],), np.mean, 3, 500)
        np.testing.assert_allclose((low[row], high[row]), theirs, rtol=1e-12)


def test_iou_f1_is_recomputed_from_resampled_means():
    """Precision and recall of one pair are drawn together, also where a pair has only one of them."""
    rng = np.random.default_rng(2)
    parts = rng.random((2, 1, 60))
    parts[0, 0, :9], parts[1, 0, 55:] = np.nan, np.nan
    combine = metrics.get("iou_f1").of_means

    def f1_of_means(precision, recall, axis):
        p, r = np.nanmean(precision, axis=axis), np.nanmean(recall, axis=axis)
        return 2 * p * r / (p + r)

    low, high = bootstrap_intervals(parts, resamples=1000, seed=0, combine=combine)
    theirs = scipy_interval((parts[0, 0], parts[1, 0]), f1_of_means, 0, paired=True, vectorized=True)
    np.testing.assert_allclose((low[0], high[0]), theirs, rtol=1e-12)
    value, n = summarise(parts, combine)
    assert value[0] == pytest.approx(f1_of_means(parts[0, 0], parts[1, 0], 0))
    assert n.tolist() == [60]


def test_the_percentile_interval_is_close_to_bca_on_pairs_as_many_as_a_split_has():
    values = np.random.default_rng(9).beta(2, 5, 200)
    ours = np.concatenate(bootstrap_intervals(values[None, None], resamples=4000, seed=0))
    bca = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, rng=np.random.default_rng(1))
    width = np.diff(ours)[0]
    assert np.abs(ours - bca.confidence_interval).max() < 0.1 * width


def test_many_numbers_give_what_each_gives_alone(monkeypatch):
    values = np.random.default_rng(3).random((1, 40, 30))
    whole = bootstrap_intervals(values, resamples=200, seed=0)
    monkeypatch.setattr("rationale.metrics.statistics._BLOCK", 1000)  # five numbers at a time
    np.testing.assert_allclose(bootstrap_intervals(values, resamples=200, seed=0), whole, rtol=1e-12)
    alone = [bootstrap_intervals(values[:, [row]], resamples=200, seed=0) for row in range(40)]
    np.testing.assert_allclose(np.concatenate(alone, axis=1), whole, rtol=1e-12)


@pytest.mark.parametrize(("values", "n"), [([np.nan, np.nan], 0), ([0.5, np.nan], 1)])
def test_fewer_than_two_pairs_have_no_interval(values, n):
    parts = np.array([[values]])
    value, count = summarise(parts)
    low, high = bootstrap_intervals(parts, resamples=100, seed=0)
    assert count.tolist() == [n]
    assert np.isnan(value[0]) == (n == 0)
    assert np.isnan([low[0], high[0]]).all()
    assert np.isnan(paired_p_values(parts[0], permutations=100, seed=0)).all()


def permuted(difference, permutations, seed):
    return scipy.stats.permutation_test(
        (difference, np.zeros_like(difference)),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        rng=np.random.default_rng(seed),
    ).pvalue


@pytest.mark.parametrize("n", [2, 3, 8, 12])
def test_p_values_of_few_pairs_are_exact_and_equal_scipy(n):
    """Differences with ties and zeros, as token F1 gives them."""
    differences = np.random.default_rng(n).integers(-2, 5, (6, n)) / 8
    ours = paired_p_values(differences, permutations=9999, seed=0)
    np.testing.assert_allclose(ours, [permuted(row, 9999, 0) for row in differences], rtol=1e-12)


def test_p_values_of_many_pairs_are_within_the_noise_of_scipy():
    rng = np.random.default_rng(6)
    differences = rng.standard_normal((6, 80)) + np.array([0, 0.05, 0.1, 0.2, 0.3, 1.0])[:, None]
    ours = paired_p_values(differences, permutations=20_000, seed=0)
    theirs = np.array([permuted(row, 20_000, 1) for row in differences])
    noise = 2 * np.sqrt(theirs / 2 * (1 - theirs / 2) / 20_000)  # of one p-value, two-sided
    assert (np.abs(ours - theirs) <= 5 * np.sqrt(2) * noise + 1e-12).all()
    assert ours[-1] == pytest.approx(2 / 20_001)


def test_p_values_are_uniform_where_nothing_differs():
    differences = np.random.default_rng(8).standard_normal((2000, 30))
    p = paired_p_values(differences, permutations=2000, seed=0)
    assert scipy.stats.kstest(p, "uniform").pvalue > 1e-3


def test_missing_pairs_do_not_count_in_the_permutations():
    rng = np.random.default_rng(7)
    full = rng.standard_normal((1, 10)) + 0.5
    padded = np.concatenate([full, np.full((1, 5), np.nan)], axis=1)
    exact = paired_p_values(full, permutations=9999, seed=0)
    np.testing.assert_array_equal(paired_p_values(padded, permutations=9999, seed=0), exact)


def test_equal_methods_have_p_one():
    assert paired_p_values(np.zeros((2, 40)), permutations=500, seed=0).tolist() == [1.0, 1.0]
    assert paired_p_values(np.zeros((1, 4)), permutations=500, seed=0).tolist() == [1.0]


def test_holm_by_its_definition():
    """Reject from the smallest p while p(i) <= alpha / (m - i + 1); corrected p is the least such alpha."""
    p = np.random.default_rng(0).random(12) ** 3
    corrected = holm(p)
    for alpha in [*np.linspace(0.001, 0.999, 250)]:
        rejected = np.zeros(12, dtype=bool)
        for step, index in enumerate(np.argsort(p)):
            if p[index] > alpha / (12 - step):
                break
            rejected[index] = True
        assert (rejected == (corrected <= alpha)).all()


@pytest.mark.parametrize("n", [1, 2, 40, 977])
def test_wilsons_interval_and_the_binomial_tail_are_scipys(n):
    for right in {0, 1, n // 2, n - 1, n}:
        theirs = scipy.stats.binomtest(right, n).proportion_ci(method="wilson")
        assert wilson_interval(right, n) == pytest.approx((theirs.low, theirs.high), rel=1e-13)
        for share in (0.0, 0.3, 0.5, 0.999, 1.0):
            expected = scipy.stats.binomtest(right, n, share, alternative="greater").pvalue
            assert p_above(right, n, share) == pytest.approx(expected, rel=1e-9, abs=1e-300)
