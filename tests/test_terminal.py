"""Names of data and models are shown on the terminal, and never obeyed."""

import json
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from rationale.cli import app
from rationale.errors import RationaleError
from rationale.terminal import _OneLine, safe_console, say, say_json, visible
from tests.toys import toy_folder

NASTY = "red\x1b[31m\x1b]0;title\x07 bell\x07 back\x08 del\x7f csi\x9b2J over\u202e iso\u2066 mark\u200f end"


def harmless(text, *, lines=True):
    """No control characters but line ends, and none that turns the writing direction."""
    turning = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    return all(
        (letter == "\n" and lines)
        or (unicodedata.category(letter) != "Cc" and unicodedata.bidirectional(letter) not in turning)
        for letter in text
    )


@given(st.text())
def test_what_is_shown_is_harmless_and_the_rest_is_unchanged(text):
    assert harmless(visible(text), lines=False)
    assert harmless(visible(text, lines=True))
    kept = "".join(c for c in text if c.isalnum() or c == " ")
    assert "".join(c for c in visible(text) if c in kept) != "" or not kept


def test_ordinary_text_of_any_script_is_untouched():
    text = "naïve 漢字 שלום مرحبا 👩‍👩‍👧‍👦 e\u0301 – “quoted” ½"
    assert visible(text) == text


def test_a_file_name_that_is_no_utf8_can_be_printed(capsys):
    say("no such file: caf\udce9")
    assert capsys.readouterr().out == "no such file: caf\\udce9\n"


def test_lines_and_tables_and_texts_and_json(capsys):
    say(NASTY, fg="red")
    say(f"note: {NASTY}", err=True)
    table = Table("label", "count")
    table.add_row(NASTY, "1")
    console = safe_console(width=200)
    console.print(table)
    console.print(Text(NASTY, style="bold"))
    console.print(NASTY, markup=False)
    said = capsys.readouterr()
    assert harmless(said.out)
    assert harmless(said.err)
    assert said.out.count("\\x1b[31m") == 4
    say_json(json.dumps({"label": NASTY, "more": "漢字"}, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert harmless(printed)
    assert json.loads(printed) == {"label": NASTY, "more": "漢字"}


def test_log_messages():
    record = logging.LogRecord("rationale", logging.INFO, "f", 1, "a fresh head for %s", (NASTY,), None)
    assert harmless(_OneLine("%(message)s").format(record))


@pytest.fixture
def hostile(tmp_path):
    rows = [
        {"id": f"i\x1b[2J{n}", "text": "a \x1b[31mfilm\u202e", "label": label, "rationale": [[0, 1]]}
        for n, label in enumerate(["NEG", "POS", NASTY])
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def invoke(*arguments):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception and not isinstance(result.exception, SystemExit | RationaleError):
        raise result.exception
    return result


def test_commands(hostile, tmp_path):
    model = toy_folder("bert")
    three = ("--labels", "N\x1b[31m,P\u202e", "--device", "cpu")
    for arguments in (
        ("data", "check", hostile),
        ("data", "check", hostile, "--json"),
        ("data", "check", tmp_path / "no\x1b[31m"),
        ("explain", "--model", model, "--text", "a \x1b[31mfilm \u202e", *three),
        ("explain", "--model", "no\x1b[31m/such", "--text", "a"),
        ("score", "--model", model, "--data", hostile, "--out", tmp_path / "o\x1b[1m"),
    ):
        assert harmless(invoke(*arguments).output), arguments
