"""Finds the documents of an ERASER annotation by their names, never by what is marked."""

from __future__ import annotations

from rationale.corpus.evidence import Piece
from rationale.corpus.fields import identifier, original, short
from rationale.corpus.passages import Passages
from rationale.errors import DataError
from rationale.strict_json import Json

Names = dict[str, int | float | None]  # document ids in order; the id as a number where the file has one

_PREMISE, _HYPOTHESIS = "_premise", "_hypothesis"


def documents_of(
    row: Json, name: str, pieces: list[Piece], has_query: bool, passages: Passages, where: str
) -> tuple[Names, bool]:
    """The documents of an annotation, each once, and whether they are a pair that is read together.

    They are those under ``docids``, or else those the annotation is named after. With a query, documents that
    only the evidence names are added. Without one they are refused: the model's input would depend on the
    rationale.

    Args:
        row: The annotation.
        name: Its id.
        pieces: Its evidence.
        has_query: Whether it has a query.
        passages: All documents of the folder.
        where: The line, for messages.

    Raises:
        DataError: Where there is no document, or only the evidence names a second one.
    """
    marked: Names = {}
    for piece in pieces:
        if marked.get(piece.docid) is None:
            marked[piece.docid] = piece.original_docid
    known = _listed_documents(row.get("docids"), where) or dict.fromkeys(_named_after(name, passages, where))
    if not has_query:
        known = _without_query(known, marked, passages, name, where)
    names = _merged(known, marked)
    if not names:
        raise DataError(
            f"annotation {short(name)} has no docids, no evidence, and no document of its name",
            where=where,
            remedy="List its document under 'docids'.",
        )
    is_pair = len(names) == 2 and not has_query
    ordered = sorted(names, key=lambda docid: is_pair and docid.endswith("hypothesis"))
    return {docid: names[docid] for docid in ordered}, is_pair


def _without_query(known: Names, marked: Names, passages: Passages, name: str, where: str) -> Names:
    if not known and marked:
        stem = _stem(next(iter(marked)))
        known = dict.fromkeys(_pair(stem, passages, where)) if stem else {}
        if not known and len(marked) == 1:
            known = marked
    elif len(known) == 1:
        stem = _stem(next(iter(known)))
        if stem and all(stem + ending in passages for ending in (_PREMISE, _HYPOTHESIS)):
            known = dict.fromkeys([stem + _PREMISE, stem + _HYPOTHESIS]) | known
    foreign = next((docid for docid in marked if docid not in known), None)
    if foreign is not None:
        raise DataError(
            f"annotation {short(name)} has no query, and evidence in document {short(foreign)}, which is "
            "none of its documents: the model's input would depend on the rationale",
            where=where,
            remedy="List its documents under 'docids'; two of them are read as a pair.",
        )
    return known


def _merged(known: Names, marked: Names) -> Names:
    return {
        docid: known[docid] if known.get(docid) is not None else marked.get(docid) for docid in known | marked
    }


def _listed_documents(docids: object, where: str) -> Names:
    """The documents under ``docids``, each once."""
    if docids is None:
        return {}
    if not isinstance(docids, list):
        raise DataError(f"'docids' must be a list or null, got {type(docids).__name__}", where=where)
    return {identifier(docid, "docids", where): original(docid) for docid in docids}


def _named_after(name: str, passages: Passages, where: str) -> list[str]:
    """The documents an annotation is named after, as e-SNLI, CoS-E and MultiRC name them."""
    pair = _pair(name, passages, where)
    if pair:
        return pair
    question = name[:-2] if name[-2:-1] == "_" else name  # CoS-E with a row a choice: its letter comes last
    candidates = [f"{stem}{ending}" for stem in (name, question) for ending in ("", "_query")]
    candidates += [name.rsplit(":", 2)[0], name.split(":")[0]]
    return [docid for docid in candidates if docid and docid in passages][:1]


def _pair(stem: str, passages: Passages, where: str) -> list[str]:
    """Premise and hypothesis of an e-SNLI annotation; empty where neither exists.

    Raises:
        DataError: Where only one exists: it would be read alone.
    """
    names = [stem + _PREMISE, stem + _HYPOTHESIS]
    existing = [name for name in names if name in passages]
    if len(existing) == 1:
        missing = next(name for name in names if name not in existing)
        raise DataError(
            f"document {short(missing)} is missing; it is read together with {short(existing[0])}",
            where=where,
            remedy="Add the document, or remove the annotation.",
        )
    return existing


def _stem(docid: str) -> str:
    """The common part of the names of an e-SNLI pair; empty for another document."""
    for ending in (_PREMISE, _HYPOTHESIS):
        if docid.endswith(ending):
            return docid.removesuffix(ending)
    return ""
