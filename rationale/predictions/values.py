"""Values of one cell: scores or a selection of a document's words, from each kind of column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rationale.arrays import Bool, Float64
from rationale.corpus.document import Document
from rationale.corpus.fields import short
from rationale.corpus.marks import same_text
from rationale.corpus.masks import word_marks
from rationale.corpus.offsets import MAY_BE_UTF16, bounds_in, character_spans, may_be_utf16
from rationale.corpus.readers import Notes
from rationale.errors import DataError
from rationale.predictions.cells import check_length, numbers, parsed
from rationale.predictions.kinds import Kind
from rationale.predictions.options import PredictionOptions
from rationale.predictions.quotes import QuoteFinder, Range
from rationale.predictions.replies import read_reply
from rationale.predictions.tally import Tally
from rationale.predictions.tokens import join_tokens
from rationale.strict_json import Json

MAX_QUOTES = 1_000
"""Quotes of one document: no reply about one has more."""


@dataclass(frozen=True)
class Content:
    """The prediction of one document; W words.

    Attributes:
        scores: float64 (W,); None where words are only selected.
        mask: bool (W,), the selected words; None where there is no selection.
        unmatched: Number of quoted words that are nowhere in the document; None without quotes.
    """

    scores: Float64 | None = None
    mask: Bool | None = None
    unmatched: int | None = None


@dataclass(frozen=True)
class Cell:
    """The place of a value, and everything that reading it may need.

    Attributes:
        row: All cells of its row.
        name: Its column.
        document: The document that is predicted.
        where: The row, for messages.
        options: How predictions are read.
        tally: Counts quotes.
        notes: Counts what could be read in another way.
    """

    row: Json
    name: str
    document: Document
    where: str
    options: PredictionOptions
    tally: Tally
    notes: Notes

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the document."""
        return self.document.words

    def text(self) -> tuple[str, list[Range]]:
        """The text that offsets and tokens are of, and the bounds of each word in it."""
        text = self.row.get("text")
        if text is None:
            text = " ".join(self.words)
        elif not isinstance(text, str) or not same_text(text, self.words):
            raise DataError(
                f"'text' is not that of the data: {short(text)} and {short(' '.join(self.words))}",
                where=self.where,
                remedy="It may differ in white space only. Is it another split, or was it preprocessed?",
            )
        return text, bounds_in(text, self.words)

    def marked(self, spans: Iterable[Range]) -> Bool:
        """The words of some ranges, bool (W,)."""
        mask = np.zeros(len(self.words), dtype=np.bool_)
        for start, end in spans:
            mask[start:end] = True
        return mask


def _scores(cell: Cell, value: Any) -> Content:
    words = parsed(cell.row, "words", cell.where)
    if words is not None:
        _check_words(cell, words)
    return Content(numbers(value, cell.name, len(cell.words), cell.where))


def _words(cell: Cell, value: Any) -> Content:
    if not isinstance(value, list | tuple) or not all(
        isinstance(item, list | tuple) and len(item) == 2 for item in value
    ):
        raise DataError(
            f"{cell.name!r} must be a list of [word, score], got {short(value)}",
            where=cell.where,
            remedy="Words without scores go beside a column 'scores'; passages of the text are 'quotes'.",
        )
    _check_words(cell, [word for word, _ in value])
    return Content(numbers([score for _, score in value], cell.name, len(cell.words), cell.where))


def _check_words(cell: Cell, words: Any) -> None:
    if not isinstance(words, list | tuple):
        raise DataError(f"'words' must be a list, got {short(words)}", where=cell.where)
    for place, (given, known) in enumerate(zip(words, cell.words, strict=False)):
        if given != known:
            raise DataError(
                f"word {place} (counted from 0) is {short(given)}, and {short(known)} in the data",
                where=cell.where,
                remedy="Words are those of the data, one by one. For another tokenization give 'tokens' and "
                "'token_scores'.",
            )
    check_length(words, "words", len(cell.words), cell.where)


def _token_scores(cell: Cell, value: Any) -> Content:
    tokens = parsed(cell.row, "tokens", cell.where)
    if not isinstance(tokens, list | tuple) or not all(isinstance(token, str) for token in tokens):
        raise DataError(
            f"{cell.name!r} needs a list of 'tokens' beside it, got {short(tokens)}",
            where=cell.where,
            remedy="One token for each score, as the tokenizer names them.",
        )
    scores = numbers(value, cell.name, len(tokens), cell.where, unit="tokens")
    text, bounds = cell.text()
    return Content(join_tokens(tokens, scores, text, bounds, cell.options.join, cell.where))


