"""Looks up results of an agreement: one record, a method's curve, its best layer, a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from rationale.agreement.comparison import Floor
from rationale.agreement.metric import Metric, metrics
from rationale.agreement.select import SELECTIONS, SHORT, rule_title
from rationale.artifacts.provenance import Provenance
from rationale.report.table import AtMost, Interval
from rationale.scores.families import CHANCE, HUMAN, is_reference

if TYPE_CHECKING:
    from rationale.agreement import Agreement, Estimate
    from rationale.agreement.comparison import PairedTest

ALPHA = 0.05
_TIED = 0.02  # tables note ties where AUPRC exceeds AP by more


@dataclass(frozen=True)
class Results:
    """A view of an agreement for tables, charts and sentences."""

    agreement: Agreement

    @cached_property
    def _index(self) -> dict[tuple[str, int, str, str | None], Estimate]:
        return {(r.method, r.layer, r.metric, r.select): r for r in self.agreement.records}

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """All methods in the order they were requested, baselines last."""
        names = dict.fromkeys(r.method for r in self.agreement.records)
        return tuple(sorted(names, key=self.is_reference))

    @cached_property
    def ranks(self) -> bool:
        """Whether some method that is no reference ranks words, so that it has an AP."""
        return any(r.metric == "ap" and not self.is_reference(r.method) for r in self.agreement.records)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics with records, in the order of the registry."""
        recorded = {r.metric for r in self.agreement.records}
        return tuple(name for name in metrics if name in recorded)

    @cached_property
    def selections(self) -> tuple[str, ...]:
        """The selections with records."""
        recorded = {r.select for r in self.agreement.records}
        return tuple(name for name in SELECTIONS if name in recorded)

    def is_reference(self, method: str) -> bool:
        """Whether the method is a baseline, chance or the human ceiling: shown last, and never ranked."""
        return is_reference(method, self.agreement.recipe)

    @cached_property
    def random(self) -> str:
        """The method that others are compared with: random scores, or chance where nobody scored them."""
        return "random" if "random" in self.methods or CHANCE not in self.methods else CHANCE

    @cached_property
    def chance(self) -> str:
        """Exact chance where it is known, else random scores."""
        return CHANCE if CHANCE in self.methods else "random"

    @property
    def ceiling(self) -> str | None:
        """The human ceiling, where several annotators are known."""
        return HUMAN if HUMAN in self.methods else None

    def selected_by(self, method: str, select: str | None) -> str | None:
        """The selection under which a method's records are filed: the human ceiling has one of its own."""
        return "given" if select is not None and method == HUMAN else select

    def title(self, method: str) -> str:
        """The method's title."""
        return self.agreement.recipe.title_of(method)

    def layers(self, method: str) -> tuple[int, ...]:
        """The layers with records of the method."""
        return self._layers.get(method, ())

    @cached_property
    def _layers(self) -> dict[str, tuple[int, ...]]:
        layers: dict[str, set[int]] = {}
        for r in self.agreement.records:
            layers.setdefault(r.method, set()).add(r.layer)
        return {method: tuple(sorted(found)) for method, found in layers.items()}

    def layered(self, method: str) -> bool:
        """Whether the method has a score for more than one layer."""
        return len(self.layers(method)) > 1

    def get(self, method: str, layer: int, metric: str, select: str | None = None) -> Estimate | None:
        """The record, or None if there is none."""
        return self._index.get((method, layer, metric, select))

    def has(self, method: str, metric: str, select: str | None = None) -> bool:
        """Whether the method has a record of the metric in some layer."""
        return any(self.get(method, layer, metric, select) is not None for layer in self.layers(method))

    def filed(self, metric: str, select: str | None) -> bool:
        """Whether some method has a record of the metric with this selection."""
        return any(r.metric == metric and r.select == select for r in self.agreement.records)

    def interval(self, method: str, layer: int, metric: str, select: str | None = None) -> Interval:
        """The record's value and interval; undefined if there is no record."""
        record = self.get(method, layer, metric, select)
        return Interval(None) if record is None else Interval(record.value, record.low, record.high)

    def curve(self, method: str, metric: str, select: str | None = None) -> list[Estimate]:
        """The method's records of a metric that have a value, by layer."""
        estimates = (self.get(method, layer, metric, select) for layer in self.layers(method))
        return [record for record in estimates if record is not None and record.value is not None]

    @cached_property
    def _comparisons(self) -> dict[tuple[str, str | None, str, int, str], PairedTest]:
        tests = {}
        for c in self.agreement.comparisons:
            tests[c.metric, c.select, c.method, c.layer, c.other] = c
            if c.layer == c.other_layer:
                tests[c.metric, c.select, c.other, c.layer, c.method] = _reversed(c)
        return tests

    def compared(
        self, method: str, layer: int, other: str, metric: str = "ap", select: str | None = None
    ) -> PairedTest | None:
        """The paired test of ``method`` less ``other``, or None if they were not compared."""
        return self._comparisons.get((metric, select, method, layer, other))

    @cached_property
    def _floors(self) -> dict[tuple[object, ...], Floor | None]:
        comparisons = self.agreement.comparisons
        return dict(zip(map(_pair, comparisons), self.agreement.floors, strict=True))

    def floor(self, comparison: PairedTest) -> Floor | None:
        """The smallest p-value that the test of a comparison can give; None if it was not tested."""
        return self._floors.get(_pair(comparison))

    def p_value(self, comparison: PairedTest) -> float | None:
        """The corrected p-value, marked if it is the smallest that the test can give."""
        floor, p = self.floor(comparison), comparison.p
        return AtMost(p) if p is not None and floor is not None and floor.reached else p

    def better(
        self, method: str, layer: int, other: str, metric: str = "ap", select: str | None = None
    ) -> bool:
        """Whether ``method`` is significantly better than ``other`` (paired test, Holm's correction)."""
        comparison = self.compared(method, layer, other, metric, select)
        if comparison is None or comparison.p is None or comparison.difference is None:
            return False
        sign = -1.0 if registered_metric(metric).higher_is_better is False else 1.0
        return sign * comparison.difference > 0 and comparison.p < ALPHA

    def tied(self, method: str, layer: int) -> bool:
        """Whether equal scores inflate the AUPRC of a method, because the trapezoid is drawn across them.

        Without ties in a document the trapezoid lies below average precision. So AUPRC exceeds AP only
        because of ties, and of documents that AP leaves out, which count at most 1 here.
        """
        area, ap = (self.get(method, layer, metric) for metric in ("auprc", "ap"))
        if area is None or ap is None or area.value is None or ap.value is None or not ap.n:
            return False
        most = (area.n * area.value - (area.n - ap.n)) / ap.n
        if self.agreement.per_document is not None and area.n > ap.n:
            both = (self.agreement.document_values(metric, method, layer) for metric in ("ap", "auprc"))
            counted, areas = both
            most = sum(areas[key] for key in counted) / len(counted)
        return bool(most - ap.value > _TIED)

    def one_class(self) -> int:
        """Documents that AUPRC counts and AP leaves out: all of their words are rationale, or none."""
        pairs = [
            (self.get(method, layer, "auprc"), self.get(method, layer, "ap"))
            for method in self.methods
            for layer in self.layers(method)
        ]
        return max((area.n - (ap.n if ap else 0) for area, ap in pairs if area and ap), default=0)

    def best_layer(self, method: str, metric: str = "ap", select: str | None = None) -> int | None:
        """The layer with the best value *on the very documents reported*; the first of equal ones."""
        curve = self.curve(method, metric, select)
        if not curve:
            return None
        sign = -1.0 if registered_metric(metric).higher_is_better is False else 1.0
        return max(curve, key=lambda record: sign * (record.value or 0.0)).layer

    def last_layer(self, method: str) -> int:
        """The last layer with records of the method."""
        return self.layers(method)[-1]

    def ranked(self, metric: str = "ap", select: str | None = None) -> list[tuple[str, int]]:
        """``(method, best layer)`` of the methods that use the model, the best first."""
        best: list[tuple[float, str, int]] = []
        sign = -1.0 if registered_metric(metric).higher_is_better is False else 1.0
        for method in self._not_references():
            layer = self.best_layer(method, metric, select)
            record = None if layer is None else self.get(method, layer, metric, select)
            if layer is not None and record is not None and record.value is not None:
                best.append((-sign * record.value, method, layer))
        return [(method, layer) for _, method, layer in sorted(best, key=lambda entry: entry[0])]

    def _not_references(self) -> Iterator[str]:
        return (method for method in self.methods if not self.is_reference(method))


def _pair(c: PairedTest) -> tuple[object, ...]:
    """Returns a key of what is compared, the same for both directions."""
    ends = frozenset(((c.method, c.layer), (c.other, c.other_layer)))
    return c.metric, c.select, ends


def _reversed(c: PairedTest) -> PairedTest:
    """Returns the comparison with the two methods exchanged."""
    ends = (c.difference, c.low, c.high)
    difference, low, high = (None if end is None else -end for end in ends)
    return replace(c, method=c.other, other=c.method, difference=difference, low=high, high=low)


def registered_metric(metric: str) -> Metric:
    """Returns the registered metric of this name."""
    return metrics.get(metric)


def titled(metric: str, select: str | None = None, recipe: Provenance | None = None) -> str:
    """Returns the metric's title, with the rule that selected the words.

    Args:
        metric: The metric.
        select: The selection, if the metric needs one.
        recipe: Provenance of the agreement, which says which threshold was used.

    >>> titled("fpr", "top_k_gold")
    'FPR (top-k)'
    """
    if not select:
        return registered_metric(metric).title
    rule = rule_title(recipe, select) if recipe is not None else SHORT.get(select, select)
    return f"{registered_metric(metric).title} ({rule})"
