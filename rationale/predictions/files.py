"""The rows of a file of predictions, whatever its format: place, and cells by column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path

from rationale.corpus.columns import check_repeated
from rationale.corpus.delimited import text_rows
from rationale.corpus.lines import json_file, json_lines, read_bytes
from rationale.corpus.places import kind_of
from rationale.corpus.rows import Row
from rationale.corpus.table import parquet_rows
from rationale.errors import DataError
from rationale.files import home
from rationale.predictions.eraser import eraser_rows, is_eraser_line
from rationale.predictions.options import Format


@dataclass(frozen=True)
class PredictionFile:
    """A file of predictions, read once: for its digest and for its rows.

    Attributes:
        path: Where it is.
        content: Its bytes.
    """

    path: Path
    content: bytes

    @classmethod
    def of(cls, file: str | Path | PredictionFile) -> PredictionFile:
        """Reads a file that was not read yet.

        Raises:
            DataError: Where it cannot be read.
        """
        if isinstance(file, PredictionFile):
            return file
        path = home(file)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise DataError("cannot be read (not a regular file)", where=path)
        return cls(path, read_bytes(path))

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, 64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()


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


def read_rows(file: PredictionFile, format_: Format) -> Rows:
    """Reads the rows of a file of predictions.

    Raises:
        DataError: Where it cannot be read; the message names file and line or row.
    """
    path = file.path
    known = format_ if format_ != "auto" else _SUFFIXES.get(kind_of(path))
    if known is None:
        raise DataError(
            f"the format of predictions is not known by the name {path.name!r}",
            where=path,
            remedy=f"Name it: {', '.join(_READERS)}.",
        )
    rows = tuple(_READERS[known](path, file.content))
    if not rows:
        raise DataError("the file has no row", where=path)
    if format_ == "auto" and known == "jsonl" and is_eraser_line(rows[0][1]):
        known = "eraser"
    if known == "eraser":
        rows = tuple(chain.from_iterable(eraser_rows(line, where) for where, line in rows))
    names = tuple(dict.fromkeys(str(name) for _, row in rows for name in row))
    return Rows(known, names, rows)


def _json(path: Path, content: bytes) -> Iterable[Row]:
    rows = json_file(path, content)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise DataError("expected a list of objects", where=path)
    return [(f"{path}, row {number} (counted from 0)", row) for number, row in enumerate(rows)]


def _parquet(path: Path, content: bytes) -> Iterable[Row]:
    return parquet_rows(path, lambda names: check_repeated(names, str(path)), content)


_READERS: Mapping[Format, Callable[[Path, bytes], Iterable[Row]]] = {
    "eraser": json_lines,
    "jsonl": json_lines,
    "json": _json,
    "csv": partial(text_rows, tabs=False),
    "tsv": partial(text_rows, tabs=True),
    "parquet": _parquet,
}
_SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
