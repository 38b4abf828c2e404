"""The columns of a table by their meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from difflib import get_close_matches

from rationale.corpus.fields import listing
from rationale.errors import DataError


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns that are read; others are ignored.

    Attributes:
        text: Text, split into words at white space.
        words: A list of words instead of text; beside a text, the words it is split into.
        label: The class name (or number); null or empty where it is unknown.
        id: The row's id; without this column, the row's number, counted from 0.
        query: Text or words of the other segment, read first; optional.
        rationale: One number (0 or 1) a word; or word spans ``[start, end)``; or evidence strings. See
            `word_spans`. Null where no human annotated the row.
        rationale_chars: Character spans ``[start, end)`` of ``text``: they mark each word they touch. See
            `character_spans`.
        annotations: What each of several annotators said; see `read_annotations`. Without one of the two
            columns before, the rationale is what any of them marked.
    """

    text: str = "text"
    words: str = "words"
    label: str = "label"
    id: str = "id"
    query: str = "query"
    rationale: str = "rationale"
    rationale_chars: str = "rationale_chars"
    annotations: str = "annotations"


def check_columns(names: Sequence[str], columns: Columns, where: str) -> None:
    """Checks a table's header.

    Raises:
        DataError: Where two columns share a name, a column that was named by the user is missing, or there
            is neither text nor words.
    """
    check_repeated(names, where)
    for name in names:
        check_name(name, columns, where)
    remedy = f"Columns found: {listing(names) or 'none'}."
    for field in fields(columns):
        name = getattr(columns, field.name)
        if name != field.default and name not in names:
            raise DataError(
                f"there is no column {name!r} to read as {field.name}", where=where, remedy=remedy
            )
    if columns.text not in names and columns.words not in names:
        raise DataError(
            f"there is no column {columns.text!r} or {columns.words!r}", where=where, remedy=remedy
        )


def check_repeated(names: Sequence[str], where: str) -> None:
    """Refuses two columns of one name.

    Raises:
        DataError: Naming it.
    """
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise DataError(f"two columns are called {repeated[0]!r}", where=where)


def check_name(name: str, columns: Columns, where: str) -> None:
    """Refuses a column whose name is a known one with blanks around it.

    Raises:
        DataError: Naming the column.
    """
    bare = name.strip()
    if name != bare and bare in astuple(columns):
        raise DataError(
            f"the column {name!r} has blanks around its name", where=where, remedy=f"Rename it to {bare!r}."
        )


def unread(names: Sequence[str], columns: Columns) -> list[str]:
    """Notes on unknown columns whose names resemble that of a missing one.

    >>> unread(["text", "labels"], Columns())
    ["the column 'labels' is not read; did you mean 'label'?"]
    """
    missing = [name for name in astuple(columns) if name not in names]
    unknown = [name for name in names if name not in astuple(columns)]
    close = ((name, get_close_matches(name.strip().lower(), missing, n=1, cutoff=0.85)) for name in unknown)
    return [f"the column {name!r} is not read; did you mean {match[0]!r}?" for name, match in close if match]
