"""The tables of a top-k study, in memory and as ``study.json``; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from rationale.artifacts.record import Count, Scalar, least, omitted
from rationale.study.topk.budget import Budget


@dataclass(frozen=True, kw_only=True)
class ConditionResult:
    """One condition with one seed.

    Attributes:
        condition: What its classifier reads.
        seed: Of its training.
        oracle: Whether it reads what nobody has for a new document.
        accuracy: On the reported documents.
        low: Lower end of its 95 % interval over documents.
        high: Upper end.
        flops_speedup: Operations of the full input over its own.
        words_kept: The mean share of the window's words that it reads.
        n: Documents.
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
    """Two conditions that share a seed: who is right more often, over those seeds, on the same documents.

    Seeds enter as means: the test is of these trainings.

    Attributes:
        condition: The one.
        other: The other.
        seeds: Those that both have.
        difference: Of the mean accuracies.
        low: Lower end of its 95 % paired bootstrap interval over documents.
        high: Upper end.
        p: After Holm's correction over all pairs.
        p_single: Of the two-sided paired permutation test over documents.
        overlap: Mean Jaccard index of the words that they keep.
        n: Documents.
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
        source: Where the documents came from.
        split: Their split.
        n: Documents with a rationale in what is read.
        left_out: Documents without: they leave every condition.
        fingerprint: Of the content of the others.
    """

    source: str
    split: str | None
    n: Count | None = omitted()
    left_out: Count
    fingerprint: str


@dataclass(frozen=True)
class ScoringModel:
    """The dropping model whose scores conditions go by.

    Attributes:
        name: What it was called by.
        hash: Of its weights.
    """

    name: str
    hash: str


def _has_reported(value: Mapping[str, object], place: str) -> str | None:
    return None if "reported" in value else f"{place.lstrip('.')}: 'reported' is missing"


@dataclass(frozen=True, kw_only=True)
class Design:
    """What all conditions of a study share.

    Attributes:
        model: The checkpoint that every classifier begins with.
        weights: Its hash; None in studies of an earlier version.
        config: Its settings; the same.
        data: The splits by name: ``train``, ``dev``, ``reported``.
        budget: Words that a condition keeps of a document.
        positions: ``original`` or ``packed``.
        training: How every classifier is fine-tuned.
        dropping: For conditions of its scores.
    """

    model: str
    weights: str | None = omitted()
    config: object = omitted()
    data: Annotated[Mapping[str, Studied], _has_reported]
    budget: Budget
    positions: str
    training: Mapping[str, Scalar]
    dropping: ScoringModel | None = None

    @property
    def reported(self) -> Studied:
        """What accuracy is reported on."""
        return self.data["reported"]


@dataclass(frozen=True)
class TopKStudy:
    """Are these words enough? Accuracy of every condition, and the conditions beside each other.

    Attributes:
        records: One a condition and seed, in the order of the study.
        comparisons: One every two conditions.
        recipe: What all conditions share.
    """

    records: Annotated[tuple[ConditionResult, ...], least(1)]
    comparisons: tuple[ConditionPair, ...]
    recipe: Design
