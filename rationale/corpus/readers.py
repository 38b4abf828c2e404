"""What a reader of documents is, and the list of those there are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from rationale.corpus.columns import Columns
from rationale.corpus.document import Documents
from rationale.corpus.segment import Segmentation
from rationale.errors import DataError
from rationale.registry import Registry

DuplicateIds = Literal["refuse", "number"]

log = logging.getLogger(__name__)


class Notes:
    """What can be read but looks odd: counted, with the first place of each kind."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}
        self._said: list[str] = []

    def say(self, line: str) -> None:
        """Notes something that is said once."""
        self._said.append(line)

    def add(self, what: str, where: str) -> None:
        """Counts one more of ``what``, said in the plural."""
        count, first = self._found.get(what, (0, where))
        self._found[what] = (count + 1, first)

    @property
    def lines(self) -> list[str]:
        """One line a kind, with its number and the first place."""
        counted = [f"{n:,} {what} (the first in {where})" for what, (n, where) in self._found.items()]
        return self._said + counted


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What may be asked of every reader.

    Attributes:
        duplicate_ids: ``refuse`` an id used twice, or ``number`` the repeats (``id#2``, ``id#3`` …).
        columns: The names of a table's columns; the benchmark's layout has names of its own.
        problems: Where errors of single documents are noted, so that the others are still read; None stops
            at the first.
        notes: Where what can be read but looks odd is noted; None logs it as a warning.
        segmentation: How the text of a table becomes words: at ``spaces``, or as ``characters`` too, for
            scripts without spaces; see `word_bounds`.
    """

    duplicate_ids: DuplicateIds = "refuse"
    columns: Columns = field(default_factory=Columns)
    problems: list[DataError] | None = None
    notes: list[str] | None = None
    segmentation: Segmentation = "spaces"

    def tell(self, found: Notes, source: object) -> None:
        """Passes on what a reader found odd."""
        for line in found.lines:
            if self.notes is None:
                log.warning("%s: %s", source, line)
            else:
                self.notes.append(line)

    @contextmanager
    def tolerating(self) -> Iterator[None]:
        """Notes a DataError of the block under ``problems`` and goes on; raises it where there is no list."""
        try:
            yield
        except DataError as error:
            if self.problems is None:
                raise
            self.problems.append(error)


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns one kind of source into documents.

    Attributes:
        reads: What it reads, in one phrase.
        recognises: Whether the reader is meant for a source.
        splits: The splits a source holds; empty where it is one unnamed collection.
        read: Reads one of these splits (or "", where there are none) of a source it recognised.
    """

    reads: str
    recognises: Callable[[Any], bool]
    splits: Callable[[Any], list[str]]
    read: Callable[[Any, str, ReadOptions], Documents]


READERS: Registry[Reader] = Registry("reader")


class UsedIds:
    """The annotation ids used so far, and where.

    Args:
        duplicate_ids: What to do with one used twice; see `ReadOptions`.
    """

    def __init__(self, duplicate_ids: DuplicateIds) -> None:
        self._policy = duplicate_ids
        self._places: dict[str, list[str]] = {}

    def name(self, identifier: str, where: str) -> str:
        """The id to give to the annotation found at ``where``.

        Raises:
            DataError: Where it was used before and duplicates are refused.
        """
        places = self._places.setdefault(identifier, [])
        places.append(where)
        if len(places) > 1 and self._policy == "refuse":
            raise DataError(
                f"annotation id {identifier!r} was used before, in {places[0]}",
                where=where,
                remedy="Give each its own id, or number them: rationale data convert --number-duplicates.",
            )
        return identifier if len(places) == 1 else f"{identifier}#{len(places)}"


def usual_order(names: Iterable[str]) -> list[str]:
    """The names once each: train, val and test first, then the others sorted.

    >>> usual_order(["test", "dev", "train"])
    ['train', 'test', 'dev']
    """
    left = set(names)
    usual = [name for name in ("train", "val", "test") if name in left]
    return usual + sorted(left - set(usual))
