"""A table that can be written as HTML, Markdown, CSV, Parquet and to the terminal, from the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa
    import rich.table

DASH = "–"  # shown in a cell without a value

Kind = Literal["text", "integer", "number", "interval", "p"]

_LONG = 40  # characters: a longer row header folds in a terminal


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval; None if it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class AtMost(float):
    """A p-value that is the smallest its test can give: the true one may be smaller."""


AT_MOST = "≤: the least p-value that this test can give, with so many documents, draws and comparisons."

Cell = str | int | float | Interval | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        key: Its name in CSV and Parquet; an interval adds ``key_low`` and ``key_high``.
        title: Its heading in HTML, Markdown and the terminal.
        kind: What its cells hold; everything but text is right-aligned.
        digits: Number of decimals shown; CSV and Parquet keep all.
        header: Whether its cell is the heading of the row (``<th scope="row">``).
    """

    key: str
    title: str
    kind: Kind = "number"
    digits: int = 3
    header: bool = False

    def show(self, cell: Cell) -> str:
        r"""Formats a cell for people.

        >>> Column("ap", "AP", "interval").show(Interval(0.5, 0.25, 0.75))
        '0.500 [0.250,\xa00.750]'
        """
        number, interval = self.parts(cell)
        return f"{number} {interval}".rstrip()

    def parts(self, cell: Cell) -> tuple[str, str]:
        """Formats the value and its bracketed interval, which is empty if there is none."""
        if isinstance(cell, Interval):
            ends = "" if cell.low is None or cell.high is None else self._bracket(cell.low, cell.high)
            return self._number(cell.value), ends
        return self._number(cell), ""

    def _bracket(self, low: float, high: float) -> str:
        return f"[{self._number(low)},\u00a0{self._number(high)}]"

    def _number(self, cell: str | float | None) -> str:
        if cell is None:
            return DASH
        if isinstance(cell, str):
            return cell
        if self.kind == "integer":
            return f"{cell:,}".replace(",", "\u202f")
        if self.kind == "p":
            at_most = "≤ " if isinstance(cell, AtMost) else ""
            return "< 0.001" if cell < 0.001 else f"{at_most}{cell:.3f}"
        text = f"{cell:z.{self.digits}f}"  # z: what rounds to zero has no sign
        return text.replace("-", "−")


