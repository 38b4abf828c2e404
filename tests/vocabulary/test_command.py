"""``rationale words`` on a score folder and an ERASER folder."""

import csv
import json

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from rationale.artifacts.verify import verify
from rationale.commands.words import words as command
from rationale.corpus import load_documents, write_eraser
from rationale.errors import OutputError, ScoresError
from rationale.report.figures.style import alt_text
from rationale.report.figures.vocabulary import words_bars
from rationale.report.vocabulary import notes, words_table
from rationale.scores import StoredScores
from rationale.scores.writer import ScoreWriter
from rationale.vocabulary import Counting, corpus_words
from rationale.vocabulary.result import CORPUS_WORDS
from tests.vocabulary.making import METHOD, corpus, random_rows

HOSTILE = ("<script>alert(1)</script>", "\x1b[31mred", "x" * 5_000, "=1+1|cmd", "**b**")
VOCABULARY = {"cue": 6.0, "plain": 1.0, "other": 1.0, **dict.fromkeys(HOSTILE, 2.0)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Data and scores on disk."""
    scores, documents = corpus(random_rows(30, VOCABULARY, seed=7))
    root = tmp_path_factory.mktemp("words")
    write_eraser({"val": documents}, root / "data")
    own = load_documents(str(root / "data"), "val")
    writer = ScoreWriter(root / "scores", scores.recipe)
    items = {item.key: item for item in scores}
    writer.write(0, [items[document.key] for document in own])
    writer.finish()
    return root


@pytest.fixture
def run(folders):
    app = typer.Typer()
    app.command()(command)

    def call(*options):
        given = ["--scores", folders / "scores", "--data", folders / "data", "--method", METHOD]
        return CliRunner().invoke(app, [*map(str, given), "--resamples", "100", *map(str, options)])

    return call


@pytest.fixture
def expected(folders):
    documents = load_documents(str(folders / "data"), "val")
    counting = Counting(method=METHOD)
    return corpus_words(StoredScores(folders / "scores"), documents, counting, by="error", resamples=100)


def test_every_format_holds_what_the_library_gives(run, expected, folders, tmp_path):
    for ending in ("csv", "json", "parquet"):
        result = run("--by", "error", "--top", "2", "--out", tmp_path / f"words.{ending}")
        assert result.exit_code == 0, result.output
    count = sum(len(group.words) for group in expected.groups)
    assert f"words.parquet: {count} rows" in result.output
    assert CORPUS_WORDS.read(tmp_path / "words.json") == expected
    with (tmp_path / "words.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = pq.read_table(tmp_path / "words.parquet").to_pylist()
    flat = [(group, row) for group in expected.groups for row in group.words]
    assert len(rows) == len(columns) == len(flat) == count
    for (group, row), text, typed in zip(flat, rows, columns, strict=True):
        assert (typed["word"], typed["class"], typed["right"]) == (
            row.word, group.label, "right" if group.right else "wrong",
        )  # fmt: skip
        assert text["word"] == row.word
        assert typed["score_difference_low"] == float(text["score_difference_low"]) == row.score.low
        assert typed["selected"] == row.selected.value


def test_a_changed_file_is_noticed(run, tmp_path):
    run("--out", tmp_path / "words.json")
    (result,) = verify(tmp_path / "words.json")
    assert (result.kind, result.state) == ("corpus words", "whole")
    content = json.loads((tmp_path / "words.json").read_text())
    content["groups"][0]["words"][0]["documents"] += 1
    (tmp_path / "words.json").write_text(json.dumps(content))
    with pytest.raises(OutputError, match="changed"):
        CORPUS_WORDS.read(tmp_path / "words.json")


def test_the_terminal_shows_the_first_words_and_what_they_mean(run):
    result = run("--top", "1", "--class", "POS")
    lines = [line.split() for line in result.output.splitlines()]
    assert ["cue"] in [line[:1] for line in lines]
    assert not any(line[:1] == ["plain"] for line in lines)
    assert "POS: " in result.output
    assert "NEG: " not in result.output
    assert "Holm-corrected over" in result.output
    hostile = run("--min-documents", "1", "--phrases", "3", "--keep-punctuation")
    assert hostile.exit_code == 0
    assert "\x1b[31mred" not in hostile.output
    assert "x" * 100 not in hostile.output


def test_pages_escape_what_words_hold(expected):
    table = words_table(expected, expected.groups[0]).to_html()
    assert "script&gt;alert(1)&lt;/script" in table  # the outer brackets are stripped as punctuation
    assert "</script" not in table
    figure = words_bars(expected)
    assert "</script" not in figure.to_json().replace("\\u003c", "<")
    assert "</script" not in alt_text(figure)
    assert "95 % interval" in " ".join(notes(expected))


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        (["--out", "words.xlsx"], OutputError, r"--out must end in \.csv, \.json or \.parquet"),
        (["--method", "nobody"], ScoresError, "no scores of method 'nobody'"),
        (["--class", "MAYBE"], ScoresError, "there is no class 'MAYBE'"),
        (["--select", "best"], ScoresError, "cannot be selected by 'best'"),
        (["--layer", "5"], ScoresError, "has no layer 5"),
    ],
)
def test_bad_options_are_refused(run, options, error, told):
    with pytest.raises(error, match=told):
        raise run(*options).exception


def test_an_existing_file_stays(run, tmp_path):
    (tmp_path / "words.csv").write_text("mine")
    assert isinstance(run("--out", tmp_path / "words.csv").exception, OutputError)
    assert (tmp_path / "words.csv").read_text() == "mine"
