"""Documents by whether the class that a prediction names is the gold label.

A prediction may name a label of the document, and the class that its rationale is for. Where that is not the
gold label, the annotators marked words for another class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from rationale.agreement.measure import Measured
from rationale.arrays import Bool

Subset = Literal["label right", "label wrong", "explained right", "explained wrong"]


def subsets(measured: Measured) -> Mapping[Subset, Bool]:
    """The pairs whose predicted label, and whose explained class, is the gold label, and is not.

    Returns:
        bool (D,) for each subset that is not empty. A pair without a gold label, or whose prediction names no
        class, is in neither of the two.
    """
    names: tuple[Subset, ...] = get_args(Subset)
    chosen = (*_compared(measured.predicted, measured.gold), *_compared(measured.explained, measured.gold))
    return {name: pairs for name, pairs in zip(names, chosen, strict=True) if pairs.any()}


def _compared(classes: Sequence[str | None], gold: Sequence[str | None]) -> tuple[Bool, Bool]:
    """Where both classes are known and equal, and where they are known and differ."""
    pairs = list(zip(classes, gold, strict=True))
    known = np.array([None not in pair for pair in pairs], dtype=np.bool_)
    equal = np.array([named == label for named, label in pairs], dtype=np.bool_)
    return known & equal, known & ~equal
