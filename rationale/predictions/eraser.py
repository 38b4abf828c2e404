"""Lines of the ERASER benchmark's prediction format as rows, one for each document of an annotation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rationale.corpus.fields import need, short
from rationale.corpus.rows import Row
from rationale.errors import DataError
from rationale.strict_json import Json

WITHOUT, ONLY = "comprehensiveness_classification_scores", "sufficiency_classification_scores"
SHARES = "thresholded_scores"
_COPIED = (WITHOUT, ONLY, SHARES)
_CONTENT = {
    "hard_rationale_predictions": "spans",
    "soft_rationale_predictions": "scores",
    "soft_sentence_predictions": "sentence_scores",
}


def is_eraser_line(row: Json) -> bool:
    """Whether the first row of a JSON-lines file is of the benchmark's format."""
    return "annotation_id" in row and "rationales" in row


def eraser_rows(line: Json, where: str) -> Iterator[Row]:
    """The rows of a line: its ids, its class with probabilities, and what is predicted for one document.

    Probabilities without and with only the rationale keep the benchmark's names.

    Raises:
        DataError: Where the line is none of the format.
    """
    shared: dict[str, object] = {
        "id": need(line, "annotation_id", where),
        "label": line.get("classification"),
        "probabilities": line.get("classification_scores"),
        **{name: line.get(name) for name in _COPIED},
    }
    documents = need(line, "rationales", where)
    if not isinstance(documents, list) or not all(isinstance(item, Mapping) for item in documents):
        raise DataError(
            f"'rationales' must be a list of objects, got {short(documents)}",
            where=where,
            remedy="One for each document of the annotation, with its 'docid'.",
        )
    for item in documents:
        content = {ours: item[theirs] for theirs, ours in _CONTENT.items() if theirs in item}
        if content.get("spans") is not None:
            content["spans"] = _spans(content["spans"], where)
        given = {name: value for name, value in (shared | content).items() if value is not None}
        yield where, {**given, "docid": need(item, "docid", where)}


def _spans(value: Any, where: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(span, Mapping) for span in value):
        raise DataError(
            f"'hard_rationale_predictions' must be a list of objects, got {short(value)}",
            where=where,
            remedy='A span is {"start_token": 0, "end_token": 2}, the end exclusive.',
        )
    return [[need(span, "start_token", where), need(span, "end_token", where)] for span in value]
