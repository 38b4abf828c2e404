"""Which columns of a table hold what."""

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
        text: Text, split on whitespace once, here.
        words: A list of words instead of text; beside a text, how that is cut into words.
        label: The class name (or number); null or empty where it is unknown.
        id: The row's id; where there is no such column, its number, counted from 0.
        query: Text or words of the other segment, read first; may be missing.
        rationale: One number (0 or 1) a word; or word spans ``[start, end)``; or evidence strings. See
            `word_spans`. Null where no human was asked.
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


def check_columns(found: Sequence[str], columns: Columns, where: str) -> None:
    """Tells of a header that cannot be right.

    Raises:
        DataError: Where two columns share a name, a column that was asked for by name is missing, or there
            is neither text nor words.
    """
    twice = sorted(name for name, count in Counter(found).items() if count > 1)
    if twice:
        raise DataError(f"two columns are called {twice[0]!r}", where=where)
    for name in found:
        check_name(name, columns, where)
    shown = f"Columns found: {listing(found) or 'none'}."
    for field in fields(columns):
        name = getattr(columns, field.name)
        if name != field.default and name not in found:
            raise DataError(f"there is no column {name!r} to read as {field.name}", where=where, remedy=shown)
    if columns.text not in found and columns.words not in found:
        raise DataError(
            f"there is no column {columns.text!r} or {columns.words!r}", where=where, remedy=shown
        )


def check_name(name: str, columns: Columns, where: str) -> None:
    """Refuses a column that is called as one that is read, but for blanks around its name.

    Raises:
        DataError: Naming it.
    """
    bare = name.strip()
    if name != bare and bare in astuple(columns):
        raise DataError(
            f"the column {name!r} has blanks around its name", where=where, remedy=f"Call it {bare!r}."
        )


def unread(found: Sequence[str], columns: Columns) -> list[str]:
    """What the names of columns that are not read tell: those that look like one that is read and missing.

    >>> unread(["text", "labels"], Columns())
    ["the column 'labels' is not read; one that is would be called 'label'"]
    """
    missing = [name for name in astuple(columns) if name not in found]
    others = [name for name in found if name not in astuple(columns)]
    close = ((name, get_close_matches(name.strip().lower(), missing, n=1, cutoff=0.85)) for name in others)
    return [
        f"the column {name!r} is not read; one that is would be called {match[0]!r}"
        for name, match in close
        if match
    ]
