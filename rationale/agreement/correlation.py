"""Correlates plausibility (agreement with humans) with faithfulness over documents and over scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from warnings import catch_warnings, simplefilter

import numpy as np

from rationale.agreement.metric import metrics
from rationale.agreement.result import Agreement, Estimate, selecting
from rationale.arrays import Float64
from rationale.artifacts.artifact import Artifact
from rationale.artifacts.provenance import AgreementProvenance
from rationale.artifacts.record import omitted
from rationale.errors import ScoresError
from rationale.metrics.ranks import spearman
from rationale.metrics.statistics import holm, number_or_none

PLAUSIBLE: tuple[tuple[str, str | None], ...] = (("ap", None), ("roc_auc", None), ("fpr", "top_k_gold"))
"""Metrics of plausibility with their selections. Lower is better for ``fpr``."""

FAITHFUL = ("comprehensiveness", "sufficiency", "aopc_comprehensiveness", "aopc_sufficiency")
"""Metrics of faithfulness. Lower is better for the two sufficiencies."""

_FEWEST = 4  # documents, or scores, for a rank correlation


@dataclass(frozen=True)
class Correlation:
    """Spearman's correlation over documents of one score's plausibility and its faithfulness.

    Attributes:
        method: The score method.
        layer: Its layer.
        plausibility: A metric of :data:`PLAUSIBLE`.
        select: How words are selected for it.
        faithfulness: A metric of :data:`FAITHFUL`.
        rho: The correlation; None if one metric has the same value in all documents.
        low: Lower end of the percentile bootstrap interval over documents.
        high: Upper end.
        p_single: SciPy's two-sided p-value.
        p: The same after Holm's correction over all scores of this pair of metrics.
        n: Documents where both are defined.
    """

    method: str
    layer: int
    plausibility: str
    select: str | None
    faithfulness: str
    rho: float | None
    low: float | None
    high: float | None
    p_single: float | None
    p: float | None
    n: int


@dataclass(frozen=True)
class Between:
    """Spearman's correlation of two metrics over the mean values of all scores, baselines included.

    There is no p-value, because the scores are not a random sample.

    Attributes:
        plausibility: A metric of :data:`PLAUSIBLE`.
        select: How words are selected for it.
        faithfulness: A metric of :data:`FAITHFUL`.
        rho: The correlation; None for fewer than four scores.
        scores: Number of scores.
        higher_is_better: For each of the two metrics; None where neither direction is better.
    """

    plausibility: str
    select: str | None
    faithfulness: str
    rho: float | None
    scores: int
    higher_is_better: tuple[bool | None, ...]


@dataclass(frozen=True)
class Correlations:
    """Correlations of plausibility with faithfulness.

    Attributes:
        within: Correlations over documents, one per score (method and layer) and pair of metrics.
        between: Correlations over scores, one per pair of metrics.
        recipe: The provenance of the agreement.
        command: The command that was typed, as shell text; None from Python or an earlier version.
    """

    within: tuple[Correlation, ...]
    between: tuple[Between, ...]
    recipe: AgreementProvenance
    command: str | None = omitted(compare=False)


CORRELATIONS = Artifact("faithfulness", Correlations, "Run `rationale study faithfulness` again.")


def correlate(
    agreement: Agreement, *, resamples: int = 1000, seed: int = 0, command: str | None = None
) -> Correlations:
    """Correlates plausibility with faithfulness, within each score and between scores.

    Args:
        agreement: An agreement of scores made with faithfulness, with the values of its documents.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the bootstrap.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        ScoresError: If the agreement holds no faithfulness, or no values of single documents.
    """
    measured = {record.metric for record in agreement.records}
    if not measured.intersection(FAITHFUL):
        raise ScoresError(
            "these scores were computed without --faithfulness",
            remedy="Score with `rationale score --faithfulness`, then `rationale agree` again.",
        )
    pairs = [
        (metric, select, faithful)
        for metric, select in PLAUSIBLE
        for faithful in FAITHFUL
        if {metric, faithful} <= measured
    ]
    within: list[Correlation] = []
    between = []
    for pair in pairs:
        correlations = list(_within(agreement, *pair, resamples=resamples, seed=seed))
        corrected = holm(np.array([correlation.p_single for correlation in correlations], np.float64))
        within += [
            replace(correlation, p=number_or_none(p))
            for correlation, p in zip(correlations, corrected, strict=True)
        ]
        between.append(_between(agreement, *pair))
    return Correlations(tuple(within), tuple(between), agreement.recipe, command)


def _scores(agreement: Agreement) -> list[tuple[str, int]]:
    """Lists methods and layers, without the methods of which faithfulness removed another number of words."""
    self_selecting = selecting(agreement.recipe)
    every = dict.fromkeys((record.method, record.layer) for record in agreement.records)
    return [score for score in every if score[0] not in self_selecting]


def _within(
    agreement: Agreement, metric: str, select: str | None, faithful: str, *, resamples: int, seed: int
) -> Iterator[Correlation]:
    for method, layer in _scores(agreement):
        plausibility = agreement.document_values(metric, method, layer, select)
        faithfulness = agreement.document_values(faithful, method, layer)
        keys = [key for key in plausibility if key in faithfulness]
        if not keys:
            continue
        x, y = (np.array([values[key] for key in keys]) for values in (plausibility, faithfulness))
        rho, low, high, p = _rho_with_interval(x, y, resamples, seed)
        yield Correlation(method, layer, metric, select, faithful, rho, low, high, p, None, len(keys))


def _rho_with_interval(x: Float64, y: Float64, resamples: int, seed: int) -> tuple[float | None, ...]:
    """Returns rho, the ends of its interval, and p; all None if rho is not defined."""
    from scipy.stats import DegenerateDataWarning, bootstrap, spearmanr

    if len(x) < _FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None, None, None
    correlation = spearmanr(x, y)
    with catch_warnings():
        simplefilter("ignore", DegenerateDataWarning)  # resamples in which one side is constant are left out
        distribution = bootstrap(
            (x, y), lambda a, b, axis: spearman(a, b), paired=True, vectorized=True, n_resamples=resamples,
            method="percentile", rng=seed,
        ).bootstrap_distribution  # fmt: skip
    low, high = np.nanpercentile(distribution, [2.5, 97.5])
    return float(correlation.statistic), float(low), float(high), float(correlation.pvalue)


def _between(agreement: Agreement, metric: str, select: str | None, faithful: str) -> Between:
    """Correlates over scores: are scores with higher mean plausibility more faithful?"""
    index: dict[tuple[str, int, str, str | None], Estimate] = {
        (r.method, r.layer, r.metric, r.select): r for r in agreement.records
    }
    points = []
    for method, layer in _scores(agreement):
        estimates = [
            index.get((method, layer, *metric_and_select))
            for metric_and_select in ((metric, select), (faithful, None))
        ]
        values = [
            estimate.value for estimate in estimates if estimate is not None and estimate.value is not None
        ]
        if len(values) == 2:
            points.append(values)
    sides = np.array(points, np.float64).reshape(-1, 2).T
    rho = float(spearman(sides[0], sides[1])) if len(points) >= _FEWEST else np.nan
    better = tuple(metrics.get(name).higher_is_better for name in (metric, faithful))
    return Between(metric, select, faithful, number_or_none(rho), len(points), better)
