"""Every form of a table says the same, escapes what it must, and loses nothing."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from rationale.report.table import Column, Interval, Table
from tests.report.parsing import elements, find

HOSTILE = '<img src=x onerror="alert(1)">|`*'
TABLE = Table(
    columns=(
        Column("method", "Method", "text", header=True),
        Column("layer", "Layer", "integer"),
        Column("ap", "AP", "interval"),
        Column("p", "p", "p"),
    ),
    rows=(
        ("input_x_gradient", 0, Interval(0.123456789, 0.1, 0.2), 0.0001),
        (HOSTILE, 11, Interval(None), None),
        ("gradient", 1234, Interval(-0.5, None, None), 0.25),
    ),
    caption="What <b>it</b> shows",
    notes=("A note & another",),
    rules=frozenset({1}),
    strong=frozenset({(0, 2)}),
)


def test_html_is_a_table_with_scoped_headings_and_nothing_hostile() -> None:
    html = TABLE.to_html()
    assert {e.tag for e in elements(html)} <= {
        "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "span", "p",
    }  # fmt: skip
    assert [e.attributes["scope"] for e in find(html, "th")] == ["col"] * 4 + ["row"] * 3
    assert [e.text for e in find(html, "th")][4:] == ["input_x_gradient", HOSTILE, "gradient"]
    assert [e.text for e in find(html, "td")] == [
        "0", "0.123 [0.100,\u00a00.200]", "< 0.001", "11", "–", "–", "1\u202f234", "−0.500", "0.250",
    ]  # fmt: skip
    assert [e.text for e in find(html, "strong")] == ["0.123"]
    assert find(html, "caption")[0].text == "What <b>it</b> shows"


def test_csv_and_parquet_keep_every_digit(tmp_path) -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.to_csv())))
    assert float(rows[0]["ap"]) == 0.123456789
    assert rows[1] == {"method": HOSTILE, "layer": "11", "ap": "", "ap_low": "", "ap_high": "", "p": ""}
    pq.write_table(TABLE.to_arrow(), tmp_path / "t.parquet")
    back = pq.read_table(tmp_path / "t.parquet")
    assert back.schema.field("layer").type == pa.int64()
    assert back.column("ap").to_pylist() == [0.123456789, None, -0.5]
    assert back.column("ap_high").to_pylist() == [0.2, None, None]


def test_a_table_without_rows_still_has_its_columns() -> None:
    empty = Table(TABLE.columns, ())
    assert empty.to_arrow().column_names == ["method", "layer", "ap", "ap_low", "ap_high", "p"]
    assert empty.to_csv() == "method,layer,ap,ap_low,ap_high,p\n"


def test_what_rounds_to_zero_has_no_sign() -> None:
    assert (
        Column("d", "Difference", "interval").show(Interval(-0.0001, -0.02, 0.0))
        == "0.000 [−0.020,\u00a00.000]"
    )


def test_markdown_keeps_its_shape_whatever_a_cell_holds() -> None:
    lines = [line for line in TABLE.to_markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert all(line.replace("\\|", "").count("|") == 5 for line in lines)
    assert "<img" not in TABLE.to_markdown()


def test_the_terminal_shows_the_same_numbers() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(TABLE.to_rich())
    text = console.export_text()
    for shown in (
        "input_x_gradient",
        "0.123 [0.100,\u00a00.200]",
        "< 0.001",
        "−0.500",
        HOSTILE,
        "A note & another",
    ):
        assert shown in text


@pytest.mark.parametrize("markup", ["[bold]x[/bold]", "[/]", "[link=file:///etc/passwd]x"])
def test_terminal_markup_in_a_cell_is_only_text(markup: str) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(
        Table((Column("m", markup, "text"),), ((markup,),), caption=markup, notes=(markup,)).to_rich()
    )
    assert console.export_text().count(markup) == 4
