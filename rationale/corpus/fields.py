"""Reads single values of a row: an id, a label, a required field; each is checked, none is guessed."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from typing import Any

from rationale.errors import DataError
from rationale.strict_json import Json

MAX_ID = 1_000  # characters
MAX_WORDS = 1_000_000  # a document
MAX_WORD = 100_000  # characters


def need(row: Json, name: str, where: str) -> Any:
    """The value of a required field.

    Raises:
        DataError: Where it is missing or null; the message lists the fields found.
    """
    if name not in row:
        raise DataError(
            f"the field {name!r} is missing", where=where, remedy=f"Fields found: {listing(row) or 'none'}."
        )
    if row[name] is None:
        raise DataError(f"the field {name!r} is null", where=where, remedy="Give it a value.")
    return row[name]


def identifier(value: object, name: str, where: str) -> str:
    """An id as text.

    Args:
        value: Text, or a whole number.
        name: The field's name, for messages.
        where: The row, for messages.

    Raises:
        DataError: On a value of another type, an empty or very long id, and control characters.

    >>> identifier(6374, "annotation_id", "val.jsonl:1")
    '6374'
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{name!r} must be text or a whole number, got {short(value)}", where=where)
    if isinstance(value, int) and abs(value) >= 10**18:
        raise DataError(
            f"{name!r} is a number of more than 18 digits", where=where, remedy="Write it as text."
        )
    text = str(value)
    if not text.strip():
        raise DataError(f"{name!r} is empty", where=where, remedy="Give it at least one character.")
    if len(text) > MAX_ID:
        raise DataError(
            f"{name!r} has {len(text):,} characters", where=where, remedy=f"Ids have up to {MAX_ID:,}."
        )
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise DataError(
            f"{name!r} holds a control character: {short(text)}", where=where, remedy="Remove it."
        )
    return text


def original(value: object) -> int | float | None:
    """An id that is a number, so that exports write a number back; None for text."""
    return value if isinstance(value, int | float) else None


def label_name(value: object, name: str, where: str) -> str | None:
    """A label as the name of a class: text, or a finite number; None where there is none.

    Raises:
        DataError: On a value of another type.

    >>> label_name(1.0, "label", "row 0"), label_name(0.4, "label", "row 0"), label_name("", "label", "row 0")
    ('1', '0.4', None)
    """
    if value is None or value == "" or value != value:  # tables store a missing value as NaN
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    raise DataError(f"{name!r} must be text, a finite number or null, got {short(value)}", where=where)


def check_size(words: tuple[str, ...], where: str) -> None:
    """Checks that a document has words, and no more and no longer ones than allowed.

    Raises:
        DataError: Where it has none, more than `MAX_WORDS`, or one longer than `MAX_WORD` characters.
    """
    if not any(word.strip() for word in words):
        raise DataError(
            "the document is empty", where=where, remedy="Give it at least one word, or remove the row."
        )
    if len(words) > MAX_WORDS:
        raise DataError(
            f"the document has {len(words):,} words", where=where, remedy=f"Cut it to {MAX_WORDS:,} words."
        )
    longest = max(map(len, words))
    if longest > MAX_WORD:
        raise DataError(
            f"a word has {longest:,} characters, from {next(w for w in words if len(w) == longest)[:40]!r}",
            where=where,
            remedy=f"Words have up to {MAX_WORD:,}; is this text, and does white space separate its words?",
        )


def listing(names: Iterable[object]) -> str:
    """Names for a message, on one line, cut to 500 characters."""
    shown = ", ".join(name if name.isprintable() else repr(name) for name in map(str, names))
    return shown if len(shown) <= 500 else shown[:497] + "..."


def short(value: object) -> str:
    """A value for a message: its ``repr``, cut to 80 characters."""
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
