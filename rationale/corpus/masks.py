"""Rationales as word spans, read from masks, spans of words, or quoted evidence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any

from rationale.corpus.document import MAX_GROUP, Span
from rationale.corpus.fields import short
from rationale.errors import DataError
from rationale.strict_json import Json


@dataclass(frozen=True, slots=True)
class Mark:
    """One span as the file has it: ``[start, end)``, its evidence group, and the text it states."""

    start: int
    end: int
    group: int = 0
    text: str | None = None


def word_spans(value: Any, words: Sequence[str], where: str) -> tuple[Span, ...]:
    """Converts a rationale to word spans.

    Args:
        value: One of

            - a mask: a list of one 0 or 1 (or False or True) a word;
            - word spans, the end exclusive: a list of ``[start, end]``, or of objects with ``start``, ``end``
              and, if need be, ``group`` and ``text``, the words it covers;
            - evidence: a string, or a list of them, quoted from the text. Runs of whitespace count as one
              space; a quotation may begin or end inside a word at punctuation (``film`` finds ``film!`` but
              not ``films``); each of its occurrences is marked, and the words it touches whole.
        words: The document's words.
        where: The row, for messages.

    Raises:
        DataError: On anything else, on ambiguous input, on spans that lie outside the document, cover no
            word or state another text than they cover, and on evidence that is not in the text.

    >>> word_spans([0, 1, 1], ["a", "good", "film!"], "row 0")
    (Span(start=1, end=3, group=0),)
    >>> word_spans("good film", ["a", "good", "film!"], "row 0")
    (Span(start=1, end=3, group=0),)
    """
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise not_a_rationale(value, where)
    if all(isinstance(item, str) for item in value):
        return _quotation_spans(value, words, where)
    if all(isinstance(item, bool | int | float) for item in value):
        return _mask_spans(value, len(words), where)
    _check_masks(value, len(words), where)
    marks = [read_mark(item, where) for item in value]
    check_inside(marks, len(words), "words", where)
    for mark in marks:
        covered = words[mark.start : mark.end]
        if mark.text is not None and not same_text(mark.text, covered):
            raise DataError(
                f"the span [{mark.start}, {mark.end}) has the text {short(mark.text)}, "
                f"but the words at its indices are {short(' '.join(covered))}",
                where=where,
                remedy="Word spans count words from 0, the end exclusive. Character offsets belong in "
                "'rationale_chars'.",
            )
    return tuple(Span(mark.start, mark.end, mark.group) for mark in marks)


def same_text(text: str, words: Sequence[str]) -> bool:
    """Whether a text equals these words, ignoring white space."""
    return "".join(text.split()) == "".join("".join(words).split())


def read_mark(item: Any, where: str) -> Mark:
    """One span: ``[start, end]``, or an object with ``start``, ``end`` and, if need be, ``group``, ``text``.

    Raises:
        DataError: On anything else.
    """
    if isinstance(item, dict):
        return _mark_from_object(item, where)
    if isinstance(item, list | tuple) and len(item) == 3:
        raise DataError(
            f"{short(item)} has three items, and a span two: [start, end]",
            where=where,
            remedy='Write more fields as an object: {"start": 0, "end": 2, "group": 1}.',
        )
    if not isinstance(item, list | tuple) or len(item) != 2:
        raise not_a_rationale(item, where)
    return Mark(_index(item[0], item, where), _index(item[1], item, where))


def _mark_from_object(item: Json, where: str) -> Mark:
    group, text = item.get("group"), item.get("text")
    if group is None:
        group = 0
    if isinstance(group, bool) or not isinstance(group, int) or not 0 <= group <= MAX_GROUP:
        raise DataError(
            f"the group of a span must be a whole number from 0 to {MAX_GROUP}, got {short(group)}",
            where=where,
        )
    if text is not None and not isinstance(text, str):
        raise DataError(f"the text of a span must be text, got {short(text)}", where=where)
    start, end = (_index(item.get(name), item, where) for name in ("start", "end"))
    return Mark(start, end, group, text or None)


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


def _check_masks(value: Sequence[Any], length: int, where: str) -> None:
    """Refuses a list of masks, one an annotator as in HateXplain, even where it could also be spans."""
    binary = all(isinstance(item, list | tuple) and all(entry in (0, 1) for entry in item) for item in value)
    if binary and (len(value[0]) > 2 or len(value[0]) == length == 2):
        raise DataError(
            f"{short(value)} could be one mask an annotator; expected one mask a document",
            where=where,
            remedy="Write each as the 'spans' of one of 'annotations', or merge them into one mask by "
            "majority or union. "
            'If these are spans, write {"start": 0, "end": 1}.',
        )


def _mask_spans(mask: Sequence[float], length: int, where: str) -> tuple[Span, ...]:
    if any(entry not in (0, 1) for entry in mask):
        raise not_a_rationale(mask, where)
    if mask and len(mask) != length:
        raise DataError(
            f"the rationale has {len(mask)} entries for {length} words",
            where=where,
            remedy="A mask has one 0 or 1 for each word; text is split into words on whitespace. Text "
            "without spaces needs its 'words' as a list, or --words characters.",
        )
    runs = groupby(range(len(mask)), key=lambda index: bool(mask[index]))
    runs_of_marked = [list(run) for is_marked, run in runs if is_marked]
    return tuple(Span(run[0], run[-1] + 1) for run in runs_of_marked)


def _quotation_spans(quotations: Sequence[str], words: Sequence[str], where: str) -> tuple[Span, ...]:
    text = " ".join(words)
    starts = list(accumulate((len(word) + 1 for word in words), initial=0))
    bounds = [(start, end - 1) for start, end in pairwise(starts)]
    spans: list[Span] = []
    for quotation in quotations:
        matches = [match.span(1) for match in _pattern(quotation).finditer(text)] if quotation.strip() else []
        if not matches:
            raise DataError(
                f"the evidence {short(quotation)} is not in the text",
                where=where,
                remedy="Evidence must be quoted exactly, from word to word; upper and lower case differ. "
                "A mask is written [1, 0, 1].",
            )
        touching = (touched(start, end, bounds, 0) for start, end in matches)
        spans.extend(span for span in touching if span is not None)
    return tuple(dict.fromkeys(spans))


def _pattern(quotation: str) -> re.Pattern[str]:
    """A pattern that finds a quotation unless it begins or ends inside a run of letters."""
    stripped = quotation.strip()
    before = r"(?<!\w)" if re.match(r"\w", stripped) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", stripped) else ""
    body = r"\s+".join(map(re.escape, stripped.split()))
    return re.compile(f"{before}(?=({body}{after}))")  # a lookahead also finds overlapping occurrences


def touched(start: int, end: int, bounds: Sequence[tuple[int, int]], group: int) -> Span | None:
    """The span of the words whose ``[start, end)`` bounds overlap the given characters; None for no word."""
    first = bisect_right(bounds, start, key=lambda bound: bound[1])
    last = bisect_left(bounds, end, key=lambda bound: bound[0])
    return Span(first, last, group) if first < last else None


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
    """The error for a value that is no rationale."""
    return DataError(
        f"cannot read {short(value)} as a rationale",
        where=where,
        remedy="Give one 0 or 1 a word, [start, end] spans, or evidence quoted from the text.",
    )
