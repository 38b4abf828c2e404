"""Tests whether a metric changes from a method's first layer to its last, paired over documents."""

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
    """Difference between a method's last and first layer, on the documents where both are defined.

    Attributes:
        method: The method.
        layers: The first and the last layer.
        values: The mean of the metric in each.
        p: Two-sided paired permutation test, after Holm's correction over methods; NaN below two documents.
        n: Number of documents.
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
    """Tests every method of more than one layer; returns nothing if the values of documents are missing.

    Args:
        agreement: An agreement with the values of its documents.
        layers: The layers of each method, in rising order.
        metric: A metric without a selection.
    """
    ends = {
        method: (method_layers[0], method_layers[-1])
        for method, method_layers in layers.items()
        if len(method_layers) > 1
    }
    if agreement.per_document is None or not ends:
        return []
    pairs = {}
    for method, first_and_last in ends.items():
        first, last = (agreement.document_values(metric, method, layer) for layer in first_and_last)
        pairs[method] = np.array([(first[key], last[key]) for key in first if key in last]).reshape(-1, 2)
    longest = max(len(values) for values in pairs.values())
    differences = np.full((len(pairs), longest), np.nan)
    for row, values in enumerate(pairs.values()):
        differences[row, : len(values)] = values[:, 1] - values[:, 0]
    seed = agreement.recipe.agreement.seed
    corrected = holm(paired_p_values(differences, permutations=_PERMUTATIONS, seed=seed))
    return [
        Trend(method, ends[method], (float(values[:, 0].mean()), float(values[:, 1].mean())), float(p), n)
        for (method, values), p in zip(pairs.items(), corrected, strict=True)
        if (n := len(values))
    ]
