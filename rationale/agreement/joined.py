"""Joins what was measured: against several annotators, and of several sources of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rationale.agreement.gold import Standard
from rationale.agreement.measure import AgreementOptions, Measured, Place, measure_each
from rationale.agreement.metric import metrics
from rationale.arrays import Float64
from rationale.corpus.document import Documents, Key
from rationale.metrics.ragged import ratio

if TYPE_CHECKING:
    from rationale.scores.scored import Scores


def measure_against(scores: Scores, golds: Standard, settings: AgreementOptions) -> Measured:
    """Measures one source against every annotator, and averages inside each document.

    Raises:
        ScoresError: If scores do not belong to the documents or are not finite.
    """
    return mean_over_annotators(measure_each(scores, golds.documents, settings))


def mean_over_annotators(measured: Sequence[Measured]) -> Measured:
    """The mean of every metric over the annotators of each document.

    Args:
        measured: One measurement of the same scores for each annotator.

    Returns:
        One number per place and pair: NaN where no annotator has one. What no annotator decides
        (faithfulness, soft metrics) is that of the first.
    """
    first, *others = measured
    if not others:
        return first
    parts = dict(first.parts)
    for place, values in first.parts.items():
        if not metrics.get(place.metric).of_documents:
            stacked = np.stack([values, *(other.parts[place] for other in others)])
            known = np.isfinite(stacked)
            parts[place] = ratio(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0))
    annotated = np.logical_or.reduce([one.annotated for one in measured])
    return replace(first, annotated=annotated, parts=parts)


def join(measured: Sequence[Measured], documents: Documents) -> Measured:
    """One measurement of several sources over the documents that any of them holds, in corpus order.

    Args:
        measured: Of each source; their methods differ.
        documents: The documents.

    Returns:
        NaN where a source has no such document. Labels and words are those of the first source that has the
        document, predicted labels and explained classes those of the first source.
    """
    first, *others = measured
    if not others:
        return first
    held = {key for one in measured for key in one.keys}
    keys = tuple(document.key for document in documents if document.key in held)
    places = [{key: number for number, key in enumerate(one.keys)} for one in measured]
    parts: dict[Place, Float64] = {}
    for one, place_of in zip(measured, places, strict=True):
        rows = np.array([place_of.get(key, -1) for key in keys], dtype=np.int64)
        for place, values in one.parts.items():
            parts[place] = np.where(rows >= 0, values[:, rows], np.nan)
    of_key = [
        next((one, place_of[key]) for one, place_of in zip(measured, places, strict=True) if key in place_of)
        for key in keys
    ]
    return Measured(
        keys=keys,
        annotated=np.array([one.annotated[number] for one, number in of_key], dtype=np.bool_),
        parts=parts,
        gold=tuple(one.gold[number] for one, number in of_key),
        predicted=_of_first(first.predicted, places[0], keys),
        explained=_of_first(first.explained, places[0], keys),
        words=first.words if len(first.keys) == len(keys) else _words(keys, documents),
    )


def _of_first(
    classes: Sequence[str | None], places: Mapping[Key, int], keys: Sequence[Key]
) -> tuple[str | None, ...]:
    return tuple(classes[places[key]] if key in places else None for key in keys)


def _words(keys: Sequence[tuple[str, str]], documents: Documents) -> tuple[int, int]:
    held = set(keys)
    return sum(len(document.words) for document in documents if document.key in held), 0
