"""Do scores that humans like also carry the prediction? Plausibility against faithfulness over documents."""

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
from rationale.metrics.statistics import holm, number_or_none

PLAUSIBLE: tuple[tuple[str, str | None], ...] = (("ap", None), ("roc_auc", None), ("fpr", "top_k_gold"))
"""Agreement with the human, and how words are selected for it. Lower is better for ``fpr``."""

FAITHFUL = ("comprehensiveness", "sufficiency", "aopc_comprehensiveness", "aopc_sufficiency")
"""Weight for the model. Lower is better for the two sufficiencies."""

_FEWEST = 4  # documents that a rank correlation is worth telling of


@dataclass(frozen=True)
class Correlation:
    """Spearman's correlation over documents of one score's plausibility and its faithfulness.

    Attributes:
        method: The score method.
        layer: Its layer.
        plausibility: Of :data:`PLAUSIBLE`.
        select: How words are selected for it.
        faithfulness: Of :data:`FAITHFUL`.
        rho: None where one side is the same in all documents.
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

    No p-value: scores are no sample.

    Attributes:
        plausibility: Of :data:`PLAUSIBLE`.
        select: How words are selected for it.
        faithfulness: Of :data:`FAITHFUL`.
        rho: None for fewer than four scores.
        scores: How many.
        higher_is_better: Of both metrics; None where neither is.
    """

    plausibility: str
    select: str | None
    faithfulness: str
    rho: float | None
    scores: int
    higher_is_better: tuple[bool | None, ...]


@dataclass(frozen=True)
class Correlations:
    """Agreement with humans beside the weight for the model.

    Attributes:
        within: One a score (method and layer) and pair of metrics: over documents.
        between: One a pair of metrics: over scores.
        recipe: Of the agreement.
        command: The command that was typed, as shell text; None where it was Python or an earlier version.
    """

    within: tuple[Correlation, ...]
    between: tuple[Between, ...]
    recipe: AgreementProvenance
    command: str | None = omitted(compare=False)


CORRELATIONS = Artifact("faithfulness", Correlations, "Run `rationale study faithfulness` again.")


def correlate(
    agreement: Agreement, *, resamples: int = 1000, seed: int = 0, command: str | None = None
) -> Correlations:
    """Sets the agreement with humans beside the weight for the model.

    Args:
        agreement: Of scores made with faithfulness, with the values of its documents.
        resamples: Number of bootstrap resamples.
        seed: Of the same.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        ScoresError: Where the agreement holds no faithfulness, or no values of single documents.
    """
    there = {record.metric for record in agreement.records}
    if not there.intersection(FAITHFUL):
        raise ScoresError(
            "these scores were computed without --faithfulness",
            remedy="Score with `rationale score --faithfulness`, then `rationale agree` again.",
        )
    pairs = [
        (metric, select, faithful)
        for metric, select in PLAUSIBLE
        for faithful in FAITHFUL
        if {metric, faithful} <= there
    ]
    within: list[Correlation] = []
    between = []
    for pair in pairs:
        found = list(_within(agreement, *pair, resamples=resamples, seed=seed))
        corrected = holm(np.array([one.p_single for one in found], np.float64))
        within += [replace(one, p=number_or_none(p)) for one, p in zip(found, corrected, strict=True)]
        between.append(_between(agreement, *pair))
    return Correlations(tuple(within), tuple(between), agreement.recipe, command)


def spearman(one: Float64, other: Float64) -> Float64:
    """Spearman's correlation along the last axis, ties at their mean rank, NaN where one side is constant.

    Args:
        one: float64 (..., D).
        other: The same.

    Returns:
        float64 (...,): as ``scipy.stats.spearmanr`` of each pair of rows, many resamples at once.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(side, axis=-1) for side in (one, other)]
    a, b = (side - side.mean(axis=-1, keepdims=True) for side in ranks)
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        rho: Float64 = np.where(scale > 0, (a * b).sum(axis=-1) / scale, np.nan)
    return rho


def _scores(agreement: Agreement) -> list[tuple[str, int]]:
    """Methods and layers; not those of whose words faithfulness removed another number than of the others."""
    own = selecting(agreement.recipe)
    every = dict.fromkeys((record.method, record.layer) for record in agreement.records)
    return [score for score in every if score[0] not in own]


def _within(
    agreement: Agreement, metric: str, select: str | None, faithful: str, *, resamples: int, seed: int
) -> Iterator[Correlation]:
    for method, layer in _scores(agreement):
        liked = agreement.document_values(metric, method, layer, select)
        weighed = agreement.document_values(faithful, method, layer)
        keys = [key for key in liked if key in weighed]
        if not keys:
            continue
        x, y = (np.array([values[key] for key in keys]) for values in (liked, weighed))
        rho, low, high, p = _told(x, y, resamples, seed)
        yield Correlation(method, layer, metric, select, faithful, rho, low, high, p, None, len(keys))


def _told(x: Float64, y: Float64, resamples: int, seed: int) -> tuple[float | None, ...]:
    """Rho, the ends of its interval, and p; nothing where it is not defined."""
    from scipy.stats import DegenerateDataWarning, bootstrap, spearmanr

    if len(x) < _FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None, None, None
    found = spearmanr(x, y)
    with catch_warnings():
        simplefilter("ignore", DegenerateDataWarning)  # of a resample in which one side is constant: left out
        drawn = bootstrap(
            (x, y), lambda a, b, axis: spearman(a, b), paired=True, vectorized=True, n_resamples=resamples,
            method="percentile", rng=seed,
        ).bootstrap_distribution  # fmt: skip
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(found.statistic), float(low), float(high), float(found.pvalue)


def _between(agreement: Agreement, metric: str, select: str | None, faithful: str) -> Between:
    """Over scores: whether those that agree more with humans on the whole weigh more for the model."""
    index: dict[tuple[str, int, str, str | None], Estimate] = {
        (r.method, r.layer, r.metric, r.select): r for r in agreement.records
    }
    points = []
    for method, layer in _scores(agreement):
        both = [index.get((method, layer, *which)) for which in ((metric, select), (faithful, None))]
        values = [one.value for one in both if one is not None and one.value is not None]
        if len(values) == 2:
            points.append(values)
    sides = np.array(points, np.float64).reshape(-1, 2).T
    rho = float(spearman(sides[0], sides[1])) if len(points) >= _FEWEST else np.nan
    better = tuple(metrics.get(name).higher_is_better for name in (metric, faithful))
    return Between(metric, select, faithful, number_or_none(rho), len(points), better)
