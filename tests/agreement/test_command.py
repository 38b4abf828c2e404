"""``rationale agree`` on a score folder and an ERASER folder."""

import json

import pytest
import typer
from typer.testing import CliRunner

from rationale.agreement import Agreement, agree
from rationale.commands.agree import agree as command
from rationale.corpus import load_documents, write_eraser
from rationale.errors import ModelError, OutputError, ScoresError
from rationale.report.sections import sections
from rationale.scores import StoredScores
from rationale.scores.writer import ScoreWriter
from tests.agreement.making import random_corpus


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Data and scores on disk, in two parts."""
    scores, documents = random_corpus()
    root = tmp_path_factory.mktemp("agree")
    write_eraser({"val": documents}, root / "data")
    writer = ScoreWriter(root / "scores", scores.recipe)
    own = load_documents(str(root / "data"), "val")
    items = {item.key: item for item in scores}
    ordered = [items[d.key] for d in own]
    writer.write(0, ordered[:7])
    writer.write(1, ordered[7:])
    writer.finish()
    return root


@pytest.fixture
def run(folders, tmp_path):
    app = typer.Typer()
    app.command()(command)

    def call(*options, out="agreement.json"):
        given = [
            "--scores",
            folders / "scores",
            "--data",
            folders / "data",
            "--split",
            "val",
            "--out",
            tmp_path / out,
        ]
        return CliRunner().invoke(app, [*map(str, given), *map(str, options)])

    return call


def test_the_file_holds_what_the_library_gives_and_the_table_is_printed(run, folders, tmp_path):
    result = run("--resamples", "100", "--seed", "3")
    assert result.exit_code == 0, result.output
    documents = load_documents(str(folders / "data"), "val")
    expected = agree(StoredScores(folders / "scores"), documents, resamples=100, seed=3)
    assert Agreement.load(tmp_path / "agreement.json") == expected
    value = expected.record("ap", "random").value
    assert f"{value:.3f}" in result.output
    assert "12 documents" in result.output


def test_selection_eta_and_absolute_reach_the_library(run, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"eta": [0.5, 2.0]}')
    result = run(
        "--select", "threshold", "--eta-from", tmp_path / "model", "--absolute", "--resamples", "100"
    )
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "agreement.json").read_text())["recipe"]["agreement"]
    assert (settings["select"], settings["eta"], settings["absolute"]) == (["threshold"], [0.5, 2.0], True)


def test_sentences_and_groups_reach_records_provenance_and_report(run, folders, tmp_path):
    result = run("--sentences", "max", "--sentence-gold", "any", "--groups", "best", "--resamples", "100")
    assert result.exit_code == 0, result.output
    found = Agreement.load(tmp_path / "agreement.json")
    settings = found.recipe.agreement
    assert (settings.sentences, settings.sentence_gold, settings.groups) == ("max", "any", "best")
    union = found.record("token_f1", "attention.all", 1, "top_k_gold").value
    assert found.record("best_group_f1", "attention.all", 1, "top_k_gold").value > union
    assert found.record("sentence_f1", "attention.all", 1, "top_k_gold").value <= 1
    assert found.record("sentence_hit", "random", 0).value == 1  # each document is one sentence
    (section,) = [s for s in sections(found) if s.title == "Sentences and evidence groups"]
    assert section.paragraphs[0].startswith(
        "A sentence scores the max of its words; it is evidence where one of"
    )
    run("--resamples", "100", out="plain.json")
    assert "sentence" not in (tmp_path / "plain.json").read_text()


def test_what_is_refused_leaves_no_file(run, tmp_path):
    assert isinstance(run("--select", "kept").exception, ScoresError)
    assert isinstance(run("--eta-from", tmp_path).exception, ModelError)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "agreement.json").write_text("mine")
    assert isinstance(run().exception, OutputError)
    assert (tmp_path / "agreement.json").read_text() == "mine"
