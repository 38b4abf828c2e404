"""The errors that users see: what is wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class RationaleError(Exception):
    """Base of every error that this library raises on purpose; the command line prints it and exits with 2.

    Args:
        what: What is wrong: the value found, and what was expected.
        where: The file (and line), or the object, with the problem.
        remedy: What the user can do about it.

    >>> print(RationaleError("3 labels, expected 2", where="train.jsonl:7", remedy="Merge the labels."))
    train.jsonl:7: 3 labels, expected 2. Merge the labels.
    """

    def __init__(self, what: str, *, where: str | Path | None = None, remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, None if where is None else str(where), remedy
        prefix = "" if where is None else f"{where}: "
        body = what if what.endswith((".", "?", "!")) else what + "."
        super().__init__(f"{prefix}{body} {remedy}".rstrip())


class DataError(RationaleError):
    """The documents, rationales or labels cannot be read, or do not fit each other."""


class ModelError(RationaleError):
    """The model or its tokenizer cannot be used for this task, or computed NaN or infinite values."""


class ScoresError(RationaleError):
    """A score folder is unfinished, damaged, or does not belong to the data or the request."""


class OutputError(RationaleError):
    """An output cannot be written: it exists already, or the disk refuses it."""
