"""NAOPC of one document: AOPC over each method's full order of words, and the limits of any order's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rationale.arrays import Bool, Float64, Int64
from rationale.errors import ModelError
from rationale.loading.classifier import Classifier
from rationale.metrics.naopc import Limits, aopc, limits, most_forwards, prefixes
from rationale.scores.options import NaopcOptions
from rationale.scores.removal import Remove, masked, probabilities_without, without
from rationale.scores.scored import OrderAopc, Place, ScoredDocument
from rationale.tokens.windows import Windows

_AT_ONCE = 512  # sets of removed words between two steps of the progress bar
Advance = Callable[[int], object]


def removal_of(settings: NaopcOptions, classifier: Classifier) -> Remove:
    """How words are removed.

    Raises:
        ModelError: Where they are replaced by the mask token, and the tokenizer has none.
    """
    if settings.removal == "delete":
        return without
    if classifier.tokenizer.mask_token_id is None:
        raise ModelError(
            "the tokenizer has no mask token to put in the place of words",
            where=classifier.identity.name,
            remedy="Use --naopc-removal delete.",
        )
    return partial(masked, int(classifier.tokenizer.mask_token_id))


@dataclass
class Losses:
    """p(all words) - p(without a set of words) of the predicted class; the model reads each set once.

    Attributes:
        document: The scored document; N covered words.
        read: From R sets of removed words, each bool (W,), to class probabilities, float64 (R, C).
        advance: Receives the number of sets that were read, for a progress bar.
    """

    document: ScoredDocument
    read: Callable[[Sequence[Bool]], Float64]
    advance: Advance

    def __post_init__(self) -> None:
        self._words = np.flatnonzero(self.document.covered)
        self._best = int(np.argmax(self.document.probabilities))
        self._known: dict[bytes, float] = {}

    def __call__(self, removed: Bool) -> Float64:
        """float64 (R,) of R sets of the covered words, bool (R, N)."""
        names = [row.tobytes() for row in removed]
        new = [name for name in dict.fromkeys(names) if name not in self._known]
        for start in range(0, len(new), _AT_ONCE):
            self._read(new[start : start + _AT_ONCE])
        return np.array([self._known[name] for name in names])

    def _read(self, names: list[bytes]) -> None:
        removed = np.zeros((len(names), self.document.covered.size), dtype=np.bool_)
        removed[:, self._words] = [np.frombuffer(name, dtype=np.bool_) for name in names]
        losses = self.document.probabilities[self._best] - self.read(list(removed))[:, self._best]
        self._known.update(zip(names, losses.tolist(), strict=True))
        self.advance(len(names))


def order_of(document: ScoredDocument, place: Place) -> Int64:
    """The covered words by score, the highest first, int64 (N,); ties go to the earlier word."""
    scores = document.words[place[0]][document.row(*place)][document.covered]
    return np.argsort(-scores, kind="stable")


def measure_orders(
    document: ScoredDocument, places: Sequence[Place], losses: Losses, settings: NaopcOptions
) -> tuple[dict[Place, OrderAopc], Limits]:
    """AOPC of each method and layer over its full order, and the limits; evaluated orders raise them.

    Args:
        document: A document with at least one covered word.
        places: Methods and layers whose scores rank words.
        losses: The model on this document.
        settings: How the limits are searched.
    """
    words = int(document.covered.sum())
    orders = {place: order_of(document, place) for place in places}
    both = [one for order in orders.values() for one in (order, order[::-1])]
    if both:
        losses(np.concatenate([prefixes(order) for order in both]))  # in full batches
    measured = {
        place: OrderAopc(aopc(order, losses), aopc(order[::-1], losses)) for place, order in orders.items()
    }
    found = limits(words, losses, exact_words=settings.exact, beam=settings.beam)
    values = [value for one in measured.values() for value in (one.comprehensiveness, one.sufficiency)]
    return measured, found.widened(values)


def losses_of(
    classifier: Classifier,
    document: ScoredDocument,
    windows: Windows,
    settings: NaopcOptions,
    batch_size: int,
    advance: Advance,
) -> Losses:
    """The model as a function of the removed words of one document."""
    remove = removal_of(settings, classifier)
    return Losses(
        document,
        lambda removed: probabilities_without(classifier, windows, removed, batch_size, remove),
        advance,
    )


def most_sets(words: int, places: int, settings: NaopcOptions) -> int:
    """The most sets of words that are removed to measure one document; 0 where it is left out.

    >>> most_sets(3, 4, NaopcOptions()), most_sets(61, 4, NaopcOptions())
    (8, 0)
    """
    if not 0 < words <= settings.words:
        return 0
    if words <= settings.exact:
        return 1 << words
    return most_forwards(words, settings.beam) + 2 * places * words