@dataclass(frozen=True)
class Table:
    """Rows under typed columns.

    Attributes:
        columns: The columns.
        rows: One tuple of cells per row, as long as ``columns``.
        caption: What the table shows, in a sentence.
        notes: Sentences printed below it.
        rules: Row numbers above which a line separates groups.
        strong: ``(row, column)`` of cells in bold.
        marks: A sign after the value of some cells, which a note explains; not in CSV and Parquet.

    >>> print(Table((Column("m", "Method", "text"), Column("ap", "AP")), (("lime", 0.5),)).to_markdown())
    | Method | AP |
    | :--- | ---: |
    | lime | 0.500 |
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    notes: tuple[str, ...] = ()
    rules: frozenset[int] = frozenset()
    strong: frozenset[tuple[int, int]] = frozenset()
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def to_html(self, *, css_class: str = "table") -> str:
        """Formats the table as ``<table>`` with caption, scoped headings and all text escaped."""
        head = "".join(f'<th scope="col"{_align(c)}>{escape(c.title)}</th>' for c in self.columns)
        body = "".join(self._html_row(number, row) for number, row in enumerate(self.rows))
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        notes = "".join(f'<p class="note">{escape(note)}</p>' for note in self.notes)
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        label = f' role="region" aria-label="{escape(self.caption)}"' if self.caption else ""
        return f'<div class="{escape(css_class)}"{label} tabindex="0">{table}{notes}</div>'

    def _html_row(self, number: int, row: Sequence[Cell]) -> str:
        cells = []
        for position, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            value, interval = column.parts(cell)
            text = escape(value + self.marks.get((number, position), ""))
            if (number, position) in self.strong:
                text = f"<strong>{text}</strong>"
            if interval:
                text += f' <span class="interval">{escape(interval)}</span>'
            tag = 'th scope="row"' if column.header else "td"
            cells.append(f"<{tag}{_align(column)}>{text}</{tag.split()[0]}>")
        rule = ' class="rule"' if number in self.rules else ""
        return f"<tr{rule}>{''.join(cells)}</tr>"

    def to_markdown(self) -> str:
        """Formats the table as a pipe table, with caption and notes as paragraphs around it."""
        head = [_markdown(c.title) for c in self.columns]
        rule = [":---" if c.kind == "text" else "---:" for c in self.columns]
        body = [[_markdown(text) for text in texts] for texts in self._shown()]
        for (number, position), mark in self.marks.items():
            body[number][position] += _markdown(mark)
        for number, position in self.strong:
            body[number][position] = f"**{body[number][position]}**"
        lines = "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *body])
        return "\n\n".join(filter(None, [_markdown(self.caption), lines, *map(_markdown, self.notes)]))

    def to_csv(self) -> str:
        """Formats the table as CSV at full precision: an interval in three columns, empty if undefined."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self._flat_names())
        writer.writerows(self._flat_rows())
        return out.getvalue()

    def to_arrow(self) -> pa.Table:
        """Converts the table to pyarrow for Parquet: an interval in three columns, null if undefined."""
        import pyarrow as pa

        types = {"text": pa.string(), "integer": pa.int64()}
        names = self._flat_names()
        kinds = [types.get(c.kind, pa.float64()) for c in self.columns for _ in _suffixes(c)]
        columns = list(zip(*self._flat_rows(), strict=True)) or [()] * len(names)
        arrays = [pa.array(values, type=kind) for values, kind in zip(columns, kinds, strict=True)]
        return pa.table(dict(zip(names, arrays, strict=True)))

    def only(self, *keys: str) -> Table:
        """Returns the table with only the columns of these keys, in the table's order."""
        kept = [place for place, column in enumerate(self.columns) if column.key in keys]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        columns = tuple(self.columns[place] for place in kept)
        return replace(self, columns=columns, rows=rows, strong=frozenset(), marks={})

    def to_rich(self) -> rich.table.Table:
        """Converts the table for the terminal."""
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        title = Text(self.caption, style="bold") if self.caption else None
        caption = Text("\n".join(self.notes)) if self.notes else None
        table = RichTable(title=title, caption=caption, box=box.SIMPLE_HEAD, pad_edge=False)
        table.title_justify = table.caption_justify = "left"
        for place, column in enumerate(self.columns):
            long = column.header and any(len(str(row[place])) > _LONG for row in self.rows)
            table.add_column(
                Text(column.title),
                justify="left" if column.kind == "text" else "right",
                no_wrap=column.header and not long,
                overflow="fold" if long else "ellipsis",
                vertical="bottom",
            )
        for number, row in enumerate(self.rows):
            if number in self.rules:
                table.add_section()
            table.add_row(*self._rich_cells(number, row))
        return table

    def _rich_cells(self, number: int, row: Sequence[Cell]) -> Iterator[Any]:
        from rich.text import Text

        for position, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            value, interval = column.parts(cell)
            value += self.marks.get((number, position), "")
            text = Text(value, style="bold" if (number, position) in self.strong else "")
            yield text.append(f" {interval}", style="not bold dim") if interval else text

    def _shown(self) -> Iterator[list[str]]:
        for row in self.rows:
            yield [c.show(cell) for c, cell in zip(self.columns, row, strict=True)]

    def _flat_names(self) -> list[str]:
        return [f"{c.key}{suffix}" for c in self.columns for suffix in _suffixes(c)]

    def _flat_rows(self) -> Iterator[list[str | float | None]]:
        for row in self.rows:
            flat: list[str | float | None] = []
            for column, cell in zip(self.columns, row, strict=True):
                if column.kind == "interval":
                    flat += cell if isinstance(cell, Interval) else (None, None, None)
                else:
                    flat.append(None if isinstance(cell, Interval) else cell)
            yield flat

    def _repr_html_(self) -> str:
        return self.to_html()


def _suffixes(column: Column) -> tuple[str, ...]:
    return ("", "_low", "_high") if column.kind == "interval" else ("",)


def _align(column: Column) -> str:
    return "" if column.kind == "text" else ' class="number"'


def _markdown(text: str) -> str:
    """Escapes text so that it cannot break out of a cell or become markup."""
    return escape(text, quote=False).replace("|", "\\|").replace("\n", " ").replace("*", "\\*")
