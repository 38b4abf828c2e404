"""Which column of a table holds the prediction, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeGuard, get_args

from rationale.corpus.fields import listing
from rationale.errors import DataError

Kind = Literal[
    "scores",
    "token_scores",
    "mask",
    "spans",
    "char_spans",
    "words",
    "quotes",
    "sentence_scores",
]
"""What a column holds, by its usual name; ``sentence_scores`` are those of ERASER files."""

KINDS: tuple[Kind, ...] = get_args(Kind)
SELECTING = frozenset({"mask", "spans", "char_spans", "quotes"})
"""The kinds that select words; the others score them."""


@dataclass(frozen=True)
class Column:
    """A column with predictions.

    Attributes:
        kind: What it holds.
        name: Its name in the file.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name if self.name == self.kind else f"{self.kind}={self.name}"


def choose_column(names: Sequence[str], chosen: str | None, path: Path) -> Column:
    """The one column of a table that holds the prediction.

    Args:
        names: The columns.
        chosen: ``NAME`` of a known column, or ``KIND=NAME``; None takes the only known one.
        path: The file, for messages.

    Raises:
        DataError: Where there is none, or several and none is chosen.

    >>> choose_column(["id", "reply"], "quotes=reply", Path("replies.csv"))
    Column(kind='quotes', name='reply')
    """
    found = f"Columns found: {listing(names)}."
    if chosen is not None:
        kind, _, name = chosen.partition("=")
        if not _is_kind(kind):
            raise DataError(
                f"{kind!r} is no kind of prediction",
                where=path,
                remedy=f"Kinds: {listing(KINDS)}; a column by another name is given as scores=NAME.",
            )
        if (name or kind) not in names:
            raise DataError(f"there is no column {name or kind!r}", where=path, remedy=found)
        return Column(kind, name or kind)
    known = [Column(kind, kind) for kind in KINDS if kind in names]
    if "scores" in names:  # words beside scores are there to be compared
        known = [column for column in known if column.kind != "words"]
    if not known:
        raise DataError(
            "there is no column with predictions",
            where=path,
            remedy=f"Known: {listing(KINDS)}; name one by --column, e.g. scores=NAME. {found}",
        )
    if len(known) > 1:
        raise DataError(
            f"{len(known)} columns hold predictions: {listing(known)}",
            where=path,
            remedy=f"Choose one: --column {known[0]}.",
        )
    return known[0]


def _is_kind(name: str) -> TypeGuard[Kind]:
    return name in KINDS
