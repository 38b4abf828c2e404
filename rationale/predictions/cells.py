"""Cells of a row: lists and objects, which CSV and spreadsheets hold as JSON text."""

from __future__ import annotations

from typing import Any

import numpy as np

from rationale import strict_json
from rationale.arrays import Float64
from rationale.corpus.fields import short
from rationale.errors import DataError
from rationale.strict_json import Json

_LARGEST = float(np.finfo(np.float32).max)


def parsed(row: Json, name: str, where: str) -> Any:
    """The value of a cell; JSON in a text is read, an empty text is None.

    Raises:
        DataError: On text that is not JSON.
    """
    value = row.get(name)
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return strict_json.loads(value)
    except strict_json.JSONError as error:
        raise DataError(
            f"the column {name!r} holds {short(value)}, which is not JSON ({error.what})",
            where=where,
            remedy="Write lists with json.dumps: [0.1, 0.2]. A numpy array printed as text is none.",
        ) from error


def numbers(value: Any, name: str, length: int, where: str, *, unit: str = "words") -> Float64:
    """A list of finite numbers, one for each word (or token), float64.

    Raises:
        DataError: On anything else, and on another length.
    """
    if not isinstance(value, list | tuple):
        raise DataError(f"{name!r} must be a list of numbers, got {short(value)}", where=where)
    for place, number in enumerate(value):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise DataError(
                f"entry {place} (counted from 0) of {name!r} is {short(number)}, expected a number",
                where=where,
                remedy="Call a list of true and false a 'mask'."
                if isinstance(number, bool)
                else "Give one number for each; null stands for a whole row only.",
            )
        if not -_LARGEST <= number <= _LARGEST:  # NaN neither
            raise DataError(
                f"entry {place} (counted from 0) of {name!r} is {short(number)}, expected a finite number",
                where=where,
                remedy="Leave the cell empty where there is no prediction.",
            )
    check_length(value, name, length, where, unit=unit)
    return np.array(value, dtype=np.float64)


def check_length(value: Any, name: str, length: int, where: str, *, unit: str = "words") -> None:
    """Refuses a list of another length.

    Raises:
        DataError: Naming both lengths.
    """
    if len(value) != length:
        raise DataError(
            f"{name!r} has {len(value)} entries for {length} {unit}",
            where=where,
            remedy="Give one for each word of the data, in order; scores of another tokenization go into "
            "'token_scores', with their 'tokens'."
            if unit == "words"
            else "Give one for each.",
        )
