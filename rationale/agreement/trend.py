"""Does a metric change from a method's first layer to its last? Paired tests over documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rationale.metrics.statistics import holm, paired_p_values

if TYPE_CHECKING:
    from rationale.agreement.result import Agreement

_PERMUTATIONS = 9_999


@dataclass(frozen=True)
class Trend:
    """The last layer of a method less its first, on the documents where both are defined.

    Attributes:
        method: The method.
        layers: First and last.
        values: The mean in each.
        p: Two-sided paired permutation test, after Holm's correction over methods; NaN below two documents.
        n: Documents.
    """

    method: str
    layers: tuple[int, int]
    values: tuple[float, float]
    p: float
    n: int

    @property
    def rises(self) -> bool:
        """Whether the last layer's mean is above the first's."""
        return self.values[1] > self.values[0]


def trends(agreement: Agreement, layers: Mapping[str, Sequence[int]], metric: str = "ap") -> list[Trend]:
    """A trend for each method of more than one layer; none where the values of documents are not at hand.

    Args:
        agreement: With the values of its documents.
        layers: The layers of each method, rising.
        metric: A metric without a selection.
    """
    ends = {method: (own[0], own[-1]) for method, own in layers.items() if len(own) > 1}
    if agreement.per_document is None or not ends:
        return []
    pairs = {}
    for method, places in ends.items():
        one, other = (agreement.document_values(metric, method, layer) for layer in places)
        pairs[method] = np.array([(one[key], other[key]) for key in one if key in other]).reshape(-1, 2)
    longest = max(len(values) for values in pairs.values())
    gaps = np.full((len(pairs), longest), np.nan)
    for row, values in enumerate(pairs.values()):
        gaps[row, : len(values)] = values[:, 1] - values[:, 0]
    seed = agreement.recipe.agreement.seed
    corrected = holm(paired_p_values(gaps, permutations=_PERMUTATIONS, seed=seed))
    return [
        Trend(method, ends[method], (float(values[:, 0].mean()), float(values[:, 1].mean())), float(p), n)
        for (method, values), p in zip(pairs.items(), corrected, strict=True)
        if (n := len(values))
    ]
