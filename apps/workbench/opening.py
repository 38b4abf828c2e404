"""Opens scores and predictions with their documents and agreement; each is read once for all sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from rationale.agreement import Agreement
from rationale.artifacts.scores import COMPLETE
from rationale.corpus import Documents, load_documents
from rationale.corpus.same_label import of_same_label
from rationale.errors import ScoresError
from rationale.predictions import load_predictions
from rationale.predictions.files import PredictionFile
from rationale.predictions.recorded import recorded_options
from rationale.report.write import check_belongs
from rationale.scores import MemoryScores, ScoredDocument, Scores, StoredScores
from workbench.collection import Collection


def open_collection(
    name: str, folder: Path, data: str | None, split: str | None, agreement: Path | None, *, only: bool
) -> Collection:
    """Opens scores with the documents that their provenance names, or with other ones.

    Args:
        name: A short name for the URL.
        folder: The score folder.
        data: Where the documents are; None takes the provenance's.
        split: Their split; None takes the provenance's.
        agreement: An agreement, or None.
        only: Whether these are the only scores, so that the agreement has to belong to them.

    Raises:
        RationaleError: If one of them cannot be read, or they do not belong together.
    """
    times = [path.stat().st_mtime_ns for path in (folder / COMPLETE, agreement) if path and path.exists()]
    return _open(f"{name} {folder} {times}", name, folder, data, split, agreement, only)


@st.cache_resource(max_entries=8, show_spinner="Opening the scores …")
def _open(
    stamp: str,
    name: str,
    folder: Path,
    data: str | None,
    split: str | None,
    agreement: Path | None,
    only: bool,
) -> Collection:
    scores = StoredScores(folder)
    recipe = scores.recipe.data
    documents = load_documents(data or recipe.source, split or recipe.split)
    belonging = None if agreement is None else _belonging(agreement, scores, documents, only)
    collection = _collection(name, scores, documents, belonging, stamp)
    if not collection.keys:
        raise ScoresError(
            f"none of the scored documents is in {documents.source} (split {documents.split})",
            where=folder,
            remedy=f"They were computed from {recipe.source}, split {recipe.split}: pass it as --data.",
        )
    return collection


def open_predictions(
    name: str, file: Path, data: str | None, split: str | None, agreement: Path | None
) -> Collection:
    """Opens predictions of somebody else as scores of one method, read as for the agreement if it has them.

    Args:
        name: A short name for the URL.
        file: The predictions.
        data: Where the documents are.
        split: Their split.
        agreement: An agreement, or None.

    Raises:
        RationaleError: If there is no data, or one of them cannot be read or does not fit.
    """
    if data is None:
        raise ScoresError("predictions need the documents", where=file, remedy="Pass --data and --split.")
    times = [path.stat().st_mtime_ns for path in (file, agreement) if path and path.exists()]
    return _open_predictions(f"{name} {file} {times}", name, file, data, split, agreement)


@st.cache_resource(max_entries=8, show_spinner="Reading the predictions …")
def _open_predictions(
    stamp: str, name: str, file: Path, data: str, split: str | None, agreement: Path | None
) -> Collection:
    loaded = None if agreement is None else Agreement.load(agreement)
    content = PredictionFile.of(file)
    options = None if loaded is None else recorded_options(content, loaded.recipe)
    documents = load_documents(data, split or (loaded.recipe.agreement.split if loaded else None))
    predictions = load_predictions(content, documents, options, progress=False)
    shown = MemoryScores(predictions.recipe, [_with_masks(scored) for scored in predictions])
    belonging = None if agreement is None else _belonging(agreement, predictions, documents, only=False)
    return _collection(name, shown, documents, belonging, stamp)


def _with_masks(scored: ScoredDocument) -> ScoredDocument:
    """Shows selected words as scores of 1 where a method gives no scores; no metric uses them."""
    masks = {
        method: words.astype(np.float32)[None]
        for method, words in scored.given.items()
        if method not in scored.words
    }
    return replace(scored, words={**scored.words, **masks}, token_scores={**scored.token_scores, **masks})


def _belonging(path: Path, scores: Scores, documents: Documents, only: bool) -> Agreement | None:
    agreement = Agreement.load(path)
    try:
        check_belongs(scores, documents, agreement)
    except ScoresError:
        if only:
            raise
        return None
    return agreement


def _collection(
    name: str, scores: Scores, documents: Documents, agreement: Agreement | None, stamp: str
) -> Collection:
    """The collection with the annotators that count for the opened agreement, and its gold."""
    if agreement is None:
        return Collection(name, scores, documents, None, None, stamp)
    settings = agreement.recipe.agreement
    counted = documents if settings.same_label is None else of_same_label(documents)
    return Collection(name, scores, counted, agreement, settings.gold, stamp)


__all__ = ["open_collection", "open_predictions"]