def _sentence_scores(cell: Cell, value: Any) -> Content:
    sentences = cell.document.sentences
    scores = numbers(value, cell.name, len(sentences), cell.where, unit="sentences")
    words = np.full(len(cell.words), min(0.0, scores.min(initial=0.0)))
    for (start, end), score in zip(sentences, scores, strict=True):
        words[start:end] = score
    return Content(words)


def _mask(cell: Cell, value: Any) -> Content:
    if not isinstance(value, list | tuple) or not all(isinstance(one, bool | int | float) for one in value):
        raise DataError(
            f"{cell.name!r} must be a list of 0 and 1, got {short(value)}",
            where=cell.where,
            remedy="One for each word; null stands for a whole row only.",
        )
    other = next((one for one in value if one not in (0, 1)), None)
    if other is not None:
        raise DataError(
            f"{cell.name!r} holds {other}, expected 0 or 1",
            where=cell.where,
            remedy="Call the column 'scores' where values are continuous (--column scores=NAME).",
        )
    if value:
        check_length(value, cell.name, len(cell.words), cell.where)
    return Content(mask=np.array(value or [0] * len(cell.words), dtype=np.bool_))


def _spans(cell: Cell, value: Any) -> Content:
    marks = word_marks(_list(cell, value), cell.words, cell.where)
    return Content(mask=cell.marked((mark.start, mark.end) for mark in marks))


def _char_spans(cell: Cell, value: Any) -> Content:
    text, bounds = cell.text()
    items = _list(cell, value)
    if items and all(isinstance(item, int) and not isinstance(item, bool) for item in items):
        if len(items) == 2:
            _check_pair(items, text, bounds, cell.where)
        items = _runs(items)
    spans = character_spans(items, text, bounds, cell.where)
    if may_be_utf16(items, text):
        cell.notes.add(MAY_BE_UTF16, cell.where)
    return Content(mask=cell.marked((span.start, span.end) for span in spans))


def _check_pair(pair: Sequence[int], text: str, bounds: Sequence[Range], where: str) -> None:
    """Refuses two offsets that select other words as ``[start, end)`` than one by one."""
    readings = [list(pair)], _runs(pair)
    selected = []
    for reading in readings:
        try:
            spans = character_spans(reading, text, bounds, where)
            selected.append({word for span in spans for word in range(span.start, span.end)})
        except DataError:
            selected.append(set())
    if selected[0] != selected[1]:
        raise DataError(
            f"{list(pair)} could be one span or two single offsets",
            where=where,
            remedy=f"Write {readings[0]} or {readings[1]}.",
        )


def _runs(offsets: Sequence[int]) -> list[list[int]]:
    """Runs of single offsets as [start, end).

    >>> _runs([4, 3, 5, 9])
    [[3, 6], [9, 10]]
    """
    runs: list[list[int]] = []
    for offset in sorted(set(offsets)):
        if runs and runs[-1][1] == offset:
            runs[-1][1] = offset + 1
        else:
            runs.append([offset, offset + 1])
    return runs


def _list(cell: Cell, value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise DataError(
            f"{cell.name!r} must be a list of [start, end], got {short(value)}",
            where=cell.where,
            remedy="Write [] where nothing is selected.",
        )
    return value


def _quotes(cell: Cell, value: Any) -> Content | None:
    if not isinstance(value, str | list | tuple | Mapping):
        raise DataError(
            f"{cell.name!r} must be a list of strings or a reply as text, got {short(value)}",
            where=cell.where,
        )
    try:
        reply = read_reply(value if isinstance(value, str) else json.dumps(value))
    except DataError as error:
        raise DataError(error.what, where=cell.where, remedy=error.remedy) from None
    cell.tally.reply(reply, cell.where)
    if reply.quotes is None:
        return None
    if len(reply.quotes) > MAX_QUOTES:
        raise DataError(
            f"{len(reply.quotes):,} quotes for a document of {len(cell.words):,} words, expected at most "
            f"{MAX_QUOTES:,}",
            where=cell.where,
            remedy="Give each document its own row with the reply to it alone.",
        )
    finder = QuoteFinder(cell.words, cell.options.occurrence, cell.options.fuzzy)
    matches = finder.find(reply.quotes)
    unmatched = cell.tally.quotes(matches, cell.where)
    return Content(mask=cell.marked(span for match in matches for span in match.spans), unmatched=unmatched)


READ: Mapping[Kind, Callable[[Cell, Any], Content | None]] = {
    "scores": _scores,
    "token_scores": _token_scores,
    "sentence_scores": _sentence_scores,
    "words": _words,
    "mask": _mask,
    "spans": _spans,
    "char_spans": _char_spans,
    "quotes": _quotes,
}
"""What reads the value of a cell, by the kind of its column; None where there is no prediction in it."""
