"""Finds the files of a data set, their format and split by name, and explains errors of the disk."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rationale.errors import DataError

# Files that operating systems and tools put beside data.
_SIDECARS = {
    "thumbs.db",
    "desktop.ini",
    "dataset_dict.json",
    "dataset_info.json",
    "dataset_infos.json",
    "state.json",
    "source.json",
    "metadata.json",
    "croissant.json",
}


def visible_files(source: str | Path) -> list[Path]:
    """The file itself, or a folder's files by name, without hidden ones and those of tools."""
    path = Path(source)
    if not path.is_dir():
        return [path] if path.is_file() else []
    return [entry for entry in sorted(path.iterdir()) if is_visible(entry) and entry.is_file()]


def is_visible(path: Path) -> bool:
    """Whether a file's name allows it to be data."""
    return not path.name.startswith((".", "~$")) and path.name.lower() not in _SIDECARS


def kind_of(path: Path) -> str:
    """The suffix that names a file's format, in lower case, without ``.gz``.

    >>> kind_of(Path("train.JSONL.gz")), kind_of(Path("a.csv")), kind_of(Path("a.gz"))
    ('.jsonl', '.csv', '')
    """
    name = Path(path.name.lower().removesuffix(".gz"))
    return name.suffix


def stem_of(path: Path) -> str:
    """A file's name without that suffix and ``.gz``.

    >>> stem_of(Path("train.jsonl.gz")), stem_of(Path("train-v2.0.json"))
    ('train', 'train-v2.0')
    """
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem


def head_of(path: Path, size: int) -> bytes:
    """The first ``size`` bytes of a file, unpacked where it is gzipped; empty where unpacking fails."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            return file.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""


@contextmanager
def source_errors(source: Any) -> Iterator[None]:
    """Turns an OSError of the block into a DataError that names the source."""
    try:
        yield
    except OSError as error:
        shown = str(source)
        raise DataError(
            f"cannot be read ({error.strerror or error})",
            where=shown if len(shown) <= 200 else f"{shown[:200]}...",
            remedy="Check the path and its permissions.",
        ) from error
