"""The ERASER benchmark's layout: ``{split}.jsonl`` beside ``docs/`` (or ``docs.jsonl``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rationale.corpus.document import Document, Documents
from rationale.corpus.evidence import Quotes, read_pieces, spans_of
from rationale.corpus.fields import identifier, label_name, need, original, short
from rationale.corpus.lines import json_object, numbered_lines
from rationale.corpus.naming import documents_of
from rationale.corpus.passages import Passage, Passages, documents_file
from rationale.corpus.places import head_of, is_visible, kind_of, stem_of
from rationale.corpus.readers import READERS, DuplicateIds, Notes, Reader, ReadOptions, UsedIds, usual_order
from rationale.errors import DataError
from rationale.strict_json import Json

NOT_A_SPLIT = ("docs",)

# The query of every review in the movies task: it carries no information, and published models ignore it.
_COMMON_QUERY = "What is the sentiment of this review?"

_FIELDS = {"annotation_id", "classification", "query", "query_type", "docids", "evidences"}


def is_eraser(source: object) -> bool:
    """Whether ``source`` is a folder in the benchmark's layout, complete or not."""
    if not isinstance(source, str | Path) or not Path(source).is_dir():
        return False
    folder = Path(source)
    if (folder / "docs").is_dir() or documents_file(folder).is_file():
        return bool(eraser_splits(folder))
    return any(map(_mentions_annotations, _files(folder).values()))


def _mentions_annotations(path: Path) -> bool:
    return b'"annotation_id"' in head_of(path, 1 << 16).replace(b"\0", b"")  # UTF-16 too


def _files(folder: Path) -> dict[str, Path]:
    """The file of each split.

    Raises:
        DataError: Where a split has two files, plain and gzipped.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        split = stem_of(path)
        if kind_of(path) == ".jsonl" and is_visible(path) and path.is_file() and split not in NOT_A_SPLIT:
            if split in files:
                raise DataError(
                    f"split {split!r} has two files, {files[split].name} and {path.name}",
                    where=folder,
                    remedy="Remove one of them.",
                )
            files[split] = path
    return files


def eraser_splits(folder: str | Path) -> list[str]:
    """The splits an ERASER folder holds: train, val and test first, then others by name."""
    return usual_order(_files(Path(folder)))


def read_eraser(folder: str | Path, split: str, *, duplicate_ids: DuplicateIds = "refuse") -> Documents:
    """Reads one split of a data set in the benchmark's layout.

    An annotation on several documents gives one ``Document`` for each. Where it has no query and lists
    exactly two documents, or is on an e-SNLI pair (``x_premise`` and ``x_hypothesis``), each is the other's
    query: a model reads the first, then the second, whatever is marked in them. Without ``docids`` the
    documents are those the annotation is named after, and those of its evidence. Evidence that marks no word
    is left out and counted. The one query that movies has for every review is left out.

    Args:
        folder: Holds ``{split}.jsonl`` and ``docs/`` or ``docs.jsonl``.
        split: The split's name.
        duplicate_ids: What to do with a repeated annotation id: ``refuse`` the file, or ``number`` the
            repeats (``id#2``, ``id#3`` …), for annotations known to be different.

    Returns:
        The documents in the order of the file; annotations of one passage share its word tuple.

    Raises:
        DataError: On anything that cannot be read as it is; the message names file and line.
    """
    return _read(folder, split, ReadOptions(duplicate_ids=duplicate_ids))


def _read(folder: str | Path, split: str, options: ReadOptions) -> Documents:
    folder = Path(folder)
    path = _files(folder).get(split)
    if path is None:
        known = ", ".join(eraser_splits(folder)) or "none"
        raise DataError(f"there is no split {split!r}", where=folder, remedy=f"Splits found: {known}.")
    if options.segmentation != "spaces":
        raise DataError(
            "ERASER folders count words at spaces, and characters were requested as words",
            where=folder,
            remedy="Convert the table behind this folder: rationale data convert --words characters.",
        )
    passages, uses, notes = Passages(folder), UsedIds(options.duplicate_ids), Notes()
    documents: list[Document] = []
    quotes = Quotes()
    for where, line in numbered_lines(path):
        with options.tolerating():
            documents.extend(
                _Annotation(json_object(line, where), passages, where, notes, quotes).documents(uses)
            )
    quotes.report(options, notes)
    options.report(notes, folder)
    return Documents(documents, source=str(folder), split=split)


@dataclass
class _Annotation:
    """One line of a split, with everything needed to read it."""

    row: Json
    passages: Passages
    where: str
    notes: Notes
    quotes: Quotes

    def documents(self, uses: UsedIds) -> list[Document]:
        """One ``Document`` for each document of the annotation; at least one."""
        raw_id = need(self.row, "annotation_id", self.where)
        name = identifier(raw_id, "annotation_id", self.where)
        unique = uses.name(name, self.where)
        pieces = read_pieces(self.row.get("evidences"), self.where)
        self._note_fields()
        query, label = self._query(), label_name(self.row.get("classification"), "classification", self.where)
        names, is_pair = documents_of(self.row, name, pieces, bool(query), self.passages, self.where)
        texts = {docid: self.passages.get(docid, self.where) for docid in names}
        spans = spans_of(pieces, texts.__getitem__, self.where, self.notes, self.quotes)
        self._note_blanks(texts)
        documents = [
            Document(
                id=unique,
                docid=docid,
                words=texts[docid].words,
                label=label,
                query=query,
                spans=tuple(span for docid_of_span, span in spans if docid_of_span == docid),
                annotated=self.row.get("evidences") is not None,
                sentences=texts[docid].sentences,
                original_id=original(raw_id) if unique == name else None,
                original_docid=original_docid,
            )
            for docid, original_docid in names.items()
        ]
        if not is_pair:
            return documents
        first, second = documents
        return [replace(first, query=second.words, query_first=False), replace(second, query=first.words)]

    def _query(self) -> tuple[str, ...]:
        value = self.row.get("query")
        if value is None:
            return ()
        if isinstance(value, str):
            return () if value.strip() == _COMMON_QUERY else tuple(value.split())
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return tuple(word for word in value if word.strip())
        raise DataError(
            f"'query' must be text, a list of words or null, got {short(value)}", where=self.where
        )

    def _note_fields(self) -> None:
        for name in self.row.keys() - _FIELDS:
            self.notes.add(f"annotations have a field {short(name)}, which is not read", self.where)

    def _note_blanks(self, texts: Mapping[str, Passage]) -> None:
        for passage in texts.values():
            if passage.has_blanks:
                self.notes.add(
                    "annotations are on a text of docs.jsonl with blank lines or repeated blanks, which "
                    "count as empty words, as in the benchmark's scorer",
                    self.where,
                )


READERS.register("eraser")(
    Reader(
        reads="a folder with {split}.jsonl beside docs/ or docs.jsonl",
        recognises=is_eraser,
        splits=eraser_splits,
        read=_read,
    )
)
