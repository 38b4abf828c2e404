"""Rationales by character offsets, also those that browser tools count in UTF-16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from rationale.corpus.document import Span
from rationale.corpus.fields import short
from rationale.corpus.masks import Mark, check_inside, not_a_rationale, read_mark, same_text, touched
from rationale.errors import DataError

_UTF16 = (
    "A tool that runs in a browser counts UTF-16 code units: a sign beyond U+FFFF (an emoji) counts as two. "
    "Give each span the 'text' it covers, and such offsets are recognised; or count code points."
)


def character_spans(value: Any, text: str, bounds: Sequence[tuple[int, int]], where: str) -> tuple[Span, ...]:
    """The words that character spans ``[start, end)`` of ``text`` touch, as word spans.

    Offsets count Unicode code points. Where spans quote the text they cover and only offsets in UTF-16 code
    units fit the quotations, all spans of the row are taken to be counted so.

    Args:
        value: A list of ``[start, end]``, or of objects with ``start``, ``end`` and, if need be, ``group``
            and ``text``, what it covers.
        text: What the offsets count in.
        bounds: Where each word stands in ``text``; see `word_bounds`.
        where: The row, for messages.

    Raises:
        DataError: On something else than a list of spans, on spans outside the text, around no word, or
            around another text than they say.

    >>> character_spans([[3, 9]], "a good film", [(0, 1), (2, 6), (7, 11)], "row 0")
    (Span(start=1, end=3, group=0),)
    """
    if not isinstance(value, list | tuple):
        raise not_a_rationale(value, where)
    marks = _counted([read_mark(item, where) for item in value], text, where)
    try:
        check_inside(marks, len(text), "characters", where)
    except DataError as error:
        raise DataError(error.what, where=where, remedy=_UTF16 if _is_wide(text) else error.remedy) from None
    spans: list[Span] = []
    for mark in marks:
        span = touched(mark.start, mark.end, bounds, mark.group)
        if span is None:
            raise DataError(
                f"the rationale span [{mark.start}, {mark.end}) marks only white space", where=where
            )
        spans.append(span)
    return tuple(spans)


def may_be_utf16(value: Any, text: str) -> bool:
    """Whether offsets could be counted in two ways, and no quotation says in which."""
    if not _is_wide(text) or not isinstance(value, list | tuple):
        return False
    objects = [item for item in value if isinstance(item, dict)]
    ends = [item.get("end") for item in objects] + [
        item[-1] for item in value if isinstance(item, list) and item
    ]
    first = next(place for place, letter in enumerate(text) if ord(letter) > 0xFFFF)
    quoted = any(item.get("text") for item in objects)
    return not quoted and any(isinstance(end, int) and end > first for end in ends)


def place_of(quotation: str, start: int, text: str) -> int | None:
    """Where a quotation said to be at ``start`` stands: there, or there in UTF-16 code units, or None."""
    for offset in (start, _units(text).get(start)):
        if offset is not None and offset >= 0 and text.startswith(quotation, offset):
            return offset
    return None


def _counted(marks: list[Mark], text: str, where: str) -> list[Mark]:
    """The spans in code points, whichever way they are counted."""
    wrong = next((mark for mark in marks if not _fits(mark, text)), None)
    if wrong is None:
        return marks
    units = _units(text)
    counted = [replace(m, start=units.get(m.start, -1), end=units.get(m.end, -1)) for m in marks]
    if all(mark.start >= 0 and mark.end >= 0 and _fits(mark, text) for mark in counted):
        return counted
    raise DataError(
        f"the span [{wrong.start}, {wrong.end}) says that it covers {short(wrong.text)}, "
        f"and the text there is {short(text[max(wrong.start, 0) : max(wrong.end, 0)])}",
        where=where,
        remedy=_UTF16
        if _is_wide(text)
        else "Offsets count characters of the text from 0, the end exclusive.",
    )


def _fits(mark: Mark, text: str) -> bool:
    return mark.text is None or (mark.start >= 0 and same_text(mark.text, [text[mark.start : mark.end]]))


def _units(text: str) -> dict[int, int]:
    """Code points by the UTF-16 code units before them; nothing for a text in which the two are the same."""
    if not _is_wide(text):
        return {}
    before = accumulate((1 + (ord(letter) > 0xFFFF) for letter in text), initial=0)
    return {units: points for points, units in enumerate(before)}


def _is_wide(text: str) -> bool:
    return not text.isascii() and max(map(ord, text), default=0) > 0xFFFF
