"""Soft faithfulness: entries of a word's embedding are zeroed at random, by its score.

Zhao and Aletras (ACL 2023), with a fixed meaning where the published code has several (see docs/metrics.md).

No words are selected. Scores become q in [0, 1]; each entry of a word's embedding stays with probability q
for sufficiency and 1 - q for comprehensiveness. Special tokens and the query stay whole, and so does length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from rationale.arrays import Bool, Float32, Float64, Int32
from rationale.loading.classifier import Classifier
from rationale.randomness import Randomness
from rationale.scores.scored import Place, ScoredDocument, Softened
from rationale.tokens.batches import run_windows
from rationale.tokens.packing import Packed
from rationale.tokens.windows import Window, Windows


def keep_probabilities(scores: Float32, covered: Bool) -> Float32:
    """Each word's q, float32 (W,): min-max over the covered words; .5 where they are all equal.

    >>> keep_probabilities(np.array([1, 3, 2, 9], np.float32), np.array([True, True, True, False]))
    array([0. , 1. , 0.5, 0. ], dtype=float32)
    """
    q = np.zeros(scores.size, dtype=np.float32)
    if not covered.any():
        return q
    values = scores[covered].astype(np.float64)
    width = np.ptp(values)
    q[covered] = (values - values.min()) / width if width > 0 else 0.5
    return q


@dataclass(frozen=True)
class _Zeroed:
    """A window of n tokens of which some entries are zeroed.

    Attributes:
        window: The whole window.
        keep: bool (n, d), the entries of the embeddings that stay.
    """

    window: Window
    keep: Bool

    @property
    def ids(self) -> Int32:
        """int32 (n,), token ids."""
        return self.window.ids

    @property
    def types(self) -> Int32:
        """int32 (n,), token type ids."""
        return self.window.types

    @property
    def positions(self) -> Int32:
        """int32 (n,), 0 … n - 1."""
        return self.window.positions


def zeroed_probabilities(
    classifier: Classifier, windows: Windows, keeps: Sequence[Bool], batch_size: int
) -> Float64:
    """Class probabilities of one document with entries of its embeddings zeroed, float64 (R, C).

    What is zeroed is the input of the first layer, as ``Encoder.embed`` returns it.

    Args:
        classifier: The model.
        windows: The document's windows, T tokens in all.
        keeps: R draws, each bool (T, d), the entries that stay.
        batch_size: Windows a batch.
    """
    ends = np.cumsum([window.ids.size for window in windows.windows])[:-1]
    inputs = [
        _Zeroed(window, keep)
        for each in keeps
        for window, keep in zip(windows.windows, np.split(each, ends), strict=True)
    ]
    run = partial(_probabilities, classifier, inputs)
    outputs = np.stack(list(run_windows(inputs, batch_size, run, device=classifier.device)))
    weights = np.array([window.weight for window in windows.windows])
    probabilities: Float64 = np.einsum("w,rwc->rc", weights, outputs.reshape(len(keeps), weights.size, -1))
    return probabilities


def _probabilities(
    classifier: Classifier, inputs: Sequence[_Zeroed], packed: Packed, numbers: list[int]
) -> list[Float64]:
    keep = torch.from_numpy(np.concatenate([inputs[number].keep for number in numbers]))
    hidden = classifier.encoder.embed(packed) * keep.to(classifier.device)
    logits = classifier.finite(classifier.forward_from(0, hidden, packed))
    return list(classifier.probabilities(logits).cpu().numpy())


def soften(
    classifier: Classifier,
    document: ScoredDocument,
    windows: Windows,
    place: Place,
    *,
    draws: int,
    seed: int,
    batch_size: int,
) -> Softened:
    """Mean losses of the predicted class over random draws, with their standard errors.

    A draw depends on the seed, the document's ids, method, layer and its number alone, not on batches. Of an
    entry that stays for sufficiency nothing stays for comprehensiveness, and the other way around.

    Args:
        classifier: The model.
        document: The document with its word scores.
        windows: Its windows.
        place: The method and layer whose scores decide.
        draws: R, at least 2.
        seed: Random seed.
        batch_size: Windows a batch.
    """
    method, layer = place
    word = np.concatenate([window.word for window in windows.windows])
    scores = document.words[method][document.row(method, layer)]
    q = keep_probabilities(scores, document.covered)
    sources = [
        Randomness.of(seed, document.id, document.docid, method, str(layer), str(draw))
        for draw in range(draws)
    ]
    keeps = [keep for source in sources for keep in _draw(source, word, q, classifier.encoder.width)]
    outputs = zeroed_probabilities(classifier, windows, keeps, batch_size)
    best = int(np.argmax(document.probabilities))
    losses = np.maximum(0.0, document.probabilities[best] - outputs[:, best]).reshape(draws, 2)
    only, without = losses.mean(axis=0).tolist()
    only_error, without_error = (losses.std(axis=0, ddof=1) / np.sqrt(draws)).tolist()
    return Softened(without, without_error, only, only_error)


def _draw(source: Randomness, word: Int32, q: Float32, width: int) -> Iterator[Bool]:
    """Yields the entries, bool (T, d), that stay for sufficiency, and those for comprehensiveness."""
    inside = word >= 0
    uniform = source.numpy().random((word.size, width), dtype=np.float32)
    probability = np.where(inside, q[word] if q.size else 0.0, 1.0)[:, None]
    stays = uniform < probability
    yield stays
    yield ~stays | ~inside[:, None]
