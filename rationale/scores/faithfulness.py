"""Everything that the model reads to measure faithfulness, for one scored document at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tqdm import tqdm

from rationale.corpus.document import Document
from rationale.loading.classifier import Classifier
from rationale.scores.methods import METHODS
from rationale.scores.naopc import losses_of, measure_orders, most_sets, removal_of
from rationale.scores.options import Faithfulness, NaopcOptions, ScoreOptions
from rationale.scores.perturbation import perturb, ranked_places
from rationale.scores.removal import NothingReader
from rationale.scores.scored import ScoredDocument
from rationale.scores.soft import soften
from rationale.scores.units import Units, units_of
from rationale.tokens.windows import Windower, Windows


class FaithfulnessReader:
    """Adds the measurements of faithfulness to scored documents.

    Args:
        classifier: The model.
        settings: What is measured.
        seed: Random seed of the soft forms.
        batch_size: Inputs a batch.

    Raises:
        ModelError: Where NAOPC puts the mask token in the place of words, and the tokenizer has none.
    """

    def __init__(self, classifier: Classifier, settings: Faithfulness, seed: int, batch_size: int) -> None:
        self._classifier, self._settings = classifier, settings
        self._seed, self._batch_size = seed, batch_size
        self._nothing = NothingReader(classifier)
        if settings.naopc is not None:
            removal_of(settings.naopc, classifier)

    def __call__(
        self, document: ScoredDocument, windows: Windows, sentences: Sequence[tuple[int, int]] = ()
    ) -> ScoredDocument:
        """The document with its measurements.

        Args:
            document: A scored document.
            windows: Its windows.
            sentences: Word ranges ``[start, end)`` of its sentences; empty where unknown.
        """
        settings = self._settings
        measured = replace(
            document,
            perturbed=perturb(self._classifier, document, windows, settings, self._batch_size),
            nothing=tuple(self._nothing(windows).tolist()),
        )
        if settings.soft is not None:
            measured = self._softened(measured, windows, settings.soft)
        if settings.naopc is None:
            return measured
        units = units_of(document.covered, sentences, settings.naopc)
        return measured if units is None else self._ordered(measured, units, windows, settings.naopc)

    def _softened(self, document: ScoredDocument, windows: Windows, draws: int) -> ScoredDocument:
        softened = {
            place: soften(
                self._classifier,
                document,
                windows,
                place,
                draws=draws,
                seed=self._seed,
                batch_size=self._batch_size,
            )
            for place in ranked_places(document.layers, self._settings)
        }
        return replace(document, softened=softened)

    def _ordered(
        self, document: ScoredDocument, units: Units, windows: Windows, settings: NaopcOptions
    ) -> ScoredDocument:
        places = ranked_places(document.layers, self._settings)
        most = most_sets(len(units), len(places), settings)
        # on a terminal alone: a document can take minutes
        with tqdm(total=most, desc="NAOPC, at most", unit="set", leave=False, disable=None) as bar:
            losses = losses_of(
                self._classifier, document, units, windows, settings, self._batch_size, advance=bar.update
            )
            orders, limits = measure_orders(document, places, losses, settings)
        return replace(document, orders=orders, limits=limits, order_units=units.kind)


@dataclass(frozen=True)
class Plan:
    """The most forwards that NAOPC and the soft forms take, before they begin.

    Attributes:
        documents: Documents to score.
        left_out: Documents without NAOPC; :func:`rationale.scores.units.units_of` says which.
        naopc: The most forwards of NAOPC.
        soft: Forwards of the soft forms.
        by_sentence: Documents with NAOPC over sentences; None where it is not asked for.
    """

    documents: int
    left_out: int
    naopc: int
    soft: int
    by_sentence: int | None = None

    @property
    def sentences(self) -> list[str]:
        """One sentence for each measurement that takes many forwards.

        >>> Plan(3, 1, 4100, 0).sentences
        ['NAOPC: 2 documents, at most 4,100 forwards; left out 1 too long or without words']
        """
        measured = f"NAOPC: {self.documents - self.left_out:,} documents"
        reason = "too long or without words"
        if self.by_sentence is not None:
            measured += f" ({self.by_sentence:,} over sentences)"
            reason = "with too many sentences, one, no known ones, or no words"
        measured += f", at most {self.naopc:,} forwards"
        left_out = f"; left out {self.left_out:,} {reason}" if self.left_out else ""
        return [
            *([measured + left_out] if self.naopc or self.left_out else []),
            *([f"soft faithfulness: {self.soft:,} forwards"] if self.soft else []),
        ]


def plan(classifier: Classifier, documents: Iterable[Document], options: ScoreOptions) -> Plan:
    """Counts the forwards that NAOPC and the soft forms take: nothing is run.

    Args:
        classifier: The model.
        documents: The documents to score.
        options: What is measured.

    Raises:
        DataError: Where a document cannot be cut into windows.
    """
    settings = options.faithfulness
    if settings is None:
        return Plan(len(list(documents)), 0, 0, 0)
    layers = {name: METHODS.get(name).layers(classifier) for name in options.methods}
    places = len(ranked_places(layers, settings))
    windower = Windower(classifier.tokenizer, classifier.max_length, options.protocol)
    count = left_out = naopc = soft = by_sentence = 0
    for document in documents:
        windows = windower(document)
        count, inputs = count + 1, len(windows.windows)
        soft += 2 * (settings.soft or 0) * places * inputs
        if settings.naopc is not None:
            units = units_of(windows.covered, document.sentences, settings.naopc)
            left_out += units is None
            by_sentence += units is not None and units.kind == "sentence"
            naopc += 0 if units is None else most_sets(len(units), places, settings.naopc) * inputs
    over_sentences = settings.naopc is not None and settings.naopc.units == "sentence"
    return Plan(count, left_out, naopc, soft, by_sentence if over_sentences else None)
