"""Compares methods with paired tests on the same pairs of annotation and document."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rationale.agreement.measure import AgreementOptions, Measured
from rationale.agreement.metric import MetricName, metrics
from rationale.agreement.select import Selected
from rationale.arrays import Float64
from rationale.artifacts.record import Count
from rationale.metrics.statistics import (
    bootstrap_intervals,
    holm,
    least_p_value,
    number_or_none,
    paired_p_values,
    summarise,
)

Row = tuple[str, int]


def comparison_rule(baselines: Sequence[str]) -> str:
    """Describes what is compared with what, and how; the text is saved with the comparisons."""
    named = f" ({', '.join(baselines)})" if baselines else ""
    return (
        f"Methods are compared in the same layer, and each method in each layer with each baseline{named}; "
        "difference = method - other, mean over the pairs where both are defined; percentile "
        "bootstrap interval of the mean difference; p_single: two-sided paired permutation test (signs of "
        "the differences); p: the same after Holm's correction over all comparisons of one metric and "
        "selection. In faithfulness a method with a selection of its own (kept) is compared with nothing."
    )


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """One method and layer against another on one metric, as in ``agreement.json``: :func:`comparison_rule`.

    Attributes:
        metric: The metric.
        select: The selection, None for metrics without one.
        method: The method.
        layer: Its layer.
        other: The method it is compared with.
        other_layer: The layer of ``other``.
        difference: Mean of (method - other) over pairs; None if both are defined for no pair.
        low: Lower end of its interval; None for fewer than two pairs.
        high: Upper end.
        p: Two-sided p-value of the paired permutation test, after Holm's correction.
        p_single: The same before the correction.
        n: Pairs where both are defined.
    """

    metric: MetricName
    select: Selected | None
    method: str
    layer: Count
    other: str
    other_layer: Count
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_single: float | None
    n: Count


def compare_methods(
    measured: Measured,
    settings: AgreementOptions,
    *,
    everywhere: Collection[str] = (),
    selecting: Collection[str] = (),
) -> tuple[PairedTest, ...]:
    """Makes the comparisons of :func:`comparison_rule` on every metric that is ``compared``.

    Args:
        measured: One number per place and pair.
        settings: Seed and resamples; the number of permutations follows from the size of the family.
        everywhere: Baselines and imported methods: every other is compared with them, in every layer.
        selecting: Methods with a selection of their own. Faithfulness removed another number of their words,
            so they are not compared in faithfulness.
    """
    families: dict[tuple[str, str | None], list[Row]] = {}
    for place in measured.parts:
        metric = metrics.get(place.metric)
        if metric.compared and not (metric.source == "perturbation" and place.method in selecting):
            families.setdefault((place.metric, place.select), []).append((place.method, place.layer))
    return tuple(
        comparison
        for (metric, select), rows in families.items()
        for comparison in _family(metric, select, list(matches(rows, everywhere)), measured, settings)
    )


def matches(rows: Sequence[Row], baselines: Collection[str]) -> Iterator[tuple[Row, Row]]:
    """Yields each comparison of :func:`comparison_rule` among these (method, layer) rows once.

    >>> list(matches([("input_x_gradient", 0), ("input_x_gradient", 1), ("random", 0)], ["random"]))
    [(('input_x_gradient', 0), ('random', 0)), (('input_x_gradient', 1), ('random', 0))]
    """
    for number, row in enumerate(rows):
        for other_row in rows[number + 1 :]:
            if row[0] == other_row[0]:
                continue
            if row[1] == other_row[1] or other_row[0] in baselines:
                yield row, other_row
            elif row[0] in baselines:
                yield other_row, row


def _family(
    metric: str,
    select: str | None,
    pairs: list[tuple[Row, Row]],
    measured: Measured,
    settings: AgreementOptions,
) -> Iterator[PairedTest]:
    if not pairs:
        return
    values = {
        (p.method, p.layer): v[0]
        for p, v in measured.parts.items()
        if (p.metric, p.select) == (metric, select)
    }
    differences: Float64 = np.stack([values[row] - values[other_row] for row, other_row in pairs])
    mean, n = summarise(differences[None])
    low, high = bootstrap_intervals(
        differences[None], resamples=settings.resamples, seed=settings.seed, confidence=settings.confidence
    )
    single = paired_p_values(differences, permutations=_permutations(len(pairs)), seed=settings.seed)
    corrected = holm(single)
    for number, (row, other_row) in enumerate(pairs):
        statistics = (mean, low, high, corrected, single)
        difference, below, above, p, p_single = (number_or_none(f[number]) for f in statistics)
        yield PairedTest(
            metric=metric,
            select=select,
            method=row[0],
            layer=row[1],
            other=other_row[0],
            other_layer=other_row[1],
            difference=difference,
            low=below,
            high=above,
            p=p,
            p_single=p_single,
            n=int(n[number]),
        )


@dataclass(frozen=True)
class Floor:
    """The smallest p-value that the test of one comparison can give.

    Attributes:
        single: The smallest p-value for this number of pairs.
        p: The smallest after Holm's correction, if every test of the family gives its smallest.
        reached: Whether the comparison's own p-value is the smallest possible.
        comparisons: Number of tests in the family, that is of one metric and selection.
    """

    single: float
    p: float
    reached: bool
    comparisons: int

    def pairs_needed(self, alpha: float = 0.05) -> int | None:
        """Returns the smallest number of pairs for which p < alpha is possible; None if there is none."""
        permutations = _permutations(self.comparisons)
        enough = (n for n in range(2, 63) if self.comparisons * least_p_value(n, permutations) < alpha)
        return next(enough, None)


def floors(comparisons: Sequence[PairedTest]) -> list[Floor | None]:
    """Finds the smallest p-value that the test of each comparison can give; None if it has no p-value.

    Args:
        comparisons: All comparisons of an agreement; the correction is over a family (metric and selection).
    """
    families: dict[tuple[str, str | None], list[int]] = {}
    for index, c in enumerate(comparisons):
        families.setdefault((c.metric, c.select), []).append(index)
    result: list[Floor | None] = [None] * len(comparisons)
    for indices in families.values():
        permutations = _permutations(len(indices))
        single = [comparisons[index].p_single for index in indices]
        least = np.array([least_p_value(comparisons[index].n, permutations) for index in indices])
        least[[p is None for p in single]] = np.nan
        tests = int((~np.isnan(least)).sum())
        for index, p, low, corrected in zip(indices, single, least, holm(least), strict=True):
            if p is not None and not np.isnan(low):
                result[index] = Floor(float(low), float(corrected), bool(p <= low * (1 + 1e-9)), tests)
    return result


def _permutations(comparisons: int) -> int:
    """Returns enough permutations for the least p, 2 / (permutations + 1), to survive Holm's correction."""
    return min(max(9_999, 100 * comparisons - 1), 99_999)
