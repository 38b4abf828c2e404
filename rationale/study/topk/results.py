"""The tables of a top-k study, in memory and as ``study.json``; free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from rationale.artifacts.artifact import Artifact
from rationale.artifacts.record import Count, Scalar, least, omitted
from rationale.errors import DataError
from rationale.study.topk.budget import Budget


@dataclass(frozen=True, kw_only=True)
class ConditionResult:
    """The results of one condition with one seed.

    Attributes:
        condition: Name of the condition.
        seed: Random seed of its training.
        oracle: Whether it uses the human rationale or the gold label.
        accuracy: Accuracy on the reported documents.
        low: Lower end of its 95 % bootstrap interval over documents.
        high: Upper end.
        flops_speedup: FLOPs on full inputs over FLOPs on the kept words.
        words_kept: Mean share of the words in the window that it reads.
        n: Number of documents.
    """

    condition: str
    seed: int
    oracle: bool
    accuracy: float
    low: float | None
    high: float | None
    flops_speedup: float
    words_kept: float
    n: Count


@dataclass(frozen=True, kw_only=True)
class ConditionPair:
    """The paired difference in accuracy of two conditions on the same documents, averaged over shared seeds.

    The interval and the tests are over documents, for these trainings.

    Attributes:
        condition: The first condition.
        other: The second condition.
        seeds: The seeds of both.
        difference: Mean accuracy of the first minus that of the second.
        low: Lower end of its 95 % paired bootstrap interval over documents.
        high: Upper end.
        p: p-value with Holm's correction over all pairs.
        p_single: p-value of the two-sided paired permutation test over documents.
        overlap: Mean Jaccard index of the words that they keep.
        n: Number of documents.
    """

    condition: str
    other: str
    seeds: tuple[int, ...] | None = omitted()
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_single: float | None = None
    overlap: float
    n: Count


@dataclass(frozen=True, kw_only=True)
class Studied:
    """A split as the study reads it.

    Attributes:
        source: Source of the documents.
        split: Name of the split.
        n: Number of documents with a rationale in the window.
        left_out: Number of documents without one, left out of every condition.
        fingerprint: Fingerprint of the content of the n documents.
    """

    source: str
    split: str | None
    n: Count | None = omitted()
    left_out: Count
    fingerprint: str


@dataclass(frozen=True)
class ScoringModel:
    """The dropping model that scores the words.

    Attributes:
        name: Its name or folder, as given.
        hash: Hash of its weights.
    """

    name: str
    hash: str


def _has_reported(value: Mapping[str, object], place: str) -> str | None:
    return None if "reported" in value else f"{place.lstrip('.')}: 'reported' is missing"


@dataclass(frozen=True, kw_only=True)
class Design:
    """The inputs and options that all conditions of a study share.

    Attributes:
        model: The checkpoint that every classifier starts from.
        weights: Its hash; None in studies of an earlier version.
        config: Its configuration; None in the same studies.
        data: The splits by name: ``train``, ``dev``, ``reported``.
        budget: Number of words that a condition keeps of a document.
        positions: ``original`` or ``packed``.
        training: Training options of every classifier.
        dropping: The dropping model, for conditions by its scores.
        command: The command that was typed, as shell text; None where it was Python or an earlier version.
    """

    model: str
    weights: str | None = omitted()
    config: object = omitted()
    data: Annotated[Mapping[str, Studied], _has_reported]
    budget: Budget
    positions: str
    training: Mapping[str, Scalar]
    dropping: ScoringModel | None = None
    command: str | None = omitted(compare=False)

    @property
    def reported(self) -> Studied:
        """The split that accuracy is reported on."""
        return self.data["reported"]


@dataclass(frozen=True)
class TopKStudy:
    """The accuracy of every condition, and the difference of every pair of conditions.

    Attributes:
        records: One record per condition and seed, in the order of the study.
        comparisons: One record per pair of conditions.
        recipe: The inputs and options that all conditions share.
    """

    records: Annotated[tuple[ConditionResult, ...], least(1)]
    comparisons: tuple[ConditionPair, ...]
    recipe: Design


STUDIES = Artifact(
    "topk study",
    TopKStudy,
    "Pass the folder that `rationale study topk --out` wrote; the same command writes its tables again.",
    "this is no top-k study",
    DataError,
)
"""``study.json``; it names ``predictions.parquet`` beside it."""
