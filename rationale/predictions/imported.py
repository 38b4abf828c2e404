"""Imported predictions as the scores of one method: layer 0 of a model with one layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rationale.artifacts.provenance import Provenance, ScoredData, ScoredMethod, ScoredModel
from rationale.corpus.document import Document, Documents, Key
from rationale.predictions.labels import Classes
from rationale.predictions.perturbed import Removal
from rationale.predictions.report import PredictionReport
from rationale.predictions.tally import count
from rationale.predictions.values import Content
from rationale.scores.of_words import scored_words
from rationale.scores.scored import ScoredDocument
from rationale.scores.store import MemoryScores
from rationale.strict_json import Json

FAMILY = "imported"
"""The family of imported methods."""

NO_MODEL = ScoredModel(name="no model (imported predictions)", layers=1)


class Predictions(MemoryScores):
    """Predictions of one method, as scores.

    Attributes:
        report: What was read.
    """

    def __init__(
        self,
        recipe: Provenance,
        documents: Sequence[ScoredDocument],
        report: PredictionReport,
    ) -> None:
        super().__init__(recipe, documents)
        self.report = report

    @property
    def method(self) -> str:
        """The name of the method."""
        return self.methods[0]

    def get(self, key: Key) -> ScoredDocument:
        """The prediction filed under ``key``."""
        return self._by_key[key] if key in self._by_key else super().get(key)

    @cached_property
    def _by_key(self) -> dict[Key, ScoredDocument]:
        return {document.key: document for document in self.documents}


@dataclass(frozen=True)
class Pair:
    """A row, its document, and what was read from it."""

    where: str
    row: Json
    document: Document
    content: Content


def scored_document(pair: Pair, name: str, classes: Classes, removal: Removal | None) -> ScoredDocument:
    """A prediction as a scored document: its tokens are the words, in one window.

    Raises:
        DataError: On an unknown label, or values that are no probabilities.
    """
    document, content, where = pair.document, pair.content, pair.where
    probabilities = classes.of_row(pair.row, where)
    predicted = classes.label(pair.row, "label", where)
    if predicted is None and probabilities:
        predicted = classes.names[int(np.argmax(probabilities))]
    return scored_words(
        document,
        words={} if content.scores is None else {name: content.scores.astype(np.float32)},
        given={} if content.mask is None else {name: content.mask},
        unmatched={} if content.unmatched is None else {name: content.unmatched},
        predicted=predicted,
        explained=classes.label(pair.row, "explained", where),
        probabilities=probabilities,
        perturbed=() if removal is None else removal.of(pair.row, classes, name, where),
    )


def less_likely(places: Sequence[str], documents: Sequence[ScoredDocument], names: Sequence[str]) -> str:
    """A note on the rows whose label is another class than their most probable one; empty without any."""
    found = [
        (place, document.predicted, names[int(np.argmax(document.probabilities))])
        for place, document in zip(places, documents, strict=True)
        if document.predicted is not None
        and document.probabilities
        and document.probabilities[names.index(document.predicted)] < max(document.probabilities)
    ]
    if not found:
        return ""
    place, label, likeliest = found[0]
    return (
        f"{count(len(found), 'row')} with another label than the most probable class; the label is used. The "
        f"first is {place}, with the label {label!r} and {likeliest!r} most probable."
    )


def imported_recipe(
    name: str,
    pairs: Sequence[Pair],
    documents: Documents,
    classes: Classes,
    report: PredictionReport,
    removal: Removal | None,
) -> Provenance:
    """The provenance of predictions: no model, one method, and what was read."""
    contents = [pair.content for pair in pairs]
    ranks, selects = contents[0].scores is not None, contents[0].mask is not None
    gives: Literal["scores", "selection", "both"] = (
        "both" if ranks and selects else "scores" if ranks else "selection"
    )
    return Provenance(
        model=NO_MODEL,
        data=ScoredData(
            source=documents.source,
            split=documents.split,
            fingerprint=documents.fingerprint,
            documents=len(pairs),
            sampled_from=documents.sampled_from or None,
        ),
        labels=classes.names,
        methods={
            name: ScoredMethod(
                title=name,
                definition=f"Imported from {report.file}, column {report.column}.",
                signed=any(c.scores is not None and c.scores.min(initial=0.0) < 0 for c in contents),
                layers=(0,),
                settings=report.settings,
                gives=gives,
                family=FAMILY,
            )
        },
        normalisation="divided by the sum of absolute values over the document's words",
        faithfulness=None if removal is None else removal.perturbing,
    )
