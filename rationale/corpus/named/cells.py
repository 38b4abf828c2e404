"""The files of named corpora, and single cells of them: each checked, none evaluated."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rationale.corpus.delimited import csv_lines
from rationale.corpus.document import Span
from rationale.corpus.fields import listing, short
from rationale.corpus.masks import touched, word_spans
from rationale.corpus.places import is_visible
from rationale.errors import DataError

CsvRow = tuple[str, dict[str, str]]


def files_named(source: Path, pattern: str) -> dict[str, Path]:
    """The files whose names fit a pattern, by its first group, in or below a folder.

    Args:
        source: A folder; or one file, whose name is then what remains of it without suffixes where it does
            not fit.
        pattern: A regular expression for the whole name.

    Raises:
        DataError: Where two files say the same.

    >>> files_named(Path("no_such_folder"), r"(train|dev)[.]csv")
    {}
    """
    below = sorted(source.rglob("*")) if source.is_dir() else [source]
    found: dict[str, Path] = {}
    for path in below:
        match = re.fullmatch(pattern, path.name)
        if not path.is_file() or not is_visible(path) or (match is None and path != source):
            continue
        name = match.group(1) if match else path.name.partition(".")[0]
        if name in found:
            raise DataError(
                f"{name!r} is there twice: {found[name]} and {path}", where=source, remedy="Name one of them."
            )
        found[name] = path
    return found


def file_named(source: Path, name: str) -> Path:
    """The one file of this name in or below a folder.

    Raises:
        DataError: Where there is none, or more than one.
    """
    found = files_named(source, f"({re.escape(name)})") if source.is_dir() else {}
    if name not in found:
        raise DataError(
            f"there is no file {name}",
            where=source,
            remedy="Name the folder that the corpus was unpacked to.",
        )
    return found[name]


def csv_rows(path: Path, needed: Sequence[str]) -> Iterator[CsvRow]:
    """``(file:line, cells by column)`` of each row of a CSV file.

    Raises:
        DataError: Where a column that is needed is missing, or a row has another number of fields.
    """
    header: list[str] = []
    for number, fields in csv_lines(path):
        where = f"{path}:{number}"
        if not header:
            header = fields
            missing = [name for name in needed if name not in header]
            if missing:
                raise DataError(
                    f"there is no column {missing[0]!r}",
                    where=where,
                    remedy=f"Columns found: {listing(header)}; needed: {listing(needed)}.",
                )
        elif len(fields) != len(header):
            raise DataError(
                f"the row has {len(fields)} fields, the header {len(header)}",
                where=where,
                remedy="A field that holds a comma needs double quotes around it.",
            )
        else:
            yield where, dict(zip(header, fields, strict=True))
    if not header:
        raise DataError("the file is empty", where=path)


def literal(cell: str, name: str, where: str) -> Any:
    """The Python literal in a cell (a list, a dict, text, a number); nothing is evaluated.

    Raises:
        DataError: Where it is none.

    >>> literal("[0, 'a']", "rationales", "a.csv:2")
    [0, 'a']
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of backslashes in text that it reads as they are
            return ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise DataError(
            f"{name!r} is not a list or another literal: {short(cell)}",
            where=where,
            remedy="Expected a value as Python writes it; the file may have been changed or cut off.",
        ) from error


def whole_number(cell: str, name: str, where: str) -> int:
    """A whole number.

    Raises:
        DataError: Where it is none.
    """
    if not re.fullmatch(r"-?\d{1,18}", cell.strip(), re.ASCII):
        raise DataError(f"{name!r} must be a whole number, got {short(cell)}", where=where)
    return int(cell)


def flag(cell: str, name: str, where: str) -> bool:
    """``True`` or ``False``.

    Raises:
        DataError: On anything else.
    """
    if cell not in ("True", "False"):
        raise DataError(f"{name!r} must be True or False, got {short(cell)}", where=where)
    return cell == "True"


def mask_spans(mask: Any, words: Sequence[str], name: str, where: str) -> tuple[Span, ...]:
    """The runs of a mask of one 0 or 1 a word.

    Raises:
        DataError: On anything else.
    """
    numbers = isinstance(mask, list) and bool(mask) and all(type(entry) is int for entry in mask)
    if not numbers:
        raise DataError(f"{name!r} must be a list of one 0 or 1 a word, got {short(mask)}", where=where)
    return word_spans(mask, words, f"{where}, {name}")


def offset_runs(offsets: Any, text: str, name: str, where: str) -> list[tuple[int, int]]:
    """``[start, end)`` of each run in a list of single character offsets, in the order of the text.

    Raises:
        DataError: On something else than a list of whole numbers, and on offsets outside the text.

    >>> offset_runs([0, 1, 2, 5], "a film", "spans", "a.csv:2")
    [(0, 3), (5, 6)]
    """
    if not isinstance(offsets, list) or not all(type(offset) is int for offset in offsets):
        raise DataError(f"{name!r} must be a list of character offsets, got {short(offsets)}", where=where)
    ordered = sorted(set(offsets))
    if ordered and not (ordered[0] >= 0 and ordered[-1] < len(text)):
        outside = ordered[0] if ordered[0] < 0 else ordered[-1]
        raise DataError(
            f"the character offset {outside} in {name!r} lies outside a text of {len(text)} characters",
            where=where,
            remedy="Offsets count Unicode characters of the text from 0.",
        )
    starts = [offset for offset in ordered if offset - 1 not in set(ordered)]
    ends = [offset + 1 for offset in ordered if offset + 1 not in set(ordered)]
    return list(zip(starts, ends, strict=True))


def touched_words(
    runs: Sequence[tuple[int, int]], bounds: Sequence[tuple[int, int]], group: int = 0
) -> tuple[Span, ...]:
    """The words that runs of characters touch, a span a run; runs of white space alone touch none."""
    spans = (touched(start, end, bounds, group) for start, end in runs)
    return tuple(dict.fromkeys(span for span in spans if span is not None))
