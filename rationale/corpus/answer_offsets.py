"""What the offsets of answers count, code points or UTF-16 code units: decided by all answers together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rationale.corpus.fields import short
from rationale.corpus.offsets import Unit, places_of
from rationale.errors import DataError

_COUNT = (
    "Tools in browsers count UTF-16 code units: a character beyond U+FFFF (an emoji) counts as two. "
    "Count code points"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the answers of a paragraph show their offsets to count.

    Attributes:
        units: What those answers need that are at their offset by one count alone; those of the whole file
            where none of the paragraph is. Two where they contradict each other, none where nothing decides.
        of: Whose answers they are, for messages.
    """

    units: frozenset[Unit]
    of: str

    def place(self, text: str, start: int, context: str, where: str) -> int | None:
        """Where an answer begins in its context, in code points; None where it is at neither place.

        Raises:
            DataError: Where it is at both places, or at one that other answers contradict.
        """
        places = places_of(text, start, context)
        if not places.differ:
            return places.points
        if len(self.units) == 1:
            return places.points if "code points" in self.units else places.units
        if self.units:
            raise DataError(
                f"some answers of {self.of} are at their answer_start in code points alone, others in UTF-16 "
                "code units alone",
                where=where,
                remedy=f"{_COUNT} in all.",
            )
        raise DataError(
            f"the answer {short(text)} is at character {start} of the context both in code points and in "
            "UTF-16 code units, which are different places, and no other answer decides",
            where=where,
            remedy=f"{_COUNT}, and lengthen the answer until it is at one of the two places alone.",
        )


class FileCounts:
    """What the offsets of a file's answers count, paragraph by paragraph.

    Args:
        content: The file, parsed; parts in another layout are passed over, for the reader refuses them.
    """

    def __init__(self, content: Any) -> None:
        paragraphs = (
            paragraph for article in _parts(content, "data") for paragraph in _parts(article, "paragraphs")
        )
        self._of_file = frozenset(unit for paragraph in paragraphs for unit in _units(paragraph))

    def of(self, paragraph: Any) -> Counts:
        """What those of one paragraph count."""
        units = frozenset(_units(paragraph))
        return Counts(units, "the paragraph") if units else Counts(self._of_file, "the file")


def _units(paragraph: Any) -> Iterator[Unit]:
    context = paragraph.get("context") if isinstance(paragraph, dict) else None
    if not isinstance(context, str) or context.isascii():
        return
    for question in _parts(paragraph, "qas"):
        for answer in _parts(question, "answers"):
            text, start = (
                answer.get(name) if isinstance(answer, dict) else None for name in ("text", "answer_start")
            )
            if isinstance(text, str) and text.strip() and isinstance(start, int):
                only = places_of(text, start, context).only
                if only is not None:
                    yield only


def _parts(value: Any, name: str) -> Iterable[Any]:
    parts = value.get(name) if isinstance(value, dict) else None
    return parts if isinstance(parts, list) else ()
