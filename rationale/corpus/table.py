"""Own data as a table: JSON lines, JSON, CSV, TSV or Parquet; one file, or one for each split."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rationale.corpus.columns import Columns, check_columns
from rationale.corpus.document import Documents
from rationale.corpus.lines import json_lines, read_text
from rationale.corpus.readers import READERS, Reader, ReadOptions, usual_order
from rationale.corpus.rows import Row, read_rows
from rationale.errors import DataError

_SHARD = re.compile(r"-\d{5}-of-\d{5}\Z")


def read_table(source: str | Path, split: str, options: ReadOptions) -> Documents:
    """Reads a table; see `Columns` for what its columns mean.

    A ``.csv`` follows RFC 4180: commas, double quotes, line breaks inside quotes. A ``.tsv`` knows no quotes:
    each tab parts two fields. In both every field is text, and a list is written as JSON.

    Args:
        source: A file, or a folder of files named ``{split}.{suffix}``; several shards of one split, named
            ``{split}-00000-of-00002.parquet``, are read in order.
        split: One of `table_splits`.
        options: Limit, columns, duplicate ids.

    Raises:
        DataError: On anything that cannot be read as it is; the message names file and line or row.
    """
    paths = _files(source)[split]
    suffixes = sorted({path.suffix.lower() for path in paths})
    if len(suffixes) > 1:
        raise DataError(
            f"split {split!r} is there as {' and as '.join(suffixes)}",
            where=source,
            remedy="Remove all but one.",
        )
    rows = chain.from_iterable(_FORMATS[path.suffix.lower()](path, options.columns) for path in paths)
    return read_rows(rows, source=str(source), split=split, options=options)


def table_splits(source: str | Path) -> list[str]:
    """The splits of a file (one, of its own name) or of a folder of files."""
    return usual_order(_files(source))


def is_table(source: object) -> bool:
    """Whether ``source`` is a file of a known format, or a folder that holds one."""
    return isinstance(source, str | Path) and Path(source).exists() and bool(_files(source))


def _files(source: str | Path) -> dict[str, list[Path]]:
    source = Path(source)
    found: dict[str, list[Path]] = {}
    for path in sorted(source.iterdir()) if source.is_dir() else [source]:
        if path.suffix.lower() in _FORMATS and path.is_file():
            found.setdefault(_SHARD.sub("", path.stem), []).append(path)
    return found


def _jsonl(path: Path, columns: Columns) -> Iterator[Row]:
    for number, (where, row) in enumerate(json_lines(path)):
        if number == 0:
            check_columns(list(row), columns, where)
        yield where, row


def _json(path: Path, columns: Columns) -> Iterator[Row]:
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"not JSON ({error})", where=path, remedy="The file may have been cut off."
        ) from error
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise DataError("expected a list of objects", where=path)
    check_columns(list(content[0]) if content else [], columns, str(path))
    return _numbered(iter(content), path)


def _parquet(path: Path, columns: Columns) -> Iterator[Row]:
    try:
        file = pq.ParquetFile(path)
        check_columns(file.schema_arrow.names, columns, str(path))
        batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=1024))
        yield from _numbered(chain.from_iterable(batches), path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read as Parquet ({error})", where=path) from error


def _csv(path: Path, columns: Columns) -> Iterator[Row]:
    return _delimited(path, columns, csv.excel())


def _tsv(path: Path, columns: Columns) -> Iterator[Row]:
    return _delimited(path, columns, _Tabs())


class _Tabs(csv.excel_tab):
    """Tab-separated values as the IANA registers them: no quotes, no escapes."""

    quoting = csv.QUOTE_NONE


def _delimited(path: Path, columns: Columns, dialect: csv.Dialect) -> Iterator[Row]:
    text = io.StringIO(read_text(path), newline="")
    reader = csv.reader(text, dialect, strict=True)
    header: list[str] = []
    with _long_fields():
        try:
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if not header:
                    header = row
                    check_columns(header, columns, where)
                elif row:
                    yield where, _cells(header, row, columns, where)
        except csv.Error as error:
            raise DataError(
                f"cannot be read as a table ({error})",
                where=f"{path}:{reader.line_num}",
                remedy="Check the quotes; the file may have been cut off.",
            ) from error
    if not header:
        raise DataError("the file is empty", where=path)


def _cells(header: list[str], row: list[str], columns: Columns, where: str) -> dict[str, Any]:
    """The row as an object: empty cells are null, cells of list columns are read as JSON."""
    if len(row) != len(header):
        raise DataError(
            f"the row has {len(row)} fields, the header {len(header)}",
            where=where,
            remedy="A field that holds the separator needs double quotes around it (in a .csv).",
        )
    lists = (columns.words, columns.rationale, columns.rationale_chars)
    cells = ((name, cell or None) for name, cell in zip(header, row, strict=True))
    return {name: _list(cell) if cell and name in lists else cell for name, cell in cells}


def _list(cell: str) -> Any:
    """What the cell says as JSON; a cell that is none (evidence, quoted) stays text."""
    if not cell.lstrip().startswith("["):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _numbered(rows: Iterator[dict[str, Any]], path: Path) -> Iterator[Row]:
    for number, row in enumerate(rows):
        yield f"{path}, row {number} (counted from 0)", row


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lifts the csv module's limit of 128 kB a field: a document of 100,000 words is longer."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


_FORMATS: dict[str, Callable[[Path, Columns], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".tsv": _tsv,
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
