"""Everything that the model reads to measure faithfulness, for one scored document at a time."""

from __future__ import annotations

from collections.abc import Iterable
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

    def __call__(self, document: ScoredDocument, windows: Windows) -> ScoredDocument:
        """The document with its measurements."""
        settings = self._settings
        measured = replace(
            document,
            perturbed=perturb(self._classifier, document, windows, settings, self._batch_size),
            nothing=tuple(self._nothing(windows).tolist()),
        )
        if settings.soft is not None:
            measured = self._softened(measured, windows, settings.soft)
        return measured if settings.naopc is None else self._ordered(measured, windows, settings.naopc)

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

    def _ordered(self, document: ScoredDocument, windows: Windows, settings: NaopcOptions) -> ScoredDocument:
        places = ranked_places(document.layers, self._settings)
        most = most_sets(int(document.covered.sum()), len(places), settings)
        if not most:
            return document
        # on a terminal alone: a document can take minutes
        with tqdm(total=most, desc="NAOPC, at most", unit="set", leave=False, disable=None) as bar:
            losses = losses_of(
                self._classifier, document, windows, settings, self._batch_size, advance=bar.update
            )
            orders, limits = measure_orders(document, places, losses, settings)
        return replace(document, orders=orders, limits=limits)


@dataclass(frozen=True)
class Plan:
    """The most forwards that NAOPC and the soft forms take, before they begin.

    Attributes:
        documents: Documents to score.
        left_out: Documents without NAOPC: too long, or without a word that the model reads.
        naopc: The most forwards of NAOPC.
        soft: Forwards of the soft forms.
    """

    documents: int
    left_out: int
    naopc: int
    soft: int

    @property
    def sentences(self) -> list[str]:
        """One sentence for each measurement that takes many forwards.

        >>> Plan(3, 1, 4100, 0).sentences
        ['NAOPC: 2 documents, at most 4,100 forwards; left out 1 too long or without words']
        """
        left_out = f"; left out {self.left_out:,} too long or without words" if self.left_out else ""
        measured = f"NAOPC: {self.documents - self.left_out:,} documents, at most {self.naopc:,} forwards"
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
    count = left_out = naopc = soft = 0
    for document in documents:
        windows = windower(document)
        count, inputs = count + 1, len(windows.windows)
        soft += 2 * (settings.soft or 0) * places * inputs
        if settings.naopc is not None:
            sets = most_sets(int(windows.covered.sum()), places, settings.naopc)
            left_out += not sets
            naopc += sets * inputs
    return Plan(count, left_out, naopc, soft)
