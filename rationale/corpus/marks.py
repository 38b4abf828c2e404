"""One span of a rationale as a file has it, with what it says of itself beside its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rationale.corpus.document import MAX_GROUP
from rationale.corpus.fields import listing, short
from rationale.errors import DataError
from rationale.strict_json import Json

_FIELDS = ("start", "end", "group", "text", "quote", "token_start", "token_end")

SEVERAL = (
    "What several annotators marked belongs in the column 'annotations', one object each: "
    '{"annotator": "a", "spans": [[0, 2]]}, where spans may be a mask.'
)
"""What to do with the marks of several annotators in one rationale."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One span as the file has it.

    Attributes:
        start: Its first word or character.
        end: The one after its last.
        group: Its evidence group.
        text: What it says that it covers; None where it does not.
        tokens: The tokens ``[start, end)`` that it says it covers, of any tokenization; None where it names
            none.
    """

    start: int
    end: int
    group: int = 0
    text: str | None = None
    tokens: tuple[int, int] | None = None


def read_mark(item: Any, where: str) -> Mark:
    """One span: ``[start, end]``, or an object with ``start`` and ``end``.

    An object may have a ``group``, the ``text`` it covers, which may also be called ``quote``, and
    ``token_start`` and ``token_end``, both included, as Prodigy writes them. Fields that are null count as
    absent.

    Raises:
        DataError: On anything else.
    """
    if isinstance(item, dict):
        return _mark_from_object(item, where)
    if isinstance(item, list | tuple) and len(item) == 3:
        raise DataError(
            f"{short(item)} has three items, and a span two: [start, end]",
            where=where,
            remedy=f'Write more fields as an object: {{"start": 0, "end": 2, "group": 1}}. {SEVERAL}',
        )
    if not isinstance(item, list | tuple) or len(item) != 2:
        raise not_a_rationale(item, where)
    return Mark(_index(item[0], item, where), _index(item[1], item, where))


def _mark_from_object(item: Json, where: str) -> Mark:
    start, end = (_index(item.get(name), item, where) for name in ("start", "end"))
    unknown = [name for name, value in item.items() if name not in _FIELDS and value is not None]
    if unknown:
        raise DataError(
            f"a span has no field {short(unknown[0])}",
            where=where,
            remedy=f"Fields: {listing(_FIELDS)}. Leave out the others, and spans that are no rationale.",
        )
    group = item.get("group")
    if group is None:
        group = 0
    if isinstance(group, bool) or not isinstance(group, int) or not 0 <= group <= MAX_GROUP:
        raise DataError(
            f"the group of a span must be a whole number from 0 to {MAX_GROUP}, got {short(group)}",
            where=where,
        )
    return Mark(start, end, group, _text(item, where), _tokens(item, where))


def _text(item: Json, where: str) -> str | None:
    texts: list[str] = []
    for text in (item.get("text"), item.get("quote")):
        if text is not None and not isinstance(text, str):
            raise DataError(f"the text of a span must be text, got {short(text)}", where=where)
        if text:
            texts.append(text)
    if len(texts) == 2 and not same_text(texts[0], [texts[1]]):
        raise DataError(
            f"a span has the text {short(texts[0])}, but the quote {short(texts[1])}",
            where=where,
            remedy="Both are what it covers; leave out one.",
        )
    return texts[0] if texts else None


def _tokens(item: Json, where: str) -> tuple[int, int] | None:
    names = "token_start", "token_end"
    if all(item.get(name) is None for name in names):
        return None
    first, last = (_whole_number(item.get(name), where) for name in names)
    if not 0 <= first <= last:
        raise DataError(
            f"a span has token_start {first} and token_end {last}",
            where=where,
            remedy="Tokens count from 0, and both are included.",
        )
    return first, last + 1


def _whole_number(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise DataError(
            f"the token_start and token_end of a span must be whole numbers, got {short(value)}", where=where
        )
    return value


def _index(value: Any, item: object, where: str) -> int:
    if isinstance(value, bool):
        raise DataError(
            f"the span {short(item)} has {value} for an index",
            where=where,
            remedy="Spans are whole numbers, [start, end]; a mask is one list of one 0 or 1 for each word.",
        )
    if not isinstance(value, int):
        raise not_a_rationale(item, where)
    return value


def same_text(text: str, words: Sequence[str]) -> bool:
    """Whether a text equals these words, ignoring white space."""
    return "".join(text.split()) == "".join("".join(words).split())


def check_inside(marks: Sequence[Mark], length: int, unit: str, where: str) -> None:
    """Checks that each span starts before its end and that both lie inside the document.

    Raises:
        DataError: For the first span that fails.
    """
    for mark in marks:
        shown = f"the rationale span [{mark.start}, {mark.end})"
        if mark.start > mark.end:
            raise DataError(
                f"{shown} starts after its end",
                where=where,
                remedy="The start is inclusive, the end exclusive.",
            )
        if mark.start < 0 or mark.end > length:
            raise DataError(
                f"{shown} lies outside the document of {length} {unit}",
                where=where,
                remedy=f"Spans count {unit} from 0; the end is exclusive.",
            )
        if mark.start == mark.end:
            raise DataError(
                f"{shown} marks nothing",
                where=where,
                remedy="The end is exclusive: [3, 4) marks one. Where nothing is marked, write [].",
            )


def not_a_rationale(value: object, where: str) -> DataError:
    """The error for a value that is no rationale, with advice where it may be of several annotators."""
    remedy = "Give one 0 or 1 a word, [start, end] spans, or evidence quoted from the text."
    nested = isinstance(value, list | tuple) and (
        len(value) != 2 or any(isinstance(item, list | tuple | Mapping) for item in value)
    )
    by_name = isinstance(value, Mapping) and not {"start", "end"} & value.keys()
    if isinstance(value, list | tuple) and len(value) == 2 and all(type(item) is int for item in value):
        remedy = f"One span is written {[list(value)]}. {remedy}"
    return DataError(
        f"cannot read {short(value)} as a rationale",
        where=where,
        remedy=f"{remedy} {SEVERAL}" if nested or by_name else remedy,
    )
