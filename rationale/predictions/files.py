"""The rows of a file of predictions, whatever its format: place, and cells by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rationale.corpus.columns import check_repeated
from rationale.corpus.delimited import text_rows
from rationale.corpus.lines import json_file, json_lines
from rationale.corpus.places import kind_of
from rationale.corpus.rows import Row
from rationale.corpus.table import parquet_rows
from rationale.errors import DataError
from rationale.predictions.eraser import eraser_rows, is_eraser_line
from rationale.predictions.options import Format


@dataclass(frozen=True)
class Rows:
    """The rows of a file.

    Attributes:
        format: What it was read as.
        names: The columns of any row, in order.
        rows: Place and cells of each row; ERASER lines have one for each of their documents.
    """

    format: Format
    names: tuple[str, ...]
    rows: tuple[Row, ...]


def read_rows(path: Path, format_: Format) -> Rows:
    """Reads a file of predictions.

    Raises:
        DataError: Where it cannot be read; the message names file and line or row.
    """
    known = format_ if format_ != "auto" else _SUFFIXES.get(kind_of(path))
    if known is None:
        raise DataError(
            f"the format of predictions is not known by the name {path.name!r}",
            where=path,
            remedy=f"Name it: {', '.join(_READERS)}.",
        )
    rows = tuple(_READERS[known](path))
    if not rows:
        raise DataError("the file has no row", where=path)
    if format_ == "auto" and known == "jsonl" and is_eraser_line(rows[0][1]):
        known = "eraser"
    if known == "eraser":
        rows = tuple(chain.from_iterable(eraser_rows(line, where) for where, line in rows))
    names = tuple(dict.fromkeys(str(name) for _, row in rows for name in row))
    return Rows(known, names, rows)


def _json(path: Path) -> Iterable[Row]:
    content = json_file(path)
    if not isinstance(content, list) or not all(isinstance(row, Mapping) for row in content):
        raise DataError("expected a list of objects", where=path)
    return [(f"{path}, row {number} (counted from 0)", row) for number, row in enumerate(content)]


_READERS: Mapping[Format, Callable[[Path], Iterable[Row]]] = {
    "eraser": json_lines,
    "jsonl": json_lines,
    "json": _json,
    "csv": lambda path: text_rows(path, tabs=False),
    "tsv": lambda path: text_rows(path, tabs=True),
    "parquet": lambda path: parquet_rows(path, lambda names: check_repeated(names, str(path))),
}
_SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
