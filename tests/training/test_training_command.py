"""A training stores the command that was typed, and no comparison of trainings counts it."""

import json
import shlex

import pytest
from typer.testing import CliRunner

from rationale.artifacts.verify import verify
from rationale.cli import app
from rationale.training.classifier import TrainedClassifier
from rationale.training.record import read_training
from tests.training.resuming import FILES, interrupt, train

pytestmark = pytest.mark.training

TYPED = "rationale train classifier --out out"
QUICK = ["--epochs", "1", "--fine-tune-epochs", "1", "--batch-size", "8", "--dev", "0.25", "--device", "cpu"]
QUICK += ["--learning-rate", "3e-3", "--allow-chance"]


def run(*words):
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_every_stage_and_the_card_store_the_command_that_was_typed(folder, encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["train", "ltp", "--model", str(encoder), "--data", str(folder), *QUICK]
    run(*given, f"--out={tmp_path / 'deep' / 'out'}", "--finetuned-dir", tmp_path / "plain")
    typed = shlex.join(["rationale", *given, "--out=out", "--finetuned-dir", "plain"])
    stages = (tmp_path / "plain", tmp_path / "deep" / "out.soft", tmp_path / "deep" / "out")
    assert [json.loads((one / "training.json").read_text())["command"] for one in stages] == [typed] * 3
    assert f"```sh\n{typed}\n```" in (stages[-1] / "README.md").read_text()
    assert {one.state for one in verify(tmp_path)} == {"whole"}
    before = {path: path.stat().st_mtime_ns for path in stages[0].rglob("*.*")}
    other = ["train", "lead", "--shares", "0.5", *given[2:], "--finetuned-dir", "./plain"]
    run(*other, "--out", "other")  # of the same fine-tuning, by another command
    assert {path: path.stat().st_mtime_ns for path in stages[0].rglob("*.*")} == before
    assert read_training(tmp_path / "other").command == shlex.join(
        ["rationale", *other[:-1], "plain", "--out", "other"]
    )


def test_a_training_resumed_by_another_command_is_the_same_training(encoder, whole, tmp_path, monkeypatch):
    out, begun = tmp_path / "out", tmp_path / "out.unfinished" / "run.json"
    interrupt(monkeypatch, encoder, out, 7, seconds=999.0, command=f"{TYPED} --seed 0")
    assert "command" not in json.loads(begun.read_text())  # it tells checkpoints of one training from others
    resumed = train(encoder, out, command=TYPED).recipe
    assert resumed.command == TYPED
    assert resumed == TrainedClassifier.open(whole).recipe
    for name in FILES:
        ours, theirs = ((folder / name).read_bytes() for folder in (out, whole))
        if name == "training.json":
            ours, theirs = json.loads(ours), json.loads(theirs)
            assert ours.pop("command") == TYPED
        assert ours == theirs, name


def test_what_python_trains_has_no_command(whole):
    assert "command" not in json.loads((whole / "training.json").read_text())
    assert read_training(whole).command is None
