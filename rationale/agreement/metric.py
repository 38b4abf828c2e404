"""The description of a metric, and the registry of metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from rationale.arrays import Float64
from rationale.artifacts.shape import among
from rationale.registry import Registry

Source = Literal[
    "ranking", "selection", "given", "perturbation", "soft",
    "sentences", "selected_sentences", "groups", "selected_groups",
]  # fmt: skip
Compute = Callable[[Any], Float64]
F = TypeVar("F", bound=Callable[..., Float64])


@dataclass(frozen=True)
class Metric:
    """One agreement or faithfulness metric.

    Attributes:
        name: Its name in records.
        title: Its name in tables.
        definition: One sentence that a reader can check a number against.
        source: What it is computed from: the ``Ranking`` of the words by score, a ``Selection`` of words,
            a ``Selection`` that was imported (``given``), the ``Perturbation`` probabilities stored with
            the scores, or ``SoftScores``; the ``Sentences`` by score, a ``Selection`` of sentences; word
            scores or selected words against each evidence group.
        low: The smallest possible value.
        high: The largest possible value.
        higher_is_better: None where neither direction is better by itself.
        compute: Computes one value per pair from the source, float64 (layers, documents), NaN where a pair is
            left out; with ``combine``, parts (parts, layers, documents).
        combine: Computes the metric (...) from the means of the parts (parts, ...); None if it is the mean.
        compared: Whether methods are compared on it with paired tests.
    """

    name: str
    title: str
    definition: str
    source: Source
    low: float
    high: float
    higher_is_better: bool | None
    compute: Compute
    combine: Callable[[Float64], Float64] | None = None
    compared: bool = False

    @property
    def needs_selection(self) -> bool:
        """Whether it is a property of selected words (or sentences) and not of the scores."""
        return self.source in ("selection", "given", "selected_sentences", "selected_groups")

    @property
    def of_documents(self) -> bool:
        """Whether it is defined whoever annotated the document: no annotator's mask decides it."""
        return self.source in ("perturbation", "soft")

    def parts(self, source: Any) -> Float64:
        """The values whose means make the metric, float64 (parts, layers, documents)."""
        values = self.compute(source)
        return values if self.combine else values[None]

    def of_means(self, means: Float64) -> Float64:
        """The metric (...) from the means of its parts (parts, ...)."""
        return self.combine(means) if self.combine else means[0]


metrics: Registry[Metric] = Registry("metric")

MetricName = Annotated[str, lambda name, place: among(*metrics)(name, place)]
"""A name in ``rationale list metrics``; JSON that is read is checked for it."""


def metric(
    name: str,
    *,
    title: str,
    definition: str,
    source: Source,
    low: float = 0.0,
    high: float = 1.0,
    higher_is_better: bool | None = True,
    combine: Callable[[Float64], Float64] | None = None,
    compared: bool = False,
) -> Callable[[F], F]:
    """Registers a function as a metric, and returns the function unchanged. See :class:`Metric`."""

    def register(compute: F) -> F:
        entry = Metric(
            name, title, definition, source, low, high, higher_is_better, compute, combine, compared
        )
        metrics.register(name)(entry)
        return compute

    return register
