"""The evidence of one ERASER annotation: pieces checked against the documents they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rationale.corpus.document import MAX_GROUP, Span
from rationale.corpus.fields import identifier, need, original, short
from rationale.corpus.marks import same_text
from rationale.corpus.passages import Passage
from rationale.corpus.readers import Notes, ReadOptions
from rationale.errors import DataError
from rationale.strict_json import Json

_UNKNOWN = -1
_FEW = 0.02  # of the pieces of a split


class Quotes:
    """Counts the pieces of a split whose text differs from the words at their indices.

    The indices are used. The benchmark's own files hold a few such pieces (MultiRC's train: 136 of 54,949);
    where there are more, the indices count something else than words.
    """

    def __init__(self) -> None:
        self._checked = 0
        self._mismatches: list[DataError] = []

    def check(self, piece: Piece, words: Sequence[str], where: str) -> None:
        """Compares the text of a piece with the words at its indices."""
        if not piece.text.strip():
            return
        self._checked += 1
        if not same_text(piece.text, words):
            start, end = piece.tokens
            self._mismatches.append(
                DataError(
                    f"evidence [{start}, {end}) of document {short(piece.docid)} has the text "
                    f"{short(piece.text)}, but the words at its indices are {short(' '.join(words))}",
                    where=where,
                    remedy="Correct the indices; or, where they are right, correct or empty the text.",
                )
            )

    def report(self, options: ReadOptions, notes: Notes) -> None:
        """Refuses the split where more than a few pieces differ from their words, else notes their number.

        Raises:
            DataError: For the first such piece, unless ``options`` collects problems.
        """
        if len(self._mismatches) > _FEW * self._checked:
            for error in self._mismatches:
                with options.tolerating():
                    raise error
        elif self._mismatches:
            notes.add_line(
                f"{len(self._mismatches):,} of {self._checked:,} pieces of evidence have a text that "
                f"differs from the words at their indices; the indices are used (the first in "
                f"{self._mismatches[0].where})"
            )


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence as the file has it; -1 marks an unknown position, as in the benchmark.

    Attributes:
        docid: The id of its document.
        original_docid: The same id as a number, where the file has a number.
        group: The evidence group it belongs to.
        tokens: ``[start, end)`` in words.
        sentences: ``[start, end)`` in sentences.
        text: The text it states; empty where it states none.
    """

    docid: str
    original_docid: int | float | None
    group: int
    tokens: tuple[int, int]
    sentences: tuple[int, int]
    text: str


def read_pieces(groups: object, where: str) -> list[Piece]:
    """Reads every piece of an annotation's evidence, in the order of the file.

    Raises:
        DataError: Where the groups or a piece are malformed.
    """
    if groups is None:
        return []
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise DataError(
            "'evidences' must be a list of groups, each a list of evidence",
            where=where,
            remedy='For example: "evidences": [[{"docid": "a", "start_token": 0, "end_token": 3}]].',
        )
    if len(groups) > MAX_GROUP + 1:
        raise DataError(f"the annotation has {len(groups):,} evidence groups", where=where)
    return [_piece(item, number, where) for number, group in enumerate(groups) for item in group]


def _piece(item: object, group: int, where: str) -> Piece:
    if not isinstance(item, dict):
        raise DataError(f"evidence must be an object, got {type(item).__name__}", where=where)
    docid = need(item, "docid", where)
    return Piece(
        identifier(docid, "docid", where),
        original(docid),
        group,
        (_number(item, "start_token", where), _number(item, "end_token", where)),
        (_sentence(item, "start_sentence", where), _sentence(item, "end_sentence", where)),
        _text(item.get("text"), where),
    )


def _number(item: Json, name: str, where: str) -> int:
    if name in item and item[name] is None:
        raise DataError(
            f"the field {name!r} is null", where=where, remedy="Where the place is unknown, write -1."
        )
    value = need(item, name, where)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DataError(f"{name!r} must be a whole number, got {short(value)}", where=where)
    return value


