"""Opened scores with their documents and agreement, and the numbers of every document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import streamlit as st

from rationale.agreement import Agreement, agree, metrics
from rationale.agreement.gold import Gold, InUse, in_use, standard
from rationale.agreement.joined import measure_against
from rationale.agreement.measure import AgreementOptions as Measuring
from rationale.agreement.measure import Measured, Place
from rationale.agreement.select import (
    SELECTIONS,
    Chosen,
    Select,
    rule_of,
    rule_text,
    select_words,
    selections,
    without_n,
)
from rationale.arrays import Bool
from rationale.artifacts.provenance import Provenance
from rationale.corpus import Document, Documents, Key
from rationale.errors import ScoresError
from rationale.metrics.chance import majority_of, majority_sentence
from rationale.report.findings import warnings
from rationale.scores import MemoryScores, ScoredDocument, Scores
from workbench.dropping import dropped, drops, token_precision
from workbench.panels import CHOSEN, REST, Layered, Numbers


@dataclass(frozen=True)
class Collection:
    """Scores with their documents.

    Attributes:
        name: A short name for the URL.
        scores: The scores.
        documents: Their documents, with human rationales if there are any.
        agreement: The agreement that was opened with them, or None.
        gold: How several annotators make the human rationale; None where there is one a document.
        stamp: A text that changes when the files do; the cache key of what is computed from them.
    """

    name: str
    scores: Scores
    documents: Documents
    agreement: Agreement | None = None
    gold: Gold | None = None
    stamp: str = ""

    @property
    def title(self) -> str:
        """Data, split and model, as the page shows them."""
        data, model = self.scores.recipe.data, self.scores.recipe.model
        parts = (Path(data.source).name, data.split, Path(model.name).name)
        return " · ".join(str(part) for part in parts if part)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The scored pairs that are among the documents, in corpus order."""
        return tuple(key for key in self.scores.keys if self.documents.get(key) is not None)

    @cached_property
    def texts(self) -> dict[Key, str]:
        """Id and text of each document in lower case, for the search."""
        return {key: f"{key[0]} {key[1]} {' '.join(self._document(key).words)}".lower() for key in self.keys}

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Warnings to show before the scores, such as that the classifier is at chance."""
        if self.agreement is not None:
            return tuple(warnings(self.agreement))
        if len(self.scores.labels) < 2:  # a number has no majority
            return ()
        labelled = [
            (self.documents.get(key), label)
            for key, label in zip(self.scores.keys, self.scores.predicted, strict=True)
        ]
        pairs = [(document.label, label) for document, label in labelled if document is not None]
        sentence = majority_sentence(majority_of([gold for gold, _ in pairs], [label for _, label in pairs]))
        return (sentence,) if sentence else ()

    @property
    def annotated(self) -> bool:
        """Whether a human marked any document."""
        return any(self._document(key).annotated for key in self.keys)

    @cached_property
    def used(self) -> InUse:
        """The documents with the human rationale that is shown, and how it was made."""
        return in_use(self.documents, self.gold)

    @property
    def recipe(self) -> Provenance:
        """The provenance of the opened agreement, which says how words were selected; else of the scores."""
        return self.scores.recipe if self.agreement is None else self.agreement.recipe

    @property
    def measuring(self) -> Measuring:
        """How agreement is measured: like the opened agreement, with all selections that the scores allow."""
        rule = rule_of(self.recipe, "threshold")
        return Measuring(selections(self.scores.recipe), rule.eta, rule.absolute)

    def title_of(self, method: str) -> str:
        """Returns a method's title."""
        return self.scores.recipe.title_of(method)

    def open(self, key: Key) -> tuple[Document, ScoredDocument]:
        """Returns a document and its scores.

        Raises:
            ScoresError: If they are of different texts.
        """
        document, scored = self._document(key), self.scores.get(key)
        if document.digest != scored.digest:
            raise ScoresError(
                f"the scores of {key[0]!r} were computed from another text",
                where=self.documents.source,
                remedy="Pass the --data and --split that were scored, or score this data again.",
            )
        return document, scored

    def _document(self, key: Key) -> Document:
        document = self.used.documents.get(key)
        if document is None:
            raise ScoresError(f"there is no document {key[1]!r} of annotation {key[0]!r}", where=self.name)
        return document

    def layered(self, document: Document, scored: ScoredDocument, method: str, select: Select) -> Layered:
        """Returns what a method selects in one document in each layer, with its metrics.

        Raises:
            ScoresError: If the threshold is not known.
        """
        numbers = self.numbers(document, scored)
        if drops(method, scored):
            place = self.scores.recipe.decides
            return dropped(document, scored, method, self.title_of(method), place, numbers)
        if not self.scores.recipe.ranks(method):
            select = "given"
        if select not in selections(self.scores.recipe):
            raise ScoresError(str(without_n(self.scores.recipe)))
        rule = rule_of(self.recipe, select)
        chosen = select_words(scored, document, self.scores.recipe, method, rule)
        layers = scored.layers[method]
        return Layered(
            method=method,
            title=self.title_of(method),
            marks=np.where(chosen.words, CHOSEN, REST).astype(np.int8),
            tokens=chosen.tokens,
            compared=chosen.scores,
            thresholds=chosen.thresholds,
            numbers=[numbers_at(numbers, method, layer, select) for layer in layers],
            token_precision=[token_precision(document, scored, row) for row in chosen_tokens(scored, chosen)],
            signed=self.scores.recipe.methods[method].signed,
            rule=rule_text(self.recipe, select, method),
        )

    def numbers(self, document: Document, scored: ScoredDocument) -> Measured | None:
        """Computes every metric on this one document; None if it has no annotation."""
        if not document.annotated:
            return None
        alone = MemoryScores(self.scores.recipe, [scored])
        one = Documents([document], source=self.documents.source)
        return measure_against(alone, standard(one, self.gold if document.marks else None), self.measuring)


