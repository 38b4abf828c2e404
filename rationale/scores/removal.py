"""Removes words from windows: their token ids are deleted, and the others keep their positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rationale.arrays import Bool, Float64, Int32
from rationale.loading.classifier import Classifier
from rationale.tokens.batches import run_windows
from rationale.tokens.packing import Packed
from rationale.tokens.windows import Window


@dataclass(frozen=True)
class Reduced:
    """A window without some of its words; m tokens.

    Attributes:
        ids: int32 (m,), token ids.
        types: int32 (m,), token type ids.
        positions: int32 (m,), the tokens' positions in the full window.
    """

    ids: Int32
    types: Int32
    positions: Int32

    @property
    def key(self) -> bytes:
        """Bytes that identify the input: equal inputs have equal keys."""
        return self.ids.tobytes() + b"|" + self.positions.tobytes() + b"|" + self.types.tobytes()


def without(window: Window, removed: Bool) -> Reduced:
    """The window without some words; special tokens and the query always stay.

    Args:
        window: Any window; n tokens.
        removed: bool (W,), the document's words to remove.

    >>> ids = np.array([101, 7, 8, 9, 102], np.int32)
    >>> word = np.array([-1, 0, 0, 1, -1], np.int32)
    >>> without(Window(ids, np.zeros_like(ids), word, 1.0), np.array([True, False])).positions
    array([0, 3, 4], dtype=int32)
    """
    keep = window.word < 0
    keep[~keep] = ~removed[window.word[~keep]]
    positions = np.arange(window.ids.size, dtype=np.int32)
    return Reduced(window.ids[keep], window.types[keep], positions[keep])


def reduced_logits(classifier: Classifier, inputs: Sequence[Reduced], batch_size: int) -> Float64:
    """Logits (inputs, C); equal inputs are run once.

    Args:
        classifier: The model.
        inputs: Windows without some of their words.
        batch_size: Inputs a batch; halved automatically when memory runs out.

    Raises:
        ModelError: Where the model yields NaN, or one input does not fit in memory.
    """
    row_of: dict[bytes, int] = {}
    rows = [row_of.setdefault(reduced.key, len(row_of)) for reduced in inputs]
    distinct = list({reduced.key: reduced for reduced in inputs}.values())

    run = partial(_logits, classifier)
    return np.stack(list(run_windows(distinct, batch_size, run, device=classifier.device)))[rows]


def _logits(classifier: Classifier, packed: Packed, numbers: list[int]) -> list[Float64]:
    del numbers
    return list(classifier.logits(packed).double().cpu().numpy())
