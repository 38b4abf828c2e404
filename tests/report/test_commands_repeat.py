"""The commands that a report prints are those that were typed; in an empty folder they give its numbers."""

import re
import shlex
import shutil

import pytest
from typer.testing import CliRunner

from rationale.agreement import Agreement, agree
from rationale.artifacts.verify import verify
from rationale.cli import app
from rationale.corpus import Document, Documents, load_documents
from rationale.corpus.splits import sample
from rationale.demo import sample_folder
from rationale.loading.classifier import load_classifier
from rationale.report.prose import commands, left_out
from rationale.scores import Faithfulness, ScoreOptions, StoredScores, score
from tests.toys import save_model

DATA = str(sample_folder())


def run(*words):
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def typed(printed):
    """Types the commands that a report prints; what they find."""
    for command in printed:
        program, *words = shlex.split(command.replace("\\\n", " "))
        assert program == "rationale"
        run(*words)
    return Agreement.load("first.json")


def printed(markdown):
    """The commands in a report."""
    return re.findall(r"```sh\n(.*?)\n```", markdown.read_text("utf-8"), re.DOTALL)


def same(one, other):
    """Every number, to all digits."""
    assert one.records == other.records
    assert one.comparisons == other.comparisons
    assert one.classification == other.classification


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Its config names no class: the user did."""
    folder = tmp_path_factory.mktemp("a model") / "toy bert"
    return save_model(folder, "bert", scale=0.3, seed=3, id2label={0: "LABEL_0", 1: "LABEL_1"})


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        [
            "--limit",
            "6",
            "--faithfulness",
            "--method",
            "input_x_gradient",
            "--method",
            "random",
            "--seed",
            "5",
        ],
        [
            "--limit",
            "4",
            "--protocol",
            "truncate",
            "--target",
            "gold",
            "--max-length",
            "24",
            "--batch-size",
            "3",
        ],
    ],
)
def test_what_a_command_made_is_made_again(model, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    where = ["--data", DATA, "--split", "val"]
    given = ["--model", str(model), "--labels", "NEG,POS", "--device", "cpu", *given]
    out, saved = tmp_path / "first", tmp_path / "first.json"
    run("score", *given, *where, "--out", "first")
    run("agree", f"--scores={out}", *where, "--out", saved, "--resamples", "200", "--seed", "3")
    page = ["--agreement", "first.json", "--out", "page.html", "--markdown", "page.md"]
    run("report", "--scores", "first", *where, *page)
    first, shown = Agreement.load(saved), printed(tmp_path / "page.md")
    assert [line.split()[1] for line in shown] == ["score", "agree", "report"]
    assert shlex.split(shown[0].replace("\\\n", " "))[2:] == [*given, *where, "--out", "first"]
    assert str(out) not in "".join(shown)  # results go by their names: they tell of no folder
    (tmp_path / "fresh").mkdir()
    monkeypatch.chdir(tmp_path / "fresh")
    same(typed(shown), first)


def test_a_run_resumed_by_another_command_is_the_same_run(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["--model", str(model), "--labels", "NEG,POS", "--data", DATA, "--split", "val"]
    given += ["--device", "cpu", "--limit", "40", "--method", "random", "--method", "lead"]
    run("score", *given, "--out", "scores")
    before = (tmp_path / "scores" / "recipe.json").read_bytes()
    (tmp_path / "scores" / "COMPLETE").unlink()
    shutil.rmtree(tmp_path / "scores" / "part-00001")
    run("score", "--out=./scores", *given, "--seed", "0")
    assert (tmp_path / "scores" / "recipe.json").read_bytes() == before
    assert len(StoredScores("scores")) == len(list(StoredScores("scores"))) == 40
    (result,) = verify(tmp_path / "scores")
    assert result.state == "whole"


def test_a_sample_that_only_python_knows_is_told_too(model):
    """The whole split is never passed to ``agree``: the scores know that they are of a sample."""
    documents = load_documents(DATA, "val")
    few = sample(documents, 5)
    options = ScoreOptions(("input_x_gradient", "random"), faithfulness=Faithfulness(0.2))
    agreement = agree(score(load_classifier(model, labels=["NEG", "POS"]), few, options), few, resamples=100)
    assert left_out(agreement)[0].startswith(f"{len(documents) - 5} of the {len(documents)} documents")
    steps = zip(commands(agreement), ("Scores", "Agreement", "Report"), strict=True)
    assert all(told.startswith(f"# {step}: made from Python") for told, step in steps)
    assert sample(few, 3).sampled_from == len(documents)


def test_nothing_left_out_is_said_only_where_nothing_was(model):
    words = ("a", "fine", "film")
    documents = Documents([Document("1", "1", words, label="POS", annotated=False)], source="one")
    options = ScoreOptions(("input_x_gradient", "random"))
    agreement = agree(score(load_classifier(model, labels=["NEG", "POS"]), documents, options), documents)
    assert "1 document has no annotation" in left_out(agreement)[0]
