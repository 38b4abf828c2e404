"""Records of numbers as struct columns of a Parquet table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pyarrow as pa

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R")


def struct_of(record: type[DataclassInstance], **others: pa.DataType) -> pa.DataType:
    """The type of a column of such records: fields are float64, but for ``others``."""
    return pa.struct([(field.name, others.get(field.name, pa.float64())) for field in fields(record)])


def as_row(record: DataclassInstance | None) -> dict[str, float | None] | None:
    """The fields of a record by name; None for None."""
    return None if record is None else asdict(record)


def from_row(kind: type[R], row: Mapping[str, object] | None, *optional: str) -> R | None:
    """The record of a row; None where it is null.

    Args:
        kind: The class of the record.
        row: Its fields by name.
        optional: Fields that may be null.

    Raises:
        ValueError: Where another field is null.
    """
    if row is None:
        return None
    missing = next((name for name, value in row.items() if value is None and name not in optional), None)
    if missing:
        raise ValueError(f"a value of {missing!r} is missing")
    return kind(**cast("dict[str, Any]", row))
