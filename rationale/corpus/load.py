"""Loads documents from any kind of source."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rationale.corpus import eraser, frame, hub, squad, table  # noqa: F401  (readers are tried in the order of registration)
from rationale.corpus.columns import Columns
from rationale.corpus.document import Documents
from rationale.corpus.places import source_errors
from rationale.corpus.readers import READERS, DuplicateIds, Reader, ReadOptions
from rationale.corpus.segment import Segmentation, is_unsegmented
from rationale.errors import DataError
from rationale.files import home

log = logging.getLogger(__name__)


def load_documents(
    source: Any,
    split: str | None = None,
    *,
    duplicate_ids: DuplicateIds = "refuse",
    columns: Columns | None = None,
    segmentation: Segmentation = "spaces",
) -> Documents:
    """Reads the documents of one split.

    Args:
        source: A folder in ERASER layout; a JSONL, JSON, CSV, TSV or Parquet file, or a folder of such files
            named after their splits, gzipped or not; a ``DataFrame`` of pandas; a ``datasets`` object, or a
            folder it was saved to.
        split: The split's name; optional where the source holds just one.
        duplicate_ids: ``refuse`` an id used twice, or ``number`` the repeats (``id#2``, ``id#3`` …).
        columns: Which columns of a table hold what, where they go by other names than `Columns` expects.
        segmentation: How text becomes words: at ``spaces``, or as ``characters`` too, for scripts without
            spaces (Chinese, Japanese, Thai). ERASER folders only allow ``spaces``.

    Raises:
        DataError: Where the source is of no known kind, lacks the split, or cannot be read as it is.
    """
    source = _expanded(source)
    reader = find_reader(source)
    options = ReadOptions(duplicate_ids, columns or Columns(), segmentation=segmentation)
    with source_errors(source):
        documents = reader.read(source, choose_split(reader.splits(source), split, source), options)
    if not documents:
        raise DataError("no documents found", where=_location(documents.source, documents.split))
    for warning in unsegmented(documents):
        log.warning("%s: %s", _location(documents.source, documents.split), warning)
    return documents


def unsegmented(documents: Documents) -> list[str]:
    """Warnings where words of documents or queries are whole phrases of a script without spaces."""
    texts = [document.words for document in documents]
    queries = [document.query for document in documents]
    found = (_phrases(texts, "are"), _phrases(queries, "have a query that is"))
    return [warning for warning in found if warning]


def _phrases(texts: Sequence[tuple[str, ...]], what: str) -> str:
    is_long: dict[int, bool] = {}  # by the identity of the words, which many documents may share
    for words in texts:
        if id(words) not in is_long:
            is_long[id(words)] = is_unsegmented(words)
    affected = [words for words in texts if is_long[id(words)]]
    if not affected:
        return ""
    return (
        f"{len(affected):,} of {len(texts):,} documents {what} written without spaces and read as a few "
        f"long words (the first has {len(affected[0])}, of up to {max(map(len, affected[0]))} characters): "
        "their scores mean little. Make each character a word (rationale data convert --words characters), "
        "or give words as a list"
    )


def list_splits(source: Any) -> list[str]:
    """The names of the splits ``source`` holds; empty where it is one unnamed collection.

    Raises:
        DataError: Where the source is of no known kind.
    """
    source = _expanded(source)
    with source_errors(source):
        return find_reader(source).splits(source)


def _expanded(source: Any) -> Any:
    """The source; a path's leading ``~`` is replaced by the home folder."""
    return str(home(source)) if isinstance(source, str | Path) and str(source)[:1] == "~" else source


def find_reader(source: Any) -> Reader:
    """The reader for ``source``.

    Raises:
        DataError: Where no reader recognises it.
    """
    with source_errors(source):
        if isinstance(source, str | Path) and not Path(source).exists():
            raise DataError("there is no such file or folder", where=str(source)[:200])
        for _, reader in READERS.items():
            if reader.recognises(source):
                return reader
    known = "; ".join(f"{name}: {reader.reads}" for name, reader in READERS.items())
    shown = str(source) if isinstance(source, str | Path) else f"an object of type {type(source).__name__}"
    raise DataError("not a kind of data that can be read", where=shown, remedy=f"Readers: {known}.")


def choose_split(known: list[str], split: str | None, source: Any) -> str:
    """The split that is asked for, or the only one.

    Raises:
        DataError: Where there is none of that name, or none is named and there are several.
    """
    if split is None and len(known) <= 1:
        return known[0] if known else ""
    if split is None or split not in known:
        problem = "a split must be named" if split is None else f"there is no split {split!r}"
        raise DataError(
            problem, where=str(source)[:200], remedy=f"Splits found: {', '.join(known) or 'none'}."
        )
    return split


def _location(source: str, split: str | None) -> str:
    return f"{source}, split {split}" if split else source
