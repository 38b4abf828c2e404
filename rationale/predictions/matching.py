"""Rows matched with the documents that they predict, by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rationale.corpus.document import Document, Documents, Key
from rationale.corpus.fields import identifier, listing, short
from rationale.corpus.rows import Row
from rationale.errors import DataError
from rationale.strict_json import Json


@dataclass(frozen=True)
class Matched:
    """Rows and their documents.

    Attributes:
        rows: Each row of a document of the data, with the document.
        unknown: Number of rows whose ids the data lack.
    """

    rows: tuple[tuple[Row, Document], ...]
    unknown: int


def match_rows(rows: Sequence[Row], documents: Documents, *, partial: bool) -> Matched:
    """Matches rows with documents; ids are compared as text, so 7 is "7".

    Args:
        rows: Rows with ``id`` and, where an annotation has several documents, ``docid``.
        documents: The data.
        partial: Whether ids that the data lack are ignored, as with a sample of the data.

    Raises:
        DataError: Where a row has no id, two rows have the same, one names no single document, or ids are not
            in the data.
    """
    by_id: dict[str, list[Document]] = {}
    for document in documents:
        by_id.setdefault(document.id, []).append(document)
    found: dict[Key, tuple[Row, Document]] = {}
    unknown: list[tuple[str, str]] = []
    for where, row in rows:
        name, meant = _document(row, where, by_id)
        if meant is None:
            unknown.append((where, name))
            continue
        if meant.key in found:
            raise DataError(
                f"{name} is predicted twice, first in {found[meant.key][0][0]}",
                where=where,
                remedy="Give each document one row, and each method its own file.",
            )
        found[meant.key] = ((where, row), meant)
    if unknown and not (partial and found):
        raise _not_in_the_data(unknown, len(rows), documents)
    ordered = (found[document.key] for document in documents if document.key in found)
    return Matched(tuple(ordered), len(unknown))


def _document(row: Json, where: str, by_id: dict[str, list[Document]]) -> tuple[str, Document | None]:
    """What a row's ids are called in messages, and the document; None where the data lack it."""
    annotation = _id(row, "id", where)
    if annotation is None:
        raise DataError(
            "there is no 'id'",
            where=where,
            remedy=f"Rows are matched by id and not by their order. Columns found: {listing(row)}.",
        )
    docid = _id(row, "docid", where)
    name = f"id {annotation!r}" if docid is None else f"id {annotation!r}, docid {docid!r},"
    candidates = by_id.get(annotation, [])
    if docid is not None:
        return name, next((document for document in candidates if document.docid == docid), None)
    if len(candidates) > 1:
        raise DataError(
            f"{name} is an annotation of {len(candidates)} documents",
            where=where,
            remedy=f"Add a column 'docid': {listing(document.docid for document in candidates)}.",
        )
    return name, candidates[0] if candidates else None


def _id(row: Json, name: str, where: str) -> str | None:
    value = row.get(name)
    if isinstance(value, float) and value.is_integer():  # tables with gaps store whole numbers as floats
        value = int(value)
    if value is None or value == "" or value != value:
        return None
    text = identifier(value, name, where)
    return text.strip() if isinstance(value, str) else text


def _not_in_the_data(unknown: list[tuple[str, str]], rows: int, documents: Documents) -> DataError:
    where, name = unknown[0]
    data = f"{documents.source}, split {documents.split}" if documents.split else documents.source
    if len(unknown) == rows:
        return DataError(
            f"none of the {rows:,} ids is in the data; the first is {name}",
            where=where,
            remedy=f"The data are {data}, whose first id is {short(documents[0].id)}: is it another split?",
        )
    return DataError(
        f"{len(unknown):,} of {rows:,} ids are not in the data; the first is {name}",
        where=where,
        remedy=f"The data are {data}. Give the split that was predicted; rows of documents beyond a sample "
        "(--limit) may be ignored.",
    )
