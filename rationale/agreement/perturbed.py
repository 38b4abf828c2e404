"""Collects what the model read without words, with only them, and without any, from many documents."""

from __future__ import annotations

import numpy as np

from rationale.agreement.blocks import Block, document_label
from rationale.agreement.faithfulness import Perturbation
from rationale.arrays import Float64, Int64
from rationale.artifacts.provenance import Perturbing
from rationale.errors import ScoresError
from rationale.metrics.naopc import Unit

_Listed = list[tuple[int, int, float, float]]
"""Document, layer, and two numbers."""


def perturbation_of(block: Block, method: str, layers: tuple[int, ...], removed: Perturbing) -> Perturbation:
    """Collects what the model read without words of one method, for the predicted class; NaN elsewhere.

    Args:
        block: Scored documents.
        method: A score method.
        layers: Its layers.
        removed: The main share of words and the AOPC grid.

    Raises:
        ScoresError: Where a probability is not a number.
    """
    shares = np.array([removed.share, *removed.bins])
    values = np.full((2, len(shares), len(layers), len(block.scored)), np.nan)
    rows = np.array(block.perturbed.get(method, []), dtype=np.float64).reshape(-1, 5)
    row_of: Int64 = np.full(max(layers) + 1, -1)
    row_of[list(layers)] = np.arange(len(layers))
    for number, share in enumerate(shares):
        document, layer, _, without, only = rows[np.isclose(rows[:, 2], share)].T
        cells = row_of[layer.astype(np.int64)], document.astype(np.int64)
        values[0, number][cells], values[1, number][cells] = without, only
    if np.isnan(rows).any():
        wrong = block.documents[int(rows[np.isnan(rows).any(axis=1)][0, 0])]
        raise ScoresError(
            f"method {method!r} has a perturbed probability that is not a number",
            where=document_label(wrong),
            remedy="Score this split again; if it stays, the model yields NaN for this document.",
        )
    soft = _by_cell(_softened(block, method), row_of, values.shape[2:])
    return Perturbation(
        block.confidence,
        *(values[0, 0], values[1, 0], values[0, 1:], values[1, 1:]),
        nothing=_nothing(block),
        soft_without=soft[0],
        soft_only=soft[1],
        naopc=_by_cell(_naopc(block, method, "word"), row_of, values.shape[2:]),
        naopc_sentence=_by_cell(_naopc(block, method, "sentence"), row_of, values.shape[2:]),
    )


def _by_cell(listed: _Listed, row_of: Int64, shape: tuple[int, ...]) -> Float64:
    """Pairs of numbers as float64 (2, L, D), from (document, layer, first, second); NaN elsewhere."""
    values = np.full((2, *shape), np.nan)
    document, layer, *pair = np.array(listed, dtype=np.float64).reshape(-1, 4).T
    values[:, row_of[layer.astype(np.int64)], document.astype(np.int64)] = pair
    return values


def _nothing(block: Block) -> Float64:
    """The predicted class' probability without any word, float64 (D,); NaN where it was not measured."""
    pairs = zip(block.scored, block.predicted, strict=True)
    return np.array([s.nothing[best] if s.nothing else np.nan for s, best in pairs])


def _softened(block: Block, method: str) -> _Listed:
    """Lists the mean losses of the soft forms, comprehensiveness and sufficiency."""
    return [
        (number, layer, one.without, one.only)
        for number, scored in enumerate(block.scored)
        for (name, layer), one in scored.softened.items()
        if name == method
    ]


def _naopc(block: Block, method: str, units: Unit) -> _Listed:
    """Lists NAOPC comprehensiveness and sufficiency of the documents measured over such units."""
    return [
        (number, layer, limits.normalise(one.comprehensiveness), limits.normalise(one.sufficiency))
        for number, scored in enumerate(block.scored)
        if (limits := scored.limits) is not None and scored.order_units == units
        for (name, layer), one in scored.orders.items()
        if name == method
    ]
