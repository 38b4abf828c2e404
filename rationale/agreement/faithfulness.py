"""Faithfulness: what happens to the predicted class without the best words, or with only these."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from rationale.agreement.metric import metric
from rationale.arrays import Float64
from rationale.metrics.naopc import Unit

LEAST_LOSS = 1e-4
"""A document whose predicted class loses no more than this without any word has no normalised values."""

_unknown = partial(np.array, np.nan)


@dataclass(frozen=True)
class Perturbation:
    """Probabilities of the class predicted from the whole document; NaN where they were not computed.

    Attributes:
        full: float64 (D,), with all words.
        without: float64 (L, D), without the selected words; k = ceil(mean rationale share of train x words).
        only: float64 (L, D), with only the selected words.
        without_bins: float64 (B, L, D), the same for each share of the AOPC grid.
        only_bins: float64 (B, L, D).
        nothing: float64 (D,), without any word.
        soft_without: float64 (L, D), mean losses of the soft form of comprehensiveness.
        soft_only: float64 (L, D), of sufficiency.
        naopc: float64 (2, L, D), NAOPC of the order with the best word first, and of the reversed order.
        naopc_sentence: float64 (2, L, D), the same of the documents whose sentences were removed.
    """

    full: Float64
    without: Float64
    only: Float64
    without_bins: Float64
    only_bins: Float64
    nothing: Float64 = field(default_factory=_unknown)
    soft_without: Float64 = field(default_factory=_unknown)
    soft_only: Float64 = field(default_factory=_unknown)
    naopc: Float64 = field(default_factory=_unknown)
    naopc_sentence: Float64 = field(default_factory=_unknown)

    def share_lost(self, loss: Float64) -> Float64:
        """A loss as a share of max(0, p(all words) - p(no word)), of the shape (L, D) of ``without``.

        NaN where the whole text makes a difference of at most 1e-4.
        """
        whole = np.maximum(0.0, self.full - self.nothing)
        usable = np.where(whole > LEAST_LOSS, whole, np.nan)
        return np.broadcast_to(loss / usable, self.without.shape)

    def naopc_of(self, direction: int, units: Unit = "word") -> Float64:
        """NAOPC in one direction over words or sentences, float64 (L, D); NaN where it was not measured."""
        values = self.naopc if units == "word" else self.naopc_sentence
        return values[direction] if values.ndim else np.full(self.without.shape, np.nan)


@metric(
    "comprehensiveness",
    title="Comprehensiveness",
    definition="p(all words) - p(without the selected words) of the predicted class.",
    source="perturbation",
    low=-1.0,
    compared=True,
)
def comprehensiveness(perturbed: Perturbation) -> Float64:
    """How much the predicted class loses without the selected words.

    Args:
        perturbed: Probabilities of D documents in L layers.

    Returns:
        float64 (L, D); NaN where the probabilities were not computed.

    >>> import numpy as np
    >>> one, bins = np.array([[0.25]]), np.array([[[0.5]], [[0.25]]])
    >>> comprehensiveness(Perturbation(np.array([0.75]), one, one, bins, bins)).tolist()
    [[0.5]]
    """
    return perturbed.full - perturbed.without


@metric(
    "sufficiency",
    title="Sufficiency",
    definition="p(all words) - p(only the selected words) of the predicted class.",
    source="perturbation",
    low=-1.0,
    higher_is_better=False,
    compared=True,
)
def sufficiency(perturbed: Perturbation) -> Float64:
    """How much the predicted class loses when only the selected words are read.

    Args:
        perturbed: Probabilities of D documents in L layers.

    Returns:
        float64 (L, D); NaN where the probabilities were not computed.

    >>> import numpy as np
    >>> one, bins = np.array([[1.0]]), np.array([[[0.5]], [[0.25]]])
    >>> sufficiency(Perturbation(np.array([0.75]), one, one, bins, bins)).tolist()
    [[-0.25]]
    """
    return perturbed.full - perturbed.only


@metric(
    "aopc_comprehensiveness",
    title="AOPC comprehensiveness",
    definition="Comprehensiveness averaged over the shares of the grid (1, 5, 10, 20 and 50 % unless the "
    "recipe says otherwise).",
    source="perturbation",
    low=-1.0,
)
def aopc_comprehensiveness(perturbed: Perturbation) -> Float64:
    """Mean comprehensiveness over the grid of shares.

    Args:
        perturbed: Probabilities of D documents in L layers.

    Returns:
        float64 (L, D); NaN where a share of the grid is missing.

    >>> import numpy as np
    >>> one, bins = np.array([[0.25]]), np.array([[[0.5]], [[0.25]]])
    >>> aopc_comprehensiveness(Perturbation(np.array([0.75]), one, one, bins, bins)).tolist()
    [[0.375]]
    """
    means: Float64 = (perturbed.full - perturbed.without_bins).mean(axis=0)
    return means


@metric(
    "aopc_sufficiency",
    title="AOPC sufficiency",
    definition="Sufficiency averaged over the shares of the grid (1, 5, 10, 20 and 50 % unless the recipe "
    "says otherwise).",
    source="perturbation",
    low=-1.0,
    higher_is_better=False,
)
def aopc_sufficiency(perturbed: Perturbation) -> Float64:
    """Mean sufficiency over the grid of shares.

    Args:
        perturbed: Probabilities of D documents in L layers.

    Returns:
        float64 (L, D); NaN where a share of the grid is missing.

    >>> import numpy as np
    >>> one, bins = np.array([[0.25]]), np.array([[[0.75]], [[0.25]]])
    >>> aopc_sufficiency(Perturbation(np.array([0.75]), one, one, bins, bins)).tolist()
    [[0.25]]
    """
    means: Float64 = (perturbed.full - perturbed.only_bins).mean(axis=0)
    return means
