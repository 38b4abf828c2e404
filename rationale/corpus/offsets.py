"""Rationales given as character offsets, counted in code points or, by browser tools, in UTF-16 units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal

from rationale.corpus.document import Span
from rationale.corpus.fields import short
from rationale.corpus.marks import Mark, check_inside, not_a_rationale, read_mark, same_text
from rationale.corpus.masks import touched
from rationale.errors import DataError

_UTF16 = (
    "Tools in browsers count UTF-16 code units: a character beyond U+FFFF (an emoji) counts as two. "
    "Give each span the 'text' it covers, so that such offsets are recognised; or count code points."
)

MAY_BE_UTF16 = (
    "documents have characters beyond U+FFFF (emoji) before the end of a character span without its text: "
    "the offsets are read as code points, but tools in browsers count UTF-16 code units"
)
"""The note where `may_be_utf16`."""


def character_spans(value: Any, text: str, bounds: Sequence[tuple[int, int]], where: str) -> tuple[Span, ...]:
    """Converts character spans ``[start, end)`` of ``text`` to spans of the words they touch.

    Offsets count Unicode code points. Where spans state the text they cover and only offsets in UTF-16 code
    units fit it, all spans of the row are read in UTF-16 code units.

    Args:
        value: A list of ``[start, end]``, or of objects; see `read_mark`.
        text: The text the offsets refer to.
        bounds: ``[start, end)`` of each word in ``text``; see `word_bounds`.
        where: The row, for messages.

    Raises:
        DataError: On anything but a list of spans, on spans outside the text, around no word, or around
            another text or more tokens than they state.

    >>> character_spans([[3, 9]], "a good film", [(0, 1), (2, 6), (7, 11)], "row 0")
    (Span(start=1, end=3, group=0),)
    """
    spans: list[Span] = []
    for mark in character_marks(value, text, where):
        span = touched(mark.start, mark.end, bounds, mark.group)
        if span is None:
            raise DataError(
                f"the rationale span [{mark.start}, {mark.end}) marks only white space", where=where
            )
        spans.append(span)
    return tuple(spans)


def character_marks(value: Any, text: str, where: str) -> list[Mark]:
    """The character spans ``[start, end)`` of a text, in code points; see `character_spans`.

    Raises:
        DataError: On anything but a list of spans, and on spans outside the text or around another text or
            more tokens than they state.
    """
    if not isinstance(value, list | tuple):
        raise not_a_rationale(value, where)
    marks = _in_code_points([read_mark(item, where) for item in value], text, where)
    try:
        check_inside(marks, len(text), "characters", where)
    except DataError as error:
        raise DataError(error.what, where=where, remedy=_UTF16 if _is_wide(text) else error.remedy) from None
    for mark in marks:
        _check_tokens(mark, where)
    return marks


def bounds_in(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """``[start, end)`` of each word in a text that equals the words but for white space.

    >>> bounds_in("so  it goes!", ["so", "it", "goes", "!"])
    [(0, 2), (4, 6), (7, 11), (11, 12)]
    """
    positions = (position for position, character in enumerate(text) if not character.isspace())
    bounds, end = list[tuple[int, int]](), 0
    for word in words:
        places = [next(positions) for character in word if not character.isspace()] or [end]
        end = places[-1] + 1 if word.strip() else end
        bounds.append((places[0], end))
    return bounds


def may_be_utf16(value: Any, text: str) -> bool:
    """Whether offsets could count code points or UTF-16 units, and no stated text decides between them.

    A stated text decides where it fits only one of the two.

    Args:
        value: What `character_marks` reads.
        text: The text the offsets refer to.
    """
    if not _is_wide(text):
        return False
    marks = [read_mark(item, "") for item in value]
    first = next(position for position, character in enumerate(text) if ord(character) > 0xFFFF)
    undecided = all(_fits(mark, text) for mark in (*marks, *_converted(marks, text)))
    return undecided and any(mark.text is None and mark.end > first for mark in marks)


Unit = Literal["code points", "UTF-16 code units"]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a quotation begins in its text, in code points, for each thing its offset may count.

    Attributes:
        points: Where, if the offset counts code points; None where the text there is another.
        units: Where, if it counts UTF-16 code units; None likewise.
    """

    points: int | None
    units: int | None

    @property
    def only(self) -> Unit | None:
        """What the offset counts, where the quotation is there by one count alone."""
        if (self.points is None) == (self.units is None):
            return None
        return "code points" if self.units is None else "UTF-16 code units"

    @property
    def differ(self) -> bool:
        """Whether the two counts lead to different places."""
        return self.points != self.units


def places_of(quotation: str, start: int, text: str) -> Places:
    """Both places of a quotation at ``start``, which counts code points or UTF-16 code units.

    >>> places_of("1", 4, "\U0001f600 1 1")
    Places(points=4, units=None)
    >>> places_of("1", 5, "\U0001f600 1 1")
    Places(points=None, units=4)
    """
    wide = _is_wide(text)
    places = [
        candidate
        if candidate is not None and candidate >= 0 and text.startswith(quotation, candidate)
        else None
        for candidate in (start, _code_points_by_unit(text).get(start) if wide else start)
    ]
    return Places(*places)


def _in_code_points(marks: list[Mark], text: str, where: str) -> list[Mark]:
    """The spans with offsets in code points, converted from UTF-16 code units where only those fit."""
    mismatch = next((mark for mark in marks if not _fits(mark, text)), None)
    if mismatch is None:
        return marks
    converted = _converted(marks, text)
    if all(mark.start >= 0 and mark.end >= 0 and _fits(mark, text) for mark in converted):
        return converted
    raise DataError(
        f"the span [{mismatch.start}, {mismatch.end}) has the text {short(mismatch.text)}, "
        f"but the text at its offsets is {short(text[max(mismatch.start, 0) : max(mismatch.end, 0)])}",
        where=where,
        remedy=_UTF16
        if _is_wide(text)
        else "Offsets count characters of the text from 0, the end exclusive.",
    )


def _fits(mark: Mark, text: str) -> bool:
    covered = text[max(mark.start, 0) : max(mark.end, 0)]
    return mark.text is None or (mark.start >= 0 and same_text(mark.text, [covered]))


def _converted(marks: list[Mark], text: str) -> list[Mark]:
    """The spans with offsets in UTF-16 code units converted to code points; -1 where there is none."""
    by_unit = _code_points_by_unit(text)
    return [replace(mark, start=by_unit.get(mark.start, -1), end=by_unit.get(mark.end, -1)) for mark in marks]


def _check_tokens(mark: Mark, where: str) -> None:
    """Refuses a span of more tokens than characters, or with more before it; a model may add one before."""
    if mark.tokens is None:
        return
    first, end = mark.tokens
    if end - first > mark.end - mark.start or first > mark.start + 1:
        raise DataError(
            f"a span of the characters [{mark.start}, {mark.end}) has token_start {first} and token_end "
            f"{end - 1}, and a token has at least one character",
            where=where,
            remedy="start and end count characters from 0, the end exclusive; token_start and token_end are "
            "both included.",
        )


def _code_points_by_unit(text: str) -> dict[int, int]:
    """The code-point offset of each offset in UTF-16 code units; empty for a text where the two are equal."""
    if not _is_wide(text):
        return {}
    units_before = accumulate((1 + (ord(character) > 0xFFFF) for character in text), initial=0)
    return {units: points for points, units in enumerate(units_before)}


def _is_wide(text: str) -> bool:
    return not text.isascii() and max(map(ord, text), default=0) > 0xFFFF
