"""Rationales as word spans, read from masks, spans of words, or quoted evidence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise
from typing import Any

from rationale.corpus.document import Span
from rationale.corpus.fields import short
from rationale.corpus.marks import SEVERAL, Mark, check_inside, not_a_rationale, read_mark, same_text
from rationale.errors import DataError

_CHARACTERS = "Character offsets belong in 'rationale_chars', those of predictions in 'char_spans'."


def word_spans(value: Any, words: Sequence[str], where: str) -> tuple[Span, ...]:
    """Converts a rationale to word spans.

    Args:
        value: One of

            - a mask: a list of one 0 or 1 (or False or True) a word;
            - word spans, the end exclusive: a list of ``[start, end]``, or of objects, see `read_mark`;
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
    return tuple(Span(mark.start, mark.end, mark.group) for mark in word_marks(value, words, where))


def word_marks(value: Sequence[Any], words: Sequence[str], where: str) -> list[Mark]:
    """Spans ``[start, end)`` of words, as a list has them; see `read_mark`.

    Raises:
        DataError: On anything else, on spans that lie outside the document, cover no word or state another
            text or other tokens than they cover.
    """
    marks = [read_mark(item, where) for item in value]
    for mark in marks:
        if mark.tokens is not None and mark.tokens != (mark.start, mark.end):
            raise DataError(
                f"a span has start {mark.start} and end {mark.end}, but token_start {mark.tokens[0]} and "
                f"token_end {mark.tokens[1] - 1}: start and end do not count words",
                where=where,
                remedy=f"In spans with tokens (Prodigy), start and end count characters. {_CHARACTERS}",
            )
    check_inside(marks, len(words), "words", where)
    for mark in marks:
        covered = words[mark.start : mark.end]
        if mark.text is not None and not same_text(mark.text, covered):
            raise DataError(
                f"the span [{mark.start}, {mark.end}) has the text {short(mark.text)}, "
                f"but the words at its indices are {short(' '.join(covered))}",
                where=where,
                remedy=f"Word spans count words from 0, the end exclusive. {_CHARACTERS}",
            )
    return marks


def _check_masks(value: Sequence[Any], length: int, where: str) -> None:
    """Refuses a list of masks, one an annotator as in HateXplain, even where it could also be spans."""
    if not all(isinstance(item, list | tuple) and all(entry in (0, 1) for entry in item) for item in value):
        return
    if not any(len(item) > 2 or len(item) == length for item in value):
        return
    nothing = next((item for item in value if len(item) == 2 and item[0] >= item[1]), None)
    as_spans = "" if nothing is None else f", or spans, of which [{nothing[0]}, {nothing[1]}) marks nothing"
    raise DataError(
        f"{short(value)} could be one mask an annotator{as_spans}; expected one mask a document",
        where=where,
        remedy=f"{SEVERAL} Or merge them into one mask by majority or union. "
        'If these are spans, write {"start": 0, "end": 1}, the end exclusive; where nothing is marked, [].',
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
