"""Reads pandas tables in memory, without importing pandas: a table exists only where it is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rationale.corpus.columns import check_columns
from rationale.corpus.document import Documents
from rationale.corpus.readers import READERS, Reader, ReadOptions, usual_order
from rationale.corpus.rows import Row, read_rows
from rationale.errors import DataError

_NAME = "pandas.DataFrame"


def read_frame(source: Any, split: str, options: ReadOptions) -> Documents:
    """Reads a ``DataFrame``, or one of a dict of them; see `Columns`.

    Missing values (NaN, NaT, NA, None) are null; the index is not read.

    Raises:
        DataError: On a row that cannot be read.
    """
    frame = source[split] if isinstance(source, Mapping) else source
    names = list(frame.columns)
    if not all(isinstance(name, str) for name in names):
        raise DataError("a column name is not text", where=_NAME, remedy="Give each column a name.")
    check_columns(names, options.columns, _NAME)
    return read_rows(_rows(frame, names), source=_NAME, split=split, options=options)


def frame_splits(source: Any) -> list[str]:
    """The names in a dict of tables; empty for a single table."""
    return usual_order(source) if isinstance(source, Mapping) else []


def is_frame(source: object) -> bool:
    """Whether ``source`` is a ``DataFrame``, or a dict of them."""
    pandas = sys.modules.get("pandas")
    if pandas is None:  # without pandas there is no DataFrame
        return False
    if isinstance(source, dict):
        named = bool(source) and all(isinstance(name, str) for name in source)
        return named and all(isinstance(frame, pandas.DataFrame) for frame in source.values())
    return isinstance(source, pandas.DataFrame)


def _rows(frame: Any, names: list[str]) -> Iterator[Row]:
    for number, values in enumerate(frame.itertuples(index=False, name=None)):
        row = {name: _value(value) for name, value in zip(names, values, strict=True)}
        yield f"{_NAME}, row {number} (counted from 0)", row


def _value(value: Any) -> Any:
    """A cell as plain Python: numpy arrays and numbers become lists and numbers, missing values None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_value(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _value(entry) for name, entry in value.items()}
    pandas = sys.modules["pandas"]
    return None if value is None or value is pandas.NA or value is pandas.NaT or value != value else value


READERS.register("pandas")(
    Reader(
        reads="a DataFrame of pandas, or a dict of them",
        recognises=is_frame,
        splits=frame_splits,
        read=read_frame,
    )
)
