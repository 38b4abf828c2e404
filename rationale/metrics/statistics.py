"""Intervals and paired tests over pairs, for many metrics at once; each equals SciPy's for one metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from rationale.arrays import Float64, Int64
from rationale.metrics.ragged import ratio

_BLOCK = 1 << 23  # numbers in memory at once in a resampling product: 64 MiB of float64
_CACHED = 1 << 10  # sign changes whose sums are compared while the processor's cache still holds them

Combine = Callable[[Float64], Float64]


_F = TypeVar("_F", bound=Callable[..., object])


def _on_one_thread(function: _F) -> _F:
    """Limits its matrix products to one thread: in small ones, several mostly wait for each other."""
    limited: _F = threadpool_limits.wrap(limits=1, user_api="blas")(function)
    return limited


def mean_itself(means: Float64) -> Float64:
    """The metric of a single part, its mean: (1, ...) to (...)."""
    mean: Float64 = means[0]
    return mean


def summarise(parts: Float64, combine: Combine = mean_itself) -> tuple[Float64, Int64]:
    """R metrics over D pairs, and the number of pairs of each.

    Args:
        parts: float64 (P, R, D), the P parts of each metric, NaN where a pair is left out.
        combine: Maps the parts' means (P, R) to the metrics (R,).

    Returns:
        float64 (R,), NaN without pairs, and n, int64 (R,): pairs that count in at least one part.

    >>> values, n = summarise(np.array([[[0.5, np.nan, 1.0], [np.nan] * 3]]))
    >>> values.tolist(), n.tolist()
    ([0.75, nan], [2, 0])
    """
    counted = ~np.isnan(parts)
    n = counted.any(axis=0).sum(axis=-1)
    means = ratio(np.where(counted, parts, 0.0).sum(axis=-1), counted.sum(axis=-1))
    return np.where(n > 0, combine(means), np.nan), n


@_on_one_thread
def bootstrap_intervals(
    parts: Float64, *, resamples: int, seed: int, combine: Combine = mean_itself, confidence: float = 0.95
) -> tuple[Float64, Float64]:
    """Percentile bootstrap intervals over pairs; metrics with the same pairs share the resamples.

    The resamples are those of ``scipy.stats.bootstrap(..., method="percentile", rng=seed)``, applied to all
    metrics in one matrix product instead of one call each.

    Args:
        parts: float64 (P, R, D), NaN where a pair is left out.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the generator.
        combine: Maps the parts' means (P, ...) to the metrics (...).
        confidence: Confidence level of the intervals, 0 to 1.

    Returns:
        float64 (R,) and (R,), NaN where fewer than two pairs count.

    >>> low, high = bootstrap_intervals(np.array([[[0.0, 1.0, 1.0, 0.0]]]), resamples=999, seed=0)
    >>> low.tolist(), high.tolist()
    ([0.0], [1.0])
    """
    counted = ~np.isnan(parts)
    low, high = np.full((2, parts.shape[1]), np.nan)
    patterns, pattern_of = np.unique(counted.any(axis=0), axis=0, return_inverse=True)
    tails = [50 * (1 - confidence), 50 * (1 + confidence)]
    for pattern, pairs in enumerate(patterns):
        n = int(pairs.sum())
        rows = np.nonzero(pattern_of.reshape(-1) == pattern)[0]
        if n < 2:
            continue
        for chunk in np.array_split(rows, max(1, -(-len(rows) * resamples // _BLOCK))):
            means = _resampled_means(parts[:, chunk][..., pairs], resamples, seed)
            numbers = combine(means)
            percentile = np.nanpercentile if np.isnan(numbers).any() else np.percentile  # the former is slow
            low[chunk], high[chunk] = percentile(numbers, tails, axis=0)
    return low, high


def _resampled_means(parts: Float64, resamples: int, seed: int) -> Float64:
    """Means of each part in each resample, float64 (P, resamples, R); NaN for a part without drawn pairs."""
    counted = ~np.isnan(parts)
    values = np.where(counted, parts, 0.0).swapaxes(-1, -2)
    counts = counted.swapaxes(-1, -2).astype(np.float64)
    blocks = [ratio(drawn @ values, drawn @ counts) for drawn in _draws(parts.shape[-1], resamples, seed)]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=-2)


def _draws(n: int, resamples: int, seed: int) -> Iterable[Float64]:
    """How often each of n pairs is drawn in each resample, float64 (resamples, n), in blocks of resamples."""
    if n * resamples <= 4 * _BLOCK:
        return _drawn_at_once(n, resamples, seed)
    return _drawn(n, resamples, seed, max(1, _BLOCK // n))


@lru_cache(maxsize=2)
def _drawn_at_once(n: int, resamples: int, seed: int) -> tuple[Float64, ...]:
    return tuple(_drawn(n, resamples, seed, resamples))


def _drawn(n: int, resamples: int, seed: int, block: int) -> Iterator[Float64]:
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        cells = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(cells.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


@_on_one_thread
def paired_p_values(differences: Float64, *, permutations: int, seed: int) -> Float64:
    """Two-sided p-values of paired permutation tests: each pair's difference keeps or changes its sign.

    As ``scipy.stats.permutation_test(..., permutation_type="samples")`` on the mean difference: exact where
    2^n <= ``permutations``, else from random sign changes, shared by all tests, and the observed signs.

    Args:
        differences: float64 (R, D), NaN where a pair is left out.
        permutations: Number of random sign changes.
        seed: Random seed of the generator.

    Returns:
        float64 (R,), NaN where fewer than two pairs count.

    >>> paired_p_values(np.array([[1.0, 2.0, 3.0]]), permutations=999, seed=0).tolist()
    [0.25]
    """
    counted = ~np.isnan(differences)
    n = counted.sum(axis=-1)
    p_values = np.full(len(differences), np.nan)
    exact = (2.0 ** np.minimum(n, 62)) <= permutations
    for count in np.unique(n[exact & (n > 1)]):
        for row in np.nonzero(n == count)[0]:
            p_values[row] = _p_values(differences[row : row + 1, counted[row]], _all_signs(int(count)))[0]
    rows = np.nonzero(~exact)[0]
    if len(rows):
        p_values[rows] = _random_p_values(np.nan_to_num(differences[rows]), permutations, seed)
    return p_values


def least_p_value(n: int, permutations: int) -> float:
    """The least p-value that :func:`paired_p_values` can give for n pairs, whatever their differences.

    2 / 2^n where the test is exact, 2 / (permutations + 1) where it is random; NaN below two pairs.

    >>> least_p_value(5, 9_999), least_p_value(1_000, 9_999)
    (0.0625, 0.0002)
    """
    if n < 2:
        return float("nan")
    exact = 2.0 ** min(n, 62) <= permutations
    return 2 / 2.0**n if exact else 2 / (permutations + 1)


def _all_signs(n: int) -> Float64:
    """Every sign change of n pairs, float64 (2^n, n)."""
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return (1 - 2 * bits).astype(np.float64)


def _p_values(differences: Float64, signs: Float64) -> Float64:
    """Exact p-values from every sign change; differences (R, n), signs (2^n, n)."""
    below, above = _counts(differences, signs)
    return np.minimum(1.0, 2 * np.minimum(below, above) / len(signs))


def _random_p_values(differences: Float64, permutations: int, seed: int) -> Float64:
    """p-values from random sign changes, drawn block by block."""
    rng = np.random.default_rng(seed)
    below, above = np.zeros((2, len(differences)))
    block = max(1, _BLOCK // max(1, sum(differences.shape)))
    for start in range(0, permutations, block):
        rows = min(block, permutations - start)
        signs = (1 - 2 * rng.integers(0, 2, (rows, differences.shape[1]), dtype=np.int8)).astype(np.float64)
        below_block, above_block = _counts(differences, signs)
        below, above = below + below_block, above + above_block
    return np.minimum(1.0, 2 * (np.minimum(below, above) + 1) / (permutations + 1))


def _counts(differences: Float64, signs: Float64) -> tuple[Int64, Int64]:
    """The numbers of sign changes whose sum is at most, and at least, the observed one, up to rounding."""
    observed = differences.sum(axis=-1)
    slack = 100 * np.finfo(np.float64).eps * np.abs(differences).sum(axis=-1)
    below, above = np.zeros((2, len(differences)), dtype=np.int64)
    high, low = (observed + slack)[:, None], (observed - slack)[:, None]
    for start in range(0, len(signs), _CACHED):
        sums = differences @ signs[start : start + _CACHED].T
        below += np.count_nonzero(sums <= high, axis=1)
        above += np.count_nonzero(sums >= low, axis=1)
    return below, above


def holm(p: Float64) -> Float64:
    """Holm's step-down correction over one family; NaN stays NaN and is not counted.

    Args:
        p: float64 (R,), p-values.

    Returns:
        float64 (R,), corrected p-values: reject those that are at most alpha.

    >>> holm(np.array([0.01, 0.04, 0.03, np.nan])).round(4).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    corrected = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int((~np.isnan(p)).sum())]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return corrected


def wilson_interval(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share, as SciPy's ``binomtest(right, n).proportion_ci(method="wilson")``.

    Args:
        right: How many of the n count.
        n: At least 1.
        confidence: Of the interval.

    >>> [round(end, 3) for end in wilson_interval(9, 10)]
    [0.596, 0.982]
    """
    z, p = NormalDist().inv_cdf(0.5 + 0.5 * confidence), right / n
    denominator = 2 * (n + z**2)
    centre = (2 * n * p + z**2) / denominator
    reach = z / denominator * math.sqrt(4 * n * p * (1 - p) + z**2)
    return (0.0 if right == 0 else centre - reach, 1.0 if right == n else centre + reach)


def number_or_none(value: float) -> float | None:
    """The value as a Python float for JSON; None for NaN.

    >>> number_or_none(np.float64(0.5)), number_or_none(np.nan)
    (0.5, None)
    """
    return None if np.isnan(value) else float(value)
