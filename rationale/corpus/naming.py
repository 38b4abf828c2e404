"""Which documents an ERASER annotation is about: a question of its names, never of what is marked."""

from __future__ import annotations

from rationale.corpus.evidence import Piece
from rationale.corpus.fields import identifier, original, short
from rationale.corpus.passages import Passages
from rationale.errors import DataError
from rationale.strict_json import Json

Names = dict[str, int | float | None]  # document ids in order, with the numbers that some are in the file

_PREMISE, _HYPOTHESIS = "_premise", "_hypothesis"


def documents_of(
    row: Json, name: str, pieces: list[Piece], has_query: bool, passages: Passages, where: str
) -> tuple[Names, bool]:
    """The documents of an annotation, each once, and whether they are a pair that is read together.

    They are those under ``docids``, or else those the annotation is named after. A query tells what is asked
    of documents that only the evidence names, so these are added; without one they are refused, as it would
    depend on the marks what is read.

    Args:
        row: The annotation.
        name: Its id.
        pieces: Its evidence.
        has_query: Whether it asks something.
        passages: The documents there are.
        where: The line, for messages.

    Raises:
        DataError: Where there is no document, or only the evidence tells that there are two.
    """
    marked: Names = {}
    for piece in pieces:
        if marked.get(piece.docid) is None:
            marked[piece.docid] = piece.original_docid
    known = _listed(row.get("docids"), where) or dict.fromkeys(_named_after(name, passages, where))
    if not has_query:
        known = _without_query(known, marked, passages, name, where)
    names = _joined(known, marked)
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
            "none of its documents: what is read would depend on what is marked",
            where=where,
            remedy="List its documents under 'docids'; two of them are read as a pair.",
        )
    return known


def _joined(known: Names, marked: Names) -> Names:
    return {
        docid: known[docid] if known.get(docid) is not None else marked.get(docid) for docid in known | marked
    }


def _listed(listed: object, where: str) -> Names:
    """The documents under ``docids``, each once."""
    if listed is None:
        return {}
    if not isinstance(listed, list):
        raise DataError(f"'docids' must be a list or null, got {type(listed).__name__}", where=where)
    return {identifier(docid, "docids", where): original(docid) for docid in listed}


def _named_after(name: str, passages: Passages, where: str) -> list[str]:
    """The documents an annotation is named after, as e-SNLI, CoS-E and MultiRC name them."""
    pair = _pair(name, passages, where)
    if pair:
        return pair
    passage = name.rsplit(":", 2)[0]
    others = (name, f"{name}_query", passage, name.split(":")[0])
    return [docid for docid in others if docid and docid in passages][:1]


def _pair(stem: str, passages: Passages, where: str) -> list[str]:
    """Premise and hypothesis of an e-SNLI annotation; nothing where neither is there.

    Raises:
        DataError: Where only one is there: it would be read alone.
    """
    names = [stem + _PREMISE, stem + _HYPOTHESIS]
    there = [name for name in names if name in passages]
    if len(there) == 1:
        missing = next(name for name in names if name not in there)
        raise DataError(
            f"document {short(missing)} is missing, which is read together with {short(there[0])}",
            where=where,
            remedy="Add the document, or remove the annotation.",
        )
    return there


def _stem(docid: str) -> str:
    """What the names of an e-SNLI pair have in common; empty for another document."""
    for ending in (_PREMISE, _HYPOTHESIS):
        if docid.endswith(ending):
            return docid.removesuffix(ending)
    return ""
