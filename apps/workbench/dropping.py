"""What a token-dropping model does to one document: kept, dropped here, dropped before, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rationale.scores.scored import ALIVE, ScoredDocument
from workbench.panels import CHOSEN, DROPPED_BEFORE, DROPPED_HERE, REST, Layered, Marks, Numbers

CONTRIBUTION = "contribution"
OWN = (ALIVE, CONTRIBUTION, "decision")


def drops(method: str, scored: ScoredDocument) -> bool:
    """Whether the method's scores are a dropping model's own, and say who was dropped where."""
    return method in OWN and ALIVE in scored.words


def dropped(
    scored: ScoredDocument, method: str, title: str, eta: Sequence[float] | None, numbers: Sequence[Numbers]
) -> Layered:
    """The method on one document, every word marked by what the model did with it.

    Args:
        scored: Holds ``alive`` and ``method``.
        method: One of :data:`OWN`.
        title: What it is called on the page.
        eta: Of each layer; None where it is unknown or the method is compared with nothing.
        numbers: How the kept words of each layer agree with the human's.
    """
    thresholds = None
    if eta is not None and method == CONTRIBUTION:
        thresholds = np.asarray(eta, np.float32)[:, None] / scored.entering(scored.layers[method])
    return Layered(method, title, _marks(scored), thresholds, numbers, kept=ALIVE)


def _marks(scored: ScoredDocument) -> Marks:
    """A word is kept as long as one of its tokens is; int8 (L, W)."""
    kept = scored.words[ALIVE] > 0
    before = np.concatenate([np.ones_like(kept[:1]), kept[:-1]])
    marks = np.where(kept, CHOSEN, np.where(before, DROPPED_HERE, DROPPED_BEFORE)).astype(np.int8)
    marks[:, ~scored.covered] = REST
    return marks
