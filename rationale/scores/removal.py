"""Removes words from windows: their token ids are deleted, and the others keep their positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from rationale.arrays import Bool, Float64, Int32
from rationale.loading.classifier import Classifier
from rationale.tokens.batches import run_windows
from rationale.tokens.packing import Packed
from rationale.tokens.windows import Window, Windows


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


def masked(mask_id: int, window: Window, removed: Bool) -> Reduced:
    """The window with the mask token in place of each token of some words; nothing moves.

    Args:
        mask_id: The id of the mask token.
        window: Any window; n tokens.
        removed: bool (W,), the document's words to replace.

    >>> ids = np.array([101, 7, 8, 9, 102], np.int32)
    >>> word = np.array([-1, 0, 0, 1, -1], np.int32)
    >>> masked(103, Window(ids, np.zeros_like(ids), word, 1.0), np.array([True, False])).ids
    array([101, 103, 103,   9, 102], dtype=int32)
    """
    ids, inside = window.ids.copy(), window.word >= 0
    ids[inside] = np.where(removed[window.word[inside]], mask_id, ids[inside])
    return Reduced(ids, window.types, window.positions)


Remove = Callable[[Window, Bool], Reduced]
"""From a window and the document's words to remove, bool (W,), to the input without them."""


def probabilities_without(
    classifier: Classifier,
    windows: Windows,
    removed: Sequence[Bool],
    batch_size: int,
    remove: Remove = without,
) -> Float64:
    """Class probabilities of one document without each set of words, float64 (R, C); windows by weight.

    Args:
        classifier: The model.
        windows: The document's windows.
        removed: R sets of words, each bool (W,); at least one.
        batch_size: Inputs a batch.
        remove: How words are removed.
    """
    inputs = [remove(window, mask) for mask in removed for window in windows.windows]
    logits = torch.from_numpy(reduced_logits(classifier, inputs, batch_size))
    outputs = classifier.probabilities(logits).numpy().reshape(len(removed), len(windows.windows), -1)
    weights = np.array([window.weight for window in windows.windows])
    return np.stack([weights @ of_case for of_case in outputs])


class NothingReader:
    """Class probabilities of documents without any word: special tokens and the query alone, by deletion.

    The model reads each distinct input once: it depends on the query and the windows' lengths only. It reads
    it alone, so that the number does not depend on which document came first.

    Args:
        classifier: The model.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._known: dict[bytes, Float64] = {}

    def __call__(self, windows: Windows) -> Float64:
        """float64 (C,), windows averaged by weight."""
        everything = np.ones(windows.covered.size, dtype=np.bool_)
        inputs = [without(window, everything) for window in windows.windows]
        new = {reduced.key: reduced for reduced in inputs if reduced.key not in self._known}
        if new:
            logits = reduced_logits(self._classifier, list(new.values()), batch_size=1)
            outputs = self._classifier.probabilities(torch.from_numpy(logits)).numpy()
            self._known.update(zip(new, outputs, strict=True))
        weights = np.array([window.weight for window in windows.windows])
        probabilities: Float64 = weights @ np.stack([self._known[reduced.key] for reduced in inputs])
        return probabilities


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
