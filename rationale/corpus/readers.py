"""The interface of readers of documents, and their registry."""

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
    """Oddities of data that can be read: counted by kind, with the first location of each kind."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, str]] = {}
        self._lines: list[str] = []

    def add_line(self, line: str) -> None:
        """Adds a note as it stands."""
        self._lines.append(line)

    def add(self, what: str, where: str) -> None:
        """Counts one more case of ``what``, a phrase in the plural, at ``where``."""
        count, first = self._counts.get(what, (0, where))
        self._counts[what] = (count + 1, first)

    @property
    def lines(self) -> list[str]:
        """The notes: one line a kind, with its count and first location."""
        counted = [f"{n:,} {what} (the first in {where})" for what, (n, where) in self._counts.items()]
        return self._lines + counted


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options that every reader takes.

    Attributes:
        duplicate_ids: ``refuse`` an id used twice, or ``number`` the repeats (``id#2``, ``id#3`` …).
        columns: The names of a table's columns; ERASER folders have fixed names.
        problems: Collects errors of single documents, so that the others are still read; None raises the
            first.
        notes: Collects notes on oddities; None logs them as warnings.
        segmentation: How the text of a table becomes words: at ``spaces``, or as ``characters`` too, for
            scripts without spaces; see `word_bounds`.
    """

    duplicate_ids: DuplicateIds = "refuse"
    columns: Columns = field(default_factory=Columns)
    problems: list[DataError] | None = None
    notes: list[str] | None = None
    segmentation: Segmentation = "spaces"

    def report(self, notes: Notes, source: object) -> None:
        """Appends a reader's notes to :attr:`notes`, or logs them as warnings about ``source``."""
        for line in notes.lines:
            if self.notes is None:
                log.warning("%s: %s", source, line)
            else:
                self.notes.append(line)

    @contextmanager
    def tolerating(self) -> Iterator[None]:
        """Appends a DataError of the block to ``problems`` and continues; raises it where that is None."""
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
        reads: The kind of source, in one phrase.
        recognises: Whether the reader can read a source.
        splits: The splits a source holds; empty where it is one unnamed collection.
        read: Reads one of these splits (or "", where there are none) of a source it recognised.
    """

    reads: str
    recognises: Callable[[Any], bool]
    splits: Callable[[Any], list[str]]
    read: Callable[[Any, str, ReadOptions], Documents]


READERS: Registry[Reader] = Registry("reader")


class UsedIds:
    """The annotation ids used so far, and their locations.

    Args:
        duplicate_ids: What to do with a repeated id; see `ReadOptions`.
    """

    def __init__(self, duplicate_ids: DuplicateIds) -> None:
        self._policy = duplicate_ids
        self._uses: dict[str, list[str]] = {}

    def name(self, identifier: str, where: str) -> str:
        """The unique id of the annotation at ``where``.

        Raises:
            DataError: Where the id was used before and duplicates are refused.
        """
        uses = self._uses.setdefault(identifier, [])
        uses.append(where)
        if len(uses) > 1 and self._policy == "refuse":
            raise DataError(
                f"annotation id {identifier!r} was used before, in {uses[0]}",
                where=where,
                remedy="Give each its own id, or number them: rationale data convert --number-duplicates.",
            )
        return identifier if len(uses) == 1 else f"{identifier}#{len(uses)}"


def usual_order(names: Iterable[str]) -> list[str]:
    """Unique names in the usual order: train, val and test first, then the others sorted.

    >>> usual_order(["test", "dev", "train"])
    ['train', 'test', 'dev']
    """
    unique = set(names)
    usual = [name for name in ("train", "val", "test") if name in unique]
    return usual + sorted(unique - set(usual))
