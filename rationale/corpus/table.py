"""Reads tables: JSON lines, JSON, CSV, TSV or Parquet; one file, or one for each split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rationale.corpus.columns import Columns, check_columns
from rationale.corpus.delimited import read_csv, read_tsv
from rationale.corpus.document import Documents
from rationale.corpus.lines import json_file, json_lines
from rationale.corpus.places import kind_of, stem_of, visible_files
from rationale.corpus.readers import READERS, Notes, Reader, ReadOptions, usual_order
from rationale.corpus.rows import Row, read_rows
from rationale.errors import DataError
from rationale.strict_json import Json

_SHARD = re.compile(r"-\d{5}-of-\d{5}\Z")


def read_table(source: str | Path, split: str, options: ReadOptions) -> Documents:
    """Reads a table; see `Columns` for what its columns mean.

    A ``.csv`` follows RFC 4180: commas, double quotes, line breaks inside quotes. A ``.tsv`` is read with
    quotes where the whole file is quoted, or just its fields with a comma or a quote; else literally. In
    both, every field is text and a list is written as JSON. All formats but Parquet may be gzipped.

    Args:
        source: A file, or a folder of files named ``{split}.{suffix}``; several shards of one split, named
            ``{split}-00000-of-00002.parquet``, are read in order.
        split: One of `table_splits`.
        options: Columns, duplicate ids, segmentation.

    Raises:
        DataError: On anything that cannot be read; the message names file and line or row.
    """
    paths = _files(source)[split]
    suffixes = sorted({_suffix(path) for path in paths})
    if len(suffixes) > 1:
        raise DataError(
            f"split {split!r} has files of {len(suffixes)} formats: {' and '.join(suffixes)}",
            where=source,
            remedy="Remove all but one.",
        )
    notes = Notes()
    rows = chain.from_iterable(_FORMATS[kind_of(path)](path, options.columns, notes) for path in paths)
    return read_rows(rows, source=str(source), split=split, options=options, notes=notes)


def table_splits(source: str | Path) -> list[str]:
    """The splits of a file (one, named after it) or of a folder of files."""
    return usual_order(_files(source))


def is_table(source: object) -> bool:
    """Whether ``source`` is a file of a known format, or a folder that holds one."""
    return isinstance(source, str | Path) and bool(_files(source))


def _files(source: str | Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in visible_files(source):
        is_gzipped = path.name.lower().endswith(".gz")
        if kind_of(path) in _FORMATS and not (is_gzipped and kind_of(path) == ".parquet"):
            files.setdefault(_SHARD.sub("", stem_of(path)), []).append(path)
    return files


def _suffix(path: Path) -> str:
    return path.name[len(stem_of(path)) :].lower()


def _jsonl(path: Path, columns: Columns, _: Notes) -> Iterator[Row]:
    for number, (where, row) in enumerate(json_lines(path)):
        if number == 0:
            check_columns(list(row), columns, where)
        yield where, row


def _json(path: Path, columns: Columns, _: Notes) -> Iterator[Row]:
    content = json_file(path)
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise DataError("expected a list of objects", where=path)
    check_columns(list(content[0]) if content else [], columns, str(path))
    return _numbered(iter(content), path)


def _parquet(path: Path, columns: Columns, _: Notes) -> Iterator[Row]:
    return parquet_rows(path, lambda names: check_columns(names, columns, str(path)))


def parquet_rows(
    path: Path, check: Callable[[Sequence[str]], None], content: bytes | None = None
) -> Iterator[Row]:
    """Yields the rows of a Parquet file, after a check of its columns' names.

    Raises:
        DataError: Where it cannot be read as Parquet.
    """
    try:
        file = pq.ParquetFile(path if content is None else pa.BufferReader(content))
        check(file.schema_arrow.names)
        batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=1024))
        yield from _numbered(chain.from_iterable(batches), path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read as Parquet ({error})", where=path) from error


def _numbered(rows: Iterator[Json], path: Path) -> Iterator[Row]:
    for number, row in enumerate(rows):
        yield f"{path}, row {number} (counted from 0)", row


_FORMATS: dict[str, Callable[[Path, Columns, Notes], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".parquet": _parquet,
}

READERS.register("table")(
    Reader(
        reads="a .jsonl, .json, .csv, .tsv or .parquet file, or a folder of them named after their splits",
        recognises=is_table,
        splits=table_splits,
        read=read_table,
    )
)