def chosen_tokens(scored: ScoredDocument, chosen: Chosen) -> Bool:
    """Returns the tokens that met a threshold, or all tokens of the words selected by rank; bool (R, T)."""
    inside = scored.token_word >= 0
    tokens = np.zeros((len(chosen.words), len(inside)), dtype=np.bool_)
    tokens[:, inside] = chosen.words[:, scored.token_word[inside]]
    return tokens if chosen.tokens is None else tokens & chosen.tokens


def numbers_at(measured: Measured | None, method: str, layer: int, select: Select) -> Numbers:
    """Returns metric to value of one document; None if a metric is not defined on it."""
    values: dict[str, float | None] = {}
    for name, metric in metrics.items():
        place = Place(method, layer, name, select if metric.needs_selection else None)
        if measured is not None and place in measured.parts:
            value = float(metric.of_means(measured.parts[place])[0])
            values[name] = None if np.isnan(value) else value
    return values


@st.cache_resource(max_entries=8, show_spinner="Comparing every document with its rationale …")
def all_numbers(stamp: str, _collection: Collection) -> Measured:
    """Computes every metric of every document."""
    golds = standard(_collection.documents, _collection.gold)
    return measure_against(_collection.scores, golds, _collection.measuring)


@st.cache_resource(max_entries=8, show_spinner="Computing agreement, with its intervals …")
def agreement_of(stamp: str, _collection: Collection) -> Agreement:
    """Returns the opened agreement, or computes one with the defaults of ``rationale agree``."""
    return _collection.agreement or agree(_collection.scores, _collection.documents, gold=_collection.gold)


def column(measured: Measured, metric: str, method: str, layer: int, select: Select) -> dict[Key, float]:
    """Returns one metric of each pair on which it is defined."""
    entry = metrics.get(metric)
    parts = measured.parts.get(Place(method, layer, metric, select if entry.needs_selection else None))
    if parts is None:
        return {}
    values = entry.of_means(parts)
    return {key: float(v) for key, v in zip(measured.keys, values, strict=True) if not np.isnan(v)}


__all__ = [
    "SELECTIONS",
    "Collection",
    "agreement_of",
    "all_numbers",
    "column",
]
