"""Which method agrees better: paired comparisons on the same pairs."""

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
    """What is compared with what, and how, as it is saved with the comparisons."""
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
        other_layer: That one's layer.
        difference: Mean of (method - other) over pairs; None where no pair has both.
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
    baselines: Collection[str] = (),
    selecting: Collection[str] = (),
) -> tuple[PairedTest, ...]:
    """All comparisons of :func:`comparison_rule` on the metrics that ask for it.

    Args:
        measured: One number a place and pair.
        settings: Seed and resamples; the permutations follow from the size of the family.
        baselines: Methods that every other is compared with, whatever the layer.
        selecting: Methods with a selection of their own: of them faithfulness removed another number of
            words, so that there they are compared with nothing.
    """
    families: dict[tuple[str, str | None], list[Row]] = {}
    for place in measured.parts:
        metric = metrics.get(place.metric)
        if metric.compared and not (metric.source == "perturbation" and place.method in selecting):
            families.setdefault((place.metric, place.select), []).append((place.method, place.layer))
    return tuple(
        comparison
        for (metric, select), rows in families.items()
        for comparison in _family(metric, select, list(matches(rows, baselines)), measured, settings)
    )


def matches(rows: Sequence[Row], baselines: Collection[str]) -> Iterator[tuple[Row, Row]]:
    """The comparisons of :func:`comparison_rule` among these (method, layer) rows, each once.

    >>> list(matches([("input_x_gradient", 0), ("input_x_gradient", 1), ("random", 0)], ["random"]))
    [(('input_x_gradient', 0), ('random', 0)), (('input_x_gradient', 1), ('random', 0))]
    """
    for number, one in enumerate(rows):
        for other in rows[number + 1 :]:
            if one[0] == other[0]:
                continue
            if one[1] == other[1] or other[0] in baselines:
                yield one, other
            elif one[0] in baselines:
                yield other, one


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
    differences: Float64 = np.stack([values[one] - values[other] for one, other in pairs])
    mean, n = summarise(differences[None])
    low, high = bootstrap_intervals(
        differences[None], resamples=settings.resamples, seed=settings.seed, confidence=settings.confidence
    )
    single = paired_p_values(differences, permutations=_permutations(len(pairs)), seed=settings.seed)
    corrected = holm(single)
    for number, (one, other) in enumerate(pairs):
        figures = (mean, low, high, corrected, single)
        difference, below, above, p, p_single = (number_or_none(f[number]) for f in figures)
        yield PairedTest(
            metric=metric,
            select=select,
            method=one[0],
            layer=one[1],
            other=other[0],
            other_layer=other[1],
            difference=difference,
            low=below,
            high=above,
            p=p,
            p_single=p_single,
            n=int(n[number]),
        )


@dataclass(frozen=True)
class Floor:
    """What the test of one comparison can show at all.

    Attributes:
        single: The least p-value the test can give for so many pairs.
        p: The least after Holm's correction: that of a family in which every test gives its least.
        reached: Whether the comparison's own p-value is the least possible.
        comparisons: Tests in the family, one metric and selection.
    """

    single: float
    p: float
    reached: bool
    comparisons: int

    def pairs_needed(self, alpha: float = 0.05) -> int | None:
        """The fewest pairs with which such comparisons can have p < alpha; None where none suffice."""
        drawn = _permutations(self.comparisons)
        enough = (n for n in range(2, 63) if self.comparisons * least_p_value(n, drawn) < alpha)
        return next(enough, None)


def floors(comparisons: Sequence[PairedTest]) -> list[Floor | None]:
    """For each comparison what its test can give at the least; None where it has no p-value.

    Args:
        comparisons: All of an agreement: the correction is over a family, one metric and selection.
    """
    families: dict[tuple[str, str | None], list[int]] = {}
    for place, c in enumerate(comparisons):
        families.setdefault((c.metric, c.select), []).append(place)
    found: list[Floor | None] = [None] * len(comparisons)
    for places in families.values():
        drawn = _permutations(len(places))
        single = [comparisons[place].p_single for place in places]
        least = np.array([least_p_value(comparisons[place].n, drawn) for place in places])
        least[[p is None for p in single]] = np.nan
        tests = int((~np.isnan(least)).sum())
        for place, p, low, corrected in zip(places, single, least, holm(least), strict=True):
            if p is not None and not np.isnan(low):
                found[place] = Floor(float(low), float(corrected), bool(p <= low * (1 + 1e-9)), tests)
    return found


def _permutations(comparisons: int) -> int:
    """Enough that the smallest possible p-value, 2 / (permutations + 1), survives Holm's correction."""
    return min(max(9_999, 100 * comparisons - 1), 99_999)
