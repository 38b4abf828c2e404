"""NAOPC of one document: AOPC over each method's full order of units, and the limits of any order's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rationale.arrays import Bool, Float64
from rationale.errors import ModelError
from rationale.loading.classifier import Classifier
from rationale.metrics.naopc import Limits, aopc, limits, most_forwards, prefixes
from rationale.scores.options import NaopcOptions
from rationale.scores.removal import Remove, masked, probabilities_without, without
from rationale.scores.scored import OrderAopc, Place, ScoredDocument
from rationale.scores.units import Units
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
    """p(all words) - p(without a set of units) of the predicted class; the model reads each set once.

    Attributes:
        document: The scored document.
        units: Its N units.
        read: From R sets of removed words, each bool (W,), to class probabilities, float64 (R, C).
        advance: Receives the number of sets that were read, for a progress bar.
    """

    document: ScoredDocument
    units: Units
    read: Callable[[Sequence[Bool]], Float64]
    advance: Advance

    def __post_init__(self) -> None:
        self._best = int(np.argmax(self.document.probabilities))
        self._known: dict[bytes, float] = {}

    def __call__(self, removed: Bool) -> Float64:
        """float64 (R,) of R sets of the units, bool (R, N)."""
        names = [row.tobytes() for row in removed]
        new = [name for name in dict.fromkeys(names) if name not in self._known]
        for start in range(0, len(new), _AT_ONCE):
            self._read(new[start : start + _AT_ONCE])
        return np.array([self._known[name] for name in names])

    def _read(self, names: list[bytes]) -> None:
        removed = self.units.removed(np.stack([np.frombuffer(name, dtype=np.bool_) for name in names]))
        losses = self.document.probabilities[self._best] - self.read(list(removed))[:, self._best]
        self._known.update(zip(names, losses.tolist(), strict=True))
        self.advance(len(names))


def measure_orders(
    document: ScoredDocument, places: Sequence[Place], losses: Losses, settings: NaopcOptions
) -> tuple[dict[Place, OrderAopc], Limits]:
    """AOPC of each method and layer over its full order, and the limits; evaluated orders raise them.

    Args:
        document: A scored document.
        places: Methods and layers whose scores rank words.
        losses: The model on this document, and its units, at least one.
        settings: How the limits are searched.
    """
    units = losses.units
    orders = {place: units.order(document.words[place[0]][document.row(*place)]) for place in places}
    both = [one for order in orders.values() for one in (order, order[::-1])]
    if both:
        losses(np.concatenate([prefixes(order) for order in both]))  # in full batches
    measured = {
        place: OrderAopc(aopc(order, losses), aopc(order[::-1], losses)) for place, order in orders.items()
    }
    found = limits(len(units), losses, exact_words=settings.exact, beam=settings.beam)
    values = [value for one in measured.values() for value in (one.comprehensiveness, one.sufficiency)]
    return measured, found.widened(values)


def losses_of(
    classifier: Classifier,
    document: ScoredDocument,
    units: Units,
    windows: Windows,
    settings: NaopcOptions,
    batch_size: int,
    advance: Advance,
) -> Losses:
    """The model as a function of the removed units of one document."""
    remove = removal_of(settings, classifier)
    return Losses(
        document,
        units,
        lambda removed: probabilities_without(classifier, windows, removed, batch_size, remove),
        advance,
    )


def most_sets(units: int, places: int, settings: NaopcOptions) -> int:
    """The most sets of units that are removed to measure one document.

    >>> most_sets(3, 4, NaopcOptions())
    8
    """
    if units <= settings.exact:
        return 1 << units
    return most_forwards(units, settings.beam) + 2 * places * units
