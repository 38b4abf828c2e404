"""Writes documents as an ERASER folder, from which `read_eraser` reads equal documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import TypedDict

from rationale.corpus.document import Document, Span
from rationale.errors import DataError
from rationale.files import atomic_path, disk_errors
from rationale.strict_json import Json


class _Evidence(TypedDict):
    """A span of words in one document; the sentences it states, or those it touches, -1 for none."""

    docid: str | int | float
    start_token: int
    end_token: int
    start_sentence: int
    end_sentence: int
    text: str


class _Annotation(TypedDict):
    """A line of a split; ``evidences`` are groups of spans, null where nobody annotated."""

    annotation_id: str | int | float
    classification: str | None
    docids: list[str | int | float]
    evidences: list[list[_Evidence]] | None
    query: str
    query_type: None


def write_eraser(
    splits: Mapping[str, Iterable[Document]],
    folder: str | Path,
    *,
    overwrite: bool = False,
    single_file: bool = False,
) -> Path:
    """Writes ``{split}.jsonl`` for each split, and the documents beside them.

    Args:
        splits: The documents of each split; those of one annotation (one id) must be consecutive.
        folder: The folder to write; it appears whole or not at all.
        overwrite: Whether an earlier folder may be replaced.
        single_file: Writes ``docs.jsonl`` instead of one file a document under ``docs/``.

    Returns:
        The folder.

    Raises:
        DataError: On a document the format cannot represent: a word with a space in it, two texts under one
            docid, a docid that is no file name, a query read after the words.
        OutputError: Where the folder exists and ``overwrite`` is off, or the disk refuses.
    """
    texts: dict[str, str] = {}
    with atomic_path(folder, overwrite=overwrite) as temporary, disk_errors(Path(folder)):
        temporary.mkdir()
        for split, documents in splits.items():
            rows = [
                _row(list(group), texts, single_file=single_file)
                for _, group in groupby(documents, key=lambda document: document.id)
            ]
            _write_rows(temporary / f"{split}.jsonl", rows)
        if single_file:
            lines = ({"docid": docid, "document": text.removesuffix("\n")} for docid, text in texts.items())
            _write_rows(temporary / "docs.jsonl", lines)
        else:
            _write_texts(temporary / "docs", texts)
    return Path(folder)


def is_file_name(docid: str) -> bool:
    """Whether a document of this id can be a file under ``docs/``."""
    fits = len(docid.encode("utf-8", "surrogatepass")) <= 255
    return fits and docid not in ("", ".", "..") and not set(docid) & {"/", "\\", "\0"}


def _row(documents: list[Document], texts: dict[str, str], *, single_file: bool) -> _Annotation:
    """The JSON object of one annotation; adds its documents to ``texts``."""
    for document in documents:
        text = _text(document, single_file=single_file)
        if texts.setdefault(document.docid, text) != text:
            raise DataError("another text has this document id already", where=_name(document))
    first, pair = documents[0], _is_pair(documents)
    query = () if pair else first.query
    for document in documents:
        if (
            (document.label, document.annotated) != (first.label, first.annotated)
            or (document.spans and not document.annotated)
            or not (pair or _common_query(document, query))
            or (not pair and not query and len(documents) == 2)
        ):
            raise DataError(
                "the format cannot represent it: documents of one annotation share label and query, "
                "the query is read first, and two documents without a query are each other's query",
                where=_name(document),
            )
    return {
        "annotation_id": first.exported_id,
        "classification": first.label,
        "docids": [document.exported_docid for document in documents],
        "evidences": _groups(documents) if first.annotated else None,
        "query": " ".join(query),
        "query_type": None,
    }


def _is_pair(documents: list[Document]) -> bool:
    """Whether these are two documents of which each is the other's query."""
    if len(documents) != 2 or [d.query_first for d in documents] != [False, True]:
        return False
    return documents[0].query == documents[1].words and documents[1].query == documents[0].words


def _common_query(document: Document, query: tuple[str, ...]) -> bool:
    words_are_whole = all(word.split() == [word] for word in query)
    return words_are_whole and document.query == query and (document.query_first or not query)


def _groups(documents: list[Document]) -> list[list[_Evidence]]:
    last = max((span.group for document in documents for span in document.spans), default=-1)
    groups: list[list[_Evidence]] = [[] for _ in range(last + 1)]
    for document in documents:
        for span in document.spans:
            groups[span.group].append(_evidence(document, span))
    return groups


def _evidence(document: Document, span: Span) -> _Evidence:
    touched = [
        number
        for number, (start, end) in enumerate(document.sentences)
        if start < span.end and end > span.start
    ]
    first, last = span.stated or ((touched[0], touched[-1] + 1) if touched else (-1, -1))
    return {
        "docid": document.exported_docid,
        "start_token": span.start,
        "end_token": span.end,
        "start_sentence": first,
        "end_sentence": last,
        "text": " ".join(document.words[span.start : span.end]),
    }


def _text(document: Document, *, single_file: bool) -> str:
    """One sentence a line; words outside all sentences go on lines of their own."""
    for word in document.words:
        if word != word.strip() or any(space in word for space in " \n\r\0"):
            raise DataError(f"the word {word!r} would not be read back as one word", where=_name(document))
    if not any(document.words):
        raise DataError("the document is empty", where=_name(document))
    cuts = sorted({0, len(document.words)}.union(*document.sentences))
    lines = [document.words[start:end] for start, end in pairwise(cuts)]
    for line in lines:
        _check_blanks(line, document, single_file=single_file)
    return "".join(" ".join(line) + "\n" for line in lines)


def _check_blanks(line: Sequence[str], document: Document, *, single_file: bool) -> None:
    """Refuses empty words the format cannot represent: only ``docs.jsonl`` can, inside or as a whole line."""
    representable = "" not in (line[0], line[-1]) or len(line) == 1
    if "" in line and not (single_file and representable):
        raise DataError("the word '' would not be read back as one word", where=_name(document))


def _write_rows(path: Path, rows: Iterable[Json]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir()
    for docid, text in texts.items():
        if not is_file_name(docid):
            raise DataError(
                f"the document id {docid!r} is no file name", remedy="Write docs.jsonl (single_file)."
            )
        # A first U+FEFF of the text would be read as a byte order mark: write one before it.
        encoding = "utf-8-sig" if text.startswith("\ufeff") else "utf-8"
        try:
            (folder / docid).write_text(text, encoding=encoding, newline="\n")
        except UnicodeEncodeError as error:
            raise DataError(f"document {docid!r} is not Unicode text ({error.reason})") from error


def _name(document: Document) -> str:
    return f"annotation {document.id!r}, document {document.docid!r}"
