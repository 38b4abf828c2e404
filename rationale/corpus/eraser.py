"""The ERASER benchmark's layout: ``{split}.jsonl`` beside ``docs/`` (or ``docs.jsonl``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rationale.corpus.document import Document, Documents, Span
from rationale.corpus.lines import json_object, need, numbered_lines
from rationale.corpus.passages import Passage, Passages
from rationale.corpus.readers import READERS, DuplicateIds, Reader, ReadOptions, UsedIds, usual_order
from rationale.errors import DataError

NOT_A_SPLIT = ("docs",)

# The movies task asks this of every review: it tells none apart, and the published models do not read it.
_ASKED_OF_ALL = "What is the sentiment of this review?"


def is_eraser(source: object) -> bool:
    """Whether ``source`` is a folder in the benchmark's layout, or one that was meant to be."""
    if not isinstance(source, str | Path) or not Path(source).is_dir():
        return False
    folder = Path(source)
    if (folder / "docs").is_dir() or (folder / "docs.jsonl").is_file():
        return bool(eraser_splits(folder))
    return any(_mentions_annotations(path) for path in folder.glob("*.jsonl"))


def _mentions_annotations(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b'"annotation_id"' in file.read(1 << 16)


def eraser_splits(folder: str | Path) -> list[str]:
    """The splits an ERASER folder holds: train, val and test first, then others by name."""
    return usual_order(
        path.stem for path in Path(folder).glob("*.jsonl") if path.is_file() and path.stem not in NOT_A_SPLIT
    )


def read_eraser(
    folder: str | Path, split: str, *, limit: int | None = None, duplicate_ids: DuplicateIds = "refuse"
) -> Documents:
    """Reads one split of a data set in the benchmark's layout.

    An annotation on several documents gives one ``Document`` for each. Where it has no query and exactly two
    documents (e-SNLI), each is the other's query, so that a model reads the first, then the second.
    Without ``docids`` the documents are those of the evidence, else the one the annotation is named after.
    Evidence that marks no words is left out, and so is the one question that movies asks of every review.

    Args:
        folder: Holds ``{split}.jsonl`` and ``docs/`` or ``docs.jsonl``.
        split: The split's name.
        limit: The number of documents to stop after.
        duplicate_ids: What to do with an annotation id used before: ``refuse`` the file, or ``number`` the
            repeats (``id#2``, ``id#3`` …) where one knows that they are different annotations.

    Returns:
        The documents in the order of the file; annotations of one passage share its word tuple.

    Raises:
        DataError: On anything that cannot be read as it is; the message names file and line.
    """
    return _read(folder, split, ReadOptions(limit=limit, duplicate_ids=duplicate_ids))


def _read(folder: str | Path, split: str, options: ReadOptions) -> Documents:
    folder = Path(folder)
    path = folder / f"{split}.jsonl"
    if not path.is_file() or split in NOT_A_SPLIT:
        known = ", ".join(eraser_splits(folder)) or "none"
        raise DataError(f"there is no split {split!r}", where=folder, remedy=f"Splits found: {known}.")
    passages, uses = Passages(folder), UsedIds(options.duplicate_ids)
    documents: list[Document] = []
    misquoted: list[str] = []
    for where, line in numbered_lines(path):
        if options.limit is not None and len(documents) >= options.limit:
            break
        with options.tolerating():
            row = json_object(line, where)
            identifier = uses.name(str(need(row, "annotation_id", where)), where)
            documents.extend(_documents(row, identifier, passages, where))
            if options.notes is not None:
                misquoted += _misquoted(row, passages, where)
    if options.notes is not None and misquoted:
        options.notes.append(
            f"{len(misquoted)} pieces of evidence quote other words than stand at their indices "
            f"(the first in {misquoted[0]})"
        )
    return Documents(documents[: options.limit], source=str(folder), split=split)


def _documents(row: Mapping[str, Any], identifier: str, passages: Passages, where: str) -> Iterator[Document]:
    """One document for each that the annotation ``row`` is about; at least one."""
    evidence = _evidence(row.get("evidences"), where)
    names = _docids(row, evidence, passages, where)
    query, label = _query(row.get("query"), where), _label(row.get("classification"), where)
    texts = {name: passages.get(name, where) for name in names}
    for position, name in enumerate(names):
        text = texts[name]
        document = Document(
            id=identifier,
            docid=name,
            words=text.words,
            label=label,
            query=query,
            spans=tuple(_fitting(span, text, name, where) for docid, span in evidence if docid == name),
            annotated=row.get("evidences") is not None,
            sentences=text.sentences,
        )
        if not query and len(names) == 2:
            document = replace(document, query=texts[names[1 - position]].words, query_first=position == 1)
        yield document


def _docids(
    row: Mapping[str, Any], evidence: list[tuple[str, Span]], passages: Passages, where: str
) -> list[str]:
    """The annotation's documents, each once: those it lists, then those of its evidence; premise first."""
    listed = row.get("docids") or []
    if not isinstance(listed, list):
        raise DataError(f"'docids' must be a list or null, got {type(listed).__name__}", where=where)
    names = list(dict.fromkeys([*map(str, listed), *(docid for docid, _ in evidence)]))
    identifier = str(row["annotation_id"])
    if not names:
        names = [name for name in (identifier, identifier.split(":")[0]) if name in passages][:1]
    if not names:
        raise DataError(
            f"annotation {identifier!r} has no docids, no evidence, and no document of its name",
            where=where,
            remedy="List its document under 'docids'.",
        )
    return sorted(names, key=lambda name: name.endswith("hypothesis"))


def _evidence(groups: object, where: str) -> list[tuple[str, Span]]:
    """``(docid, span)`` of each evidence that marks words, in the order of the file."""
    if groups is None:
        return []
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise DataError(
            "'evidences' must be a list of groups, each a list of evidence",
            where=where,
            remedy='For example: "evidences": [[{"docid": "a", "start_token": 0, "end_token": 3}]].',
        )
    pairs = [(_span(item, number, where)) for number, group in enumerate(groups) for item in group]
    return [(docid, span) for docid, span in pairs if span.start != span.end]


def _span(item: object, group: int, where: str) -> tuple[str, Span]:
    if not isinstance(item, dict):
        raise DataError(f"evidence must be an object, got {type(item).__name__}", where=where)
    docid = str(need(item, "docid", where))
    start, end = need(item, "start_token", where), need(item, "end_token", where)
    for name, value in (("start_token", start), ("end_token", end)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise DataError(f"'{name}' must be a whole number, got {value!r}", where=where)
    if start > end:
        raise DataError(
            f"evidence in document {docid!r} starts at word {start} and ends before it, at {end}",
            where=where,
            remedy="start_token is inclusive, end_token exclusive.",
        )
    return docid, Span(start, end, group)


def _fitting(span: Span, text: Passage, docid: str, where: str) -> Span:
    if span.start < 0 or span.end > len(text.words):
        raise DataError(
            f"evidence [{span.start}, {span.end}) lies outside document {docid!r} of {len(text.words)} words",
            where=where,
            remedy="Token indices count the words of the whole document from 0; the end is exclusive.",
        )
    return span


def _misquoted(row: Mapping[str, Any], passages: Passages, where: str) -> list[str]:
    """``where`` for each evidence whose text is not what stands at its indices; the row has been read."""
    items = (item for group in row.get("evidences") or [] for item in group)
    quoted = ((item["text"], item) for item in items if isinstance(item.get("text"), str) and item["text"])
    found = (
        (text, passages.get(str(item["docid"]), where).words[item["start_token"] : item["end_token"]])
        for text, item in quoted
    )
    return [where for text, words in found if text.split() != " ".join(words).split()]


def _query(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return () if value.strip() == _ASKED_OF_ALL else tuple(value.split())
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(word for word in value if word.strip())
    raise DataError(f"'query' must be text, a list of words or null, got {value!r}", where=where)


def _label(value: object, where: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int):
        return str(value)
    raise DataError(f"'classification' must be text or null, got {value!r}", where=where)


READERS.register("eraser")(
    Reader(
        reads="a folder with {split}.jsonl beside docs/ or docs.jsonl",
        recognises=is_eraser,
        splits=eraser_splits,
        read=_read,
    )
)
