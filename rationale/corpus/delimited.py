"""Reads CSV and TSV: comma- or tab-separated text with a header, as spreadsheets and pandas write it."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rationale import strict_json
from rationale.corpus.columns import Columns, check_columns, check_repeated
from rationale.corpus.lines import read_text, split_lines
from rationale.corpus.readers import Notes
from rationale.corpus.rows import Row
from rationale.errors import DataError
from rationale.strict_json import Json

Line = tuple[int, list[str]]  # number, fields

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_BLANK_QUOTE = re.compile(r'(?:\A|[,\r\n])[ \t]+"')
_FIELD = re.compile(r'"(?:[^"]|"")*"|[^",\r\n][^,\r\n]*')


class _Literal(csv.excel_tab):
    """Tab-separated values as the IANA registers them: no quotes, no escapes."""

    quoting = csv.QUOTE_NONE


class _SpaceAfterComma(csv.excel):
    """Fields separated by a comma and a space."""

    skipinitialspace = True


def read_csv(path: Path, columns: Columns, notes: Notes) -> Iterator[Row]:
    """Yields the rows of a CSV file (RFC 4180); notes a column whose values are between single quotes.

    Raises:
        DataError: Where the file is no valid CSV; the message names the line.
    """
    yield from _rows(csv_lines(path), columns, path, notes)


def csv_lines(path: Path, content: bytes | None = None) -> Iterator[Line]:
    """Number and fields of each record of a CSV file (RFC 4180), the header first.

    Raises:
        DataError: Where it is none; the message names the line.
    """
    text = read_text(path, content)
    spaced = re.match(r"[^\r\n]*, ", text) is not None
    if not spaced and _BLANK_QUOTE.search(text):
        _check_blanks(text, path)
    with _long_fields():
        yield from _lines(text, _SpaceAfterComma() if spaced else csv.excel(), path)


def _check_blanks(text: str, path: Path) -> None:
    """Refuses a quote after a blank, which quotes nothing by RFC 4180: the words would keep it."""
    for field in _FIELD.finditer(text):
        if re.match(r'[ \t]+"', field[0]):
            raise DataError(
                f"a blank stands before the quote of {field[0].strip()[:60]!r}",
                where=f"{path}:{len(split_lines(text[: field.start()]))}",
                remedy="Remove the blanks after the commas; or write one after each comma of the header too.",
            )


def read_tsv(path: Path, columns: Columns, notes: Notes) -> Iterator[Row]:
    """Yields the rows of a TSV file; see `_tab_separated`. Notes as `read_csv`, and quotes that it guesses.

    Raises:
        DataError: Where the file is no valid TSV, or its quotes are ambiguous; the message names the line.
    """
    yield from _rows(iter(tsv_lines(path, notes=notes)), columns, path, notes)


def text_rows(path: Path, content: bytes | None = None, *, tabs: bool) -> Iterator[Row]:
    """Yields the rows of a CSV or TSV file as they are: every cell is text, an empty one None.

    Raises:
        DataError: Where the file is no valid table, or two columns share a name.
    """
    header: list[str] = []
    for number, fields in (tsv_lines if tabs else csv_lines)(path, content):
        where = f"{path}:{number}"
        if header:
            _check_width(header, fields, where)
            yield where, dict(zip(header, (field or None for field in fields), strict=True))
        else:
            header = [name.strip() for name in fields]
            check_repeated(header, where)
    if not header:
        raise DataError("the file is empty", where=path)


def tsv_lines(path: Path, content: bytes | None = None, *, notes: Notes | None = None) -> list[Line]:
    """Number and fields of each line of a TSV file, the header first; notes quotes that might be text.

    Raises:
        DataError: Where the file is no valid TSV, or its quotes are ambiguous; the message names the line.
    """
    text = read_text(path, content)
    with _long_fields():
        return _tab_separated(text, path, notes or Notes())


def _tab_separated(text: str, path: Path, notes: Notes) -> list[Line]:
    """The lines of a TSV file, read with or without quotes, whichever fits the whole file.

    Spreadsheets, pandas and Label Studio quote fields as in CSV; the IANA's format and many corpora have no
    quotes. Where both readings fit and differ, the file is refused unless its quotes decide it.
    """
    literal = list(_lines(text, _Literal(), path))
    if '"' not in text:
        return literal
    try:
        quoted = list(_lines(text, csv.excel_tab(), path))
    except DataError:
        quoted = []
    if not _is_rectangular(quoted):
        _check_literal(literal, path)
        return literal
    if not _is_rectangular(literal) or quoted == literal:
        return quoted
    if _shows_quoting(literal):
        _note_quotes(literal, path, notes)
        return quoted
    number, field = next(
        (line_number, candidate)
        for line_number, fields in literal
        for candidate in fields
        if _QUOTED.fullmatch(candidate) or '"' in candidate
    )
    raise DataError(
        f"the quotes in {field[:60]!r} may be part of the text, or around it",
        where=f"{path}:{number}",
        remedy="Quote every field, or none; or save the table as CSV or JSONL.",
    )


def _shows_quoting(lines: list[Line]) -> bool:
    """Whether the literal fields look like the output of a writer that quotes fields.

    Such a writer quotes every field; or the fields that hold a quote, which it doubles; or, like Excel, also
    the fields that hold a comma.
    """
    fields = [field for _, line in lines for field in line]
    quoted = [field for field in fields if '"' in field]
    if not all(_QUOTED.fullmatch(field) for field in quoted):
        return False
    if all('"' in field for _, line in lines[1:] for field in line if field):
        return True
    doubled = [field for field in quoted if '""' in field[1:-1]]
    commas = all("," in field for field in quoted if field not in doubled)
    return len(doubled) == len(quoted) or (commas and not any("," in f for f in fields if f not in quoted))


def _note_quotes(lines: list[Line], path: Path, notes: Notes) -> None:
    """Notes the fields whose quotes were taken off on thin evidence: no quoted header, no doubled quote."""
    quoted = [(number, field) for number, fields in lines for field in fields if _QUOTED.fullmatch(field)]
    if any('""' in field[1:-1] for _, field in quoted) or all(map(_QUOTED.fullmatch, lines[0][1])):
        return
    for number, _ in quoted:
        notes.add(
            "fields are between double quotes and were read without them, as Excel quotes some; "
            "where the quotes belong to the text, save the table as CSV or JSONL",
            f"{path}:{number}",
        )


def _check_literal(lines: list[Line], path: Path) -> None:
    """Refuses a file with some fields quoted as in CSV and others that cannot be."""
    for number, fields in lines:
        for field in fields:
            if '""' in field[1:-1] and _QUOTED.fullmatch(field):
                raise DataError(
                    f"the field {field[:60]!r} is quoted as in CSV, and another field of the file is not",
                    where=f"{path}:{number}",
                    remedy="Quote all fields that hold quotes, or none; or save the table as CSV or JSONL.",
                )


def _is_rectangular(lines: list[Line]) -> bool:
    return len({len(fields) for _, fields in lines}) == 1


def _lines(text: str, dialect: csv.Dialect, path: Path) -> Iterator[Line]:
    if dialect.quoting == csv.QUOTE_NONE:
        for number, line in enumerate(split_lines(text), start=1):
            if line:
                yield number, line.split("\t")
        return
    reader = csv.reader(io.StringIO(text, newline=""), dialect, strict=True)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(
            f"cannot be read as a table ({error})",
            where=f"{path}:{reader.line_num}",
            remedy="Check the quotes; the file may have been cut off.",
        ) from error


def _rows(lines: Iterator[Line], columns: Columns, path: Path, notes: Notes) -> Iterator[Row]:
    header: list[str] = []
    in_quotes: dict[str, bool] = {}  # of each column with values: whether all are between single quotes
    for number, fields in lines:
        where = f"{path}:{number}"
        if not header:
            header = [name.strip() for name in fields]
            check_columns(header, columns, where)
        else:
            yield where, _cells(header, fields, columns, where)
            for name, field in zip(header, map(str.strip, fields), strict=True):
                if field:
                    quoted = len(field) > 1 and field[0] == field[-1] == "'"
                    in_quotes[name] = quoted and in_quotes.get(name, True)
    if not header:
        raise DataError("the file is empty", where=path)
    for name in (name for name, all_quoted in in_quotes.items() if all_quoted):
        notes.add_line(
            f"every value of the column {name!r} is between single quotes, which are read as part of it: "
            "tables quote with double quotes"
        )


def _cells(header: list[str], row: Sequence[str], columns: Columns, where: str) -> Json:
    """The row as an object: empty cells are None, cells of list columns are parsed as JSON."""
    _check_width(header, row, where)
    return {name: _cell(cell, name, columns, where) for name, cell in zip(header, row, strict=True)}


def _check_width(header: list[str], row: Sequence[str], where: str) -> None:
    if len(row) != len(header):
        raise DataError(
            f"the row has {len(row)} fields, the header {len(header)}",
            where=where,
            remedy="A field that holds the separator needs double quotes around it.",
        )


def _cell(cell: str, name: str, columns: Columns, where: str) -> Any:
    if not cell:
        return None
    if name in (columns.words, columns.rationale, columns.rationale_chars, columns.annotations):
        return _list(cell, name, where)
    return (cell.strip() or None) if name in (columns.id, columns.label) else cell


def _list(cell: str, name: str, where: str) -> Any:
    """The list in a cell, parsed as strict JSON; a cell without one (quoted evidence) stays text."""
    if not cell.lstrip().startswith("["):
        return cell
    try:
        return strict_json.loads(cell)
    except strict_json.JSONError as error:
        try:
            json.loads(cell)
        except (ValueError, RecursionError):
            return cell
        raise DataError(
            f"the list in column {name!r} is not valid JSON ({error.what})", where=where
        ) from error


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lifts the csv module's limit of 128 kB a field for the block: a document of 100,000 words is longer."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
