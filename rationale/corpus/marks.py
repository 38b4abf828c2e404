"""The ways people write a rationale down: masks, spans of words or characters, quoted evidence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise
from typing import Any

from rationale.corpus.document import Span
from rationale.errors import DataError


def word_spans(value: Any, words: Sequence[str], where: str) -> tuple[Span, ...]:
    """The rationale as word spans.

    Args:
        value: One of

            - a mask: a list of one 0 or 1 (or False or True) a word;
            - word spans, the end exclusive: a list of ``[start, end]``, or of objects with ``start``, ``end``
              and, if need be, ``group``;
            - evidence: a string, or a list of them, quoted from the text. Runs of whitespace count as one
              space; a quotation may begin or end inside a word at punctuation (``film`` finds ``film!`` but
              not ``films``); each of its occurrences is marked, and the words it touches whole.
        words: The document's words.
        where: The row, for messages.

    Raises:
        DataError: On anything else, on spans outside the document, and on evidence that is not found.

    >>> word_spans([0, 1, 1], ["a", "good", "film!"], "row 0")
    (Span(start=1, end=3, group=0),)
    >>> word_spans("good film", ["a", "good", "film!"], "row 0")
    (Span(start=1, end=3, group=0),)
    """
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise _not_a_rationale(value, where)
    if all(isinstance(item, str) for item in value):
        return _quoted(value, words, where)
    if all(isinstance(item, bool | int | float) for item in value):
        return _masked(value, len(words), where)
    pairs = [_pair(item, where) for item in value]
    return _inside(pairs, len(words), "words", where)


def character_spans(value: Any, text: str, where: str) -> tuple[Span, ...]:
    """The words that character spans ``[start, end)`` of ``text`` touch, as word spans.

    Raises:
        DataError: On something else than a list of spans, and on spans outside the text.

    >>> character_spans([[3, 9]], "a good film", "row 0")
    (Span(start=1, end=3, group=0),)
    """
    if not isinstance(value, list | tuple):
        raise _not_a_rationale(value, where)
    spans = _inside([_pair(item, where) for item in value], len(text), "characters", where)
    bounds = [match.span() for match in re.finditer(r"\S+", text)]
    touched = (_touched(span.start, span.end, bounds, span.group) for span in spans)
    return tuple(span for span in touched if span is not None)


def _masked(mask: Sequence[float], length: int, where: str) -> tuple[Span, ...]:
    if any(entry not in (0, 1) for entry in mask):
        raise _not_a_rationale(mask, where)
    if mask and len(mask) != length:
        raise DataError(
            f"the rationale has {len(mask)} entries for {length} words",
            where=where,
            remedy="A mask has one 0 or 1 for each word; text is split into words on whitespace.",
        )
    runs = groupby(range(len(mask)), key=lambda index: bool(mask[index]))
    marked = [list(run) for chosen, run in runs if chosen]
    return tuple(Span(run[0], run[-1] + 1) for run in marked)


def _quoted(quotations: Sequence[str], words: Sequence[str], where: str) -> tuple[Span, ...]:
    text = " ".join(words)
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    bounds = [(start, end - 1) for start, end in pairwise(starts)]
    spans: list[Span] = []
    for quotation in quotations:
        found = [match.span(1) for match in _pattern(quotation).finditer(text)] if quotation.strip() else []
        if not found:
            raise DataError(
                f"the evidence {_short(quotation)} is not in the text",
                where=where,
                remedy="Evidence must be quoted exactly, from word to word; upper and lower case differ. "
                "A mask is written [1, 0, 1].",
            )
        touched = (_touched(start, end, bounds, 0) for start, end in found)
        spans.extend(span for span in touched if span is not None)
    return tuple(dict.fromkeys(spans))


def _pattern(quotation: str) -> re.Pattern[str]:
    """Finds a quotation that neither begins nor ends in the middle of a run of letters."""
    bare = quotation.strip()
    before = r"(?<!\w)" if re.match(r"\w", bare) else ""
    behind = r"(?!\w)" if re.search(r"\w\Z", bare) else ""
    body = r"\s+".join(map(re.escape, bare.split()))
    return re.compile(f"{before}(?=({body}{behind}))")  # looking ahead finds occurrences that overlap, too


def _touched(start: int, end: int, bounds: Sequence[tuple[int, int]], group: int) -> Span | None:
    """The words whose ``[start, end)`` bounds overlap the given characters, as one span."""
    first = bisect_right(bounds, start, key=lambda bound: bound[1])
    last = bisect_left(bounds, end, key=lambda bound: bound[0])
    return Span(first, last, group) if first < last else None


def _inside(pairs: Sequence[tuple[int, int, int]], length: int, unit: str, where: str) -> tuple[Span, ...]:
    for start, end, _ in pairs:
        if start > end:
            raise DataError(
                f"the rationale span [{start}, {end}) starts behind its end",
                where=where,
                remedy="The start is inclusive, the end exclusive.",
            )
        if start < 0 or end > length:
            raise DataError(
                f"the rationale span [{start}, {end}) lies outside the document of {length} {unit}",
                where=where,
                remedy=f"Spans count {unit} from 0; the end is exclusive.",
            )
    return tuple(Span(start, end, group) for start, end, group in pairs if start < end)


def _pair(item: Any, where: str) -> tuple[int, int, int]:
    """Start, end and evidence group of one span."""
    if isinstance(item, dict):
        item = [item.get("start"), item.get("end"), item.get("group") or 0]
    if not isinstance(item, list | tuple) or len(item) not in (2, 3):
        raise _not_a_rationale(item, where)
    if not all(isinstance(number, int) for number in item) or (len(item) == 3 and item[2] < 0):
        raise _not_a_rationale(item, where)
    start, end, group = (*item, 0)[:3]
    return start, end, group


def _not_a_rationale(value: object, where: str) -> DataError:
    return DataError(
        f"cannot read {_short(value)} as a rationale",
        where=where,
        remedy="Give one 0 or 1 a word, [start, end] spans, or evidence quoted from the text.",
    )


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