def _sentence(item: Json, name: str, where: str) -> int:
    return _UNKNOWN if item.get(name) is None else _number(item, name, where)


def _text(text: Any, where: str) -> str:
    """The text of a piece, given as text or as a list of words; a list of token ids counts as no text."""
    if text is None or isinstance(text, str):
        return text or ""
    if isinstance(text, list) and all(isinstance(word, str) for word in text):
        return " ".join(text)
    if isinstance(text, list) and all(isinstance(word, int) for word in text):
        return ""
    raise DataError(f"the 'text' of evidence must be text, got {short(text)}", where=where)


def spans_of(
    pieces: list[Piece], passage_of: Callable[[str], Passage], where: str, notes: Notes, quotes: Quotes
) -> list[tuple[str, Span]]:
    """``(docid, span)`` of each piece that marks words, checked against its document.

    Raises:
        DataError: On a piece outside its document.
    """
    spans = []
    for piece in pieces:
        passage = passage_of(piece.docid)
        word_range = _word_range(piece, passage, where, notes)
        if word_range is None:
            continue
        _check(piece, *word_range, passage, where)
        quotes.check(piece, passage.words[slice(*word_range)], where)
        if not _meets_sentences(piece, *word_range, passage):
            notes.add("pieces of evidence have no word in the sentences they state", where)
        if word_range[0] == word_range[1]:
            notes.add("pieces of evidence mark no word and are left out", where)
        else:
            spans.append((piece.docid, Span(*word_range, piece.group, _stated(piece, passage))))
    return spans


def _word_range(piece: Piece, passage: Passage, where: str, notes: Notes) -> tuple[int, int] | None:
    """The words ``[start, end)`` a piece states, or those of its sentences; None where it has neither."""
    start, end = piece.sentences
    if start == _UNKNOWN and end == 0:
        raise DataError(
            "evidence has start_sentence -1 and end_sentence 0, which the benchmark's scorer reads as the "
            "last sentence",
            where=where,
            remedy="Write -1 for both where the sentences are unknown.",
        )
    if piece.tokens != (_UNKNOWN, _UNKNOWN):
        return piece.tokens
    if start == _UNKNOWN and end == _UNKNOWN:
        notes.add("pieces of evidence state neither words nor sentences and are left out", where)
        return None
    if not 0 <= start < end <= len(passage.sentences):
        raise DataError(
            f"evidence in sentences [{start}, {end}) lies outside document {short(piece.docid)} of "
            f"{len(passage.sentences)} sentences",
            where=where,
            remedy="Sentence indices count lines from 0; the end is exclusive.",
        )
    return passage.sentences[start][0], passage.sentences[end - 1][1]


def _stated(piece: Piece, passage: Passage) -> tuple[int, int] | None:
    """The sentences the piece states; None where it states none of its document."""
    first, last = piece.sentences
    return (first, last) if 0 <= first < last <= len(passage.sentences) else None


def _meets_sentences(piece: Piece, start: int, end: int, passage: Passage) -> bool:
    """Whether the words overlap the sentences the piece states, which the benchmark only guesses."""
    if _UNKNOWN in piece.sentences or start == end:
        return True
    stated = _stated(piece, passage)
    if stated is None:
        return False
    return passage.sentences[stated[0]][0] < end and start < passage.sentences[stated[1] - 1][1]


def _check(piece: Piece, start: int, end: int, passage: Passage, where: str) -> None:
    if start > end:
        raise DataError(
            f"evidence in document {short(piece.docid)} starts at word {start} and ends before it, at {end}",
            where=where,
            remedy="start_token is inclusive, end_token exclusive.",
        )
    if start < 0 or end > len(passage.words):
        raise DataError(
            f"evidence [{start}, {end}) lies outside document {short(piece.docid)} of "
            f"{len(passage.words)} words",
            where=where,
            remedy="Token indices count the words of the whole document from 0; the end is exclusive.",
        )
