"""What a training left is used as it was written, or not at all: checkpoints and finished models."""

from __future__ import annotations

import json
import logging
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

from rationale.artifacts.seal import SEAL, read_sealed
from rationale.cli import app
from rationale.errors import ModelError, OutputError
from rationale.loading.checkpoint import load_checkpoint
from rationale.loading.classifier import load_classifier
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.dropping.options import DroppingOptions
from rationale.training.prepare import prepare
from rationale.training.saved import seal_checkpoint
from rationale.training.unfinished import UnfinishedRun
from tests.children import holder
from tests.training.resuming import DEV, OPTIONS, TRAIN, assert_same, interrupt, train

pytestmark = pytest.mark.training

PLAIN = DroppingOptions(epochs=2, batch_size=8, learning_rate=1e-3, device="cpu")


@pytest.fixture(scope="module")
def stopped(trains, encoder, tmp_path_factory):
    """A run that was stopped in its third epoch: checkpoints after 4 and 8 of 12 steps."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patched:
        interrupt(patched, encoder, folder / "out", 9, seconds=999.0)
    return folder / "out.unfinished"


@pytest.fixture(scope="module")
def stranger(trains, encoder, tmp_path_factory):
    """The same run with another seed, stopped at the same place."""
    folder = tmp_path_factory.mktemp("stranger")
    with pytest.MonkeyPatch.context() as patched:
        interrupt(patched, encoder, folder / "out", 9, replace(OPTIONS, seed=5), seconds=999.0)
    return folder / "out.unfinished"


@pytest.fixture
def left(stopped, tmp_path):
    """A copy of the stopped run, to be spoilt."""
    return Path(shutil.copytree(stopped, tmp_path / "out.unfinished"))


def edited(name, **changes):
    def change(checkpoint, _):
        content = json.loads((checkpoint / name).read_text())
        (checkpoint / name).write_text(json.dumps({**content, **changes}))

    return change


def removed(name):
    return lambda checkpoint, _: (checkpoint / name).unlink()


def taken(name):
    """A file of the other training."""

    def change(checkpoint, stranger):
        if name == ".":
            shutil.rmtree(checkpoint)
            shutil.copytree(stranger / checkpoint.name, checkpoint)
        else:
            shutil.copyfile(stranger / checkpoint.name / name, checkpoint / name)

    return change


class Payload:
    """Pickled code: it would leave a file behind."""

    def __reduce__(self):
        return Path.touch, (Path("/tmp/payload-of-the-tests"),)


def payload(checkpoint, _):
    (checkpoint / "rng_state.pth").write_bytes(pickle.dumps(Payload(), protocol=2))


DAMAGES = {
    "optimizer gone": removed("optimizer.pt"),
    "scheduler gone": removed("scheduler.pt"),
    "random state gone": removed("rng_state.pth"),
    "killed before the seal": removed(SEAL),
    "step beyond the end": edited("trainer_state.json", global_step=10**9),
    "steps without end": edited("trainer_state.json", max_steps=10**9, global_step=10**9),
    "step that is no number": edited("trainer_state.json", global_step=float("nan")),
    "state of other types": edited("trainer_state.json", log_history=3, stateful_callbacks=[]),
    "code in the random state": payload,
    "weights of another training": taken("model.safetensors"),
    "optimizer of another training": taken("optimizer.pt"),
    "all of another training": taken("."),
    "stray weights": lambda checkpoint, _: (checkpoint / "adapter_config.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_checkpoint_that_is_not_whole_is_passed_over_for_the_earlier_one(left, stranger, caplog, damage):
    assert UnfinishedRun(left).last().step == 8
    DAMAGES[damage](left / "checkpoint-8", stranger)
    assert UnfinishedRun(left).last().step == 4
    [said] = [record.getMessage() for record in caplog.records if "skipped" in record.getMessage()]
    assert "checkpoint-8" in said
    assert not Path("/tmp/payload-of-the-tests").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"global_step": 10**9},
        {"global_step": 10**9, "max_steps": 10**9},
        {"max_steps": 1},
        {"max_steps": "12"},
        {"num_train_epochs": 10**9},
        {"log_history": [{"step": "8"}]},
        {"log_history": [8]},
        {"stateful_callbacks": {"TrainerControl": 3}},
        {"stateful_callbacks": {"TrainerControl": {"args": [1]}}},
        {"best_global_step": 10**9},
        {"best_global_step": float("nan")},
    ],
)
def test_a_state_that_cannot_be_is_passed_over_whoever_sealed_it(left, changes):
    """``rationale verify --seal`` seals what lies there, sound or not."""
    edited("trainer_state.json", **changes)(left / "checkpoint-8", None)
    seal_checkpoint(left / "checkpoint-8", UnfinishedRun(left).identity)
    assert UnfinishedRun(left).last().step == 4


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt"])
def test_a_fresh_optimizer_is_never_taken_in_silence(left, name):
    (left / "checkpoint-8" / name).unlink()
    seal_checkpoint(left / "checkpoint-8", UnfinishedRun(left).identity)
    assert UnfinishedRun(left).last().step == 4


def test_without_the_best_epoch_a_later_checkpoint_is_of_no_use(left):
    """The best epoch is what the finished folder is made of."""
    assert UnfinishedRun(left).last().best == 4
    (left / "checkpoint-4" / "model.safetensors").write_bytes(b"")
    assert UnfinishedRun(left).last() is None


def test_where_every_epoch_is_kept_all_before_have_to_be_whole(left):
    assert UnfinishedRun(left).last(all_epochs=True).step == 8
    shutil.rmtree(left / "checkpoint-4")
    assert UnfinishedRun(left).last(all_epochs=True) is None


@pytest.mark.parametrize("spoilt", [("optimizer.pt",), ("model.safetensors", "scheduler.pt")])
def test_the_same_weights_come_out_whatever_was_passed_over(encoder, whole, left, caplog, spoilt):
    """One file: from step 4; in both checkpoints: from the start. Never with a fresh optimizer."""
    for name, checkpoint in zip(spoilt, ("checkpoint-8", "checkpoint-4"), strict=False):
        (left / checkpoint / name).write_bytes(b"spoilt")
    caplog.set_level(logging.INFO, "rationale")
    assert_same(train(encoder, left.with_name("out")).path, whole)
    assert ("continuing from step 4 of 12" in caplog.text) == (len(spoilt) == 1)
    assert not left.exists()


def junk(checkpoint, _):
    (checkpoint / "optimizer.pt").write_bytes(b"\x80\x02]q")


@pytest.mark.parametrize("damage", [payload, junk])
def test_a_checkpoint_that_was_sealed_again_runs_no_code_and_is_one_error(encoder, left, damage):
    damage(left / "checkpoint-8", None)
    seal_checkpoint(left / "checkpoint-8", UnfinishedRun(left).identity)
    with pytest.raises(OutputError, match=r"checkpoint-8: .*--overwrite"):
        train(encoder, left.with_name("out"))
    assert not Path("/tmp/payload-of-the-tests").exists()


def test_an_edited_record_of_a_run_is_refused(encoder, left):
    edited("run.json", labels=["POS", "NEG"])(left, None)
    with pytest.raises(OutputError, match=r"run\.json: it was changed .*--overwrite to start this training"):
        train(encoder, left.with_name("out"))


def test_a_run_from_before_there_were_seals_is_refused(encoder, left, whole):
    content, _ = read_sealed(left / "run.json")
    (left / "run.json").write_text(json.dumps(content))
    with pytest.raises(OutputError, match=r"it has no seal.*rationale verify --seal .*unfinished"):
        train(encoder, left.with_name("out"))
    assert_same(train(encoder, left.with_name("out"), overwrite=True).path, whole)


def test_overwriting_deletes_nothing_that_is_not_of_the_run(encoder, left):
    (left / "notes.txt").write_text("mine")
    (left / "checkpoint-of-mine").mkdir()
    train(encoder, left.with_name("out"), replace(OPTIONS, epochs=1), overwrite=True)
    assert sorted(entry.name for entry in left.iterdir()) == ["checkpoint-of-mine", "notes.txt"]


def test_another_path_continues_the_same_run(encoder, left, whole, monkeypatch, caplog):
    monkeypatch.chdir(encoder.parent)
    caplog.set_level(logging.INFO, "rationale")
    made = train(f"{encoder.name}/", left.with_name("out")).path
    assert (made / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert "continuing from step 8" in caplog.text


def test_two_processes_do_not_train_in_one_folder_whatever_the_path(encoder, left):
    with (
        holder(left, "training"),
        pytest.raises(OutputError, match=r"out\.unfinished: another process is training there\. Wait"),
    ):
        train(encoder, left.with_name("out"))


# finished models


@pytest.fixture
def model(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "model"))


def heavier(folder):
    weights = {name: value * 2 for name, value in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (heavier, "model.safetensors"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("{}"), "tokenizer_config.json"),
        (lambda folder: (folder / "training.json").unlink(), "training.json"),
        (lambda folder: (folder / "adapter_config.json").write_text("{}"), "adapter_config.json"),
        (lambda folder: (folder / "vocab.txt").write_text("a"), "vocab.txt"),
    ],
)
@pytest.mark.parametrize(
    "reader", [load_classifier, lambda folder: load_checkpoint(str(folder), ("NEG", "POS"))]
)
def test_a_model_that_was_changed_is_refused(model, damage, name, reader):
    damage(model)
    with pytest.raises(ModelError, match=rf"{name}: .*rationale verify --seal"):
        reader(model)


def test_what_decides_nothing_may_be_changed(model, caplog):
    (model / "README.md").write_text("mine")
    (model / "notes.txt").write_text("mine")
    assert load_classifier(model, device="cpu").labels == ("NEG", "POS")
    assert caplog.text == ""


def test_a_model_of_ones_own_needs_no_seal_and_none_is_copied(model, tmp_path, caplog):
    AutoModelForSequenceClassification.from_pretrained(model).save_pretrained(tmp_path / "own")
    AutoTokenizer.from_pretrained(model).save_pretrained(tmp_path / "own")
    assert not (tmp_path / "own" / SEAL).exists()
    load_classifier(tmp_path / "own", device="cpu")
    assert caplog.text == ""


def test_a_training_from_before_there_were_seals_opens_with_a_note(model, caplog):
    (model / SEAL).unlink()
    load_classifier(model, device="cpu")
    assert "it has no seal" in caplog.text


def test_the_data_and_the_start_are_in_the_seal(whole):
    _, seal = read_sealed(whole / SEAL, "training")
    assert seal.inputs["train"] == TRAIN.fingerprint
    assert len(seal.inputs["model"]) == 16
    assert DEV.fingerprint in (whole / "training.json").read_text()


# sealed as they are, by hand


def verify_and_seal(path):
    done = CliRunner().invoke(app, ["verify", "--seal", str(path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_an_older_run_that_was_sealed_by_hand_is_continued(encoder, left, whole, caplog):
    content, _ = read_sealed(left / "run.json")
    (left / "run.json").write_text(json.dumps(content))
    for checkpoint in left.glob("checkpoint-*"):
        (checkpoint / SEAL).unlink()
    verify_and_seal(left)
    caplog.set_level(logging.INFO, "rationale")
    assert_same(train(encoder, left.with_name("out")).path, whole)
    assert "continuing from step 8" in caplog.text


def test_an_older_fine_tuning_is_used_after_it_was_sealed_by_hand(encoder, tmp_path):
    prepared, options = prepare(encoder, TRAIN, DEV, PLAIN), PLAIN
    tuned = fine_tune(tmp_path / "tuned", prepared, options, overwrite=False)
    best = (tuned.best / "model.safetensors").read_bytes()
    for path in tuned.folder.glob(f"**/{SEAL}"):
        path.unlink()
    with pytest.raises(OutputError, match=r"tuned: it has no seal.*rationale verify --seal"):
        fine_tune(tuned.folder, prepared, options, overwrite=False)
    verify_and_seal(tuned.folder)
    again = fine_tune(tuned.folder, prepared, options, overwrite=False)
    assert (again.best / "model.safetensors").read_bytes() == best
    heavier(tuned.folder / "2")
    with pytest.raises(ModelError, match=r"2/model\.safetensors: it was changed"):
        fine_tune(tuned.folder, prepared, options, overwrite=False)


def test_a_best_epoch_of_another_fine_tuning_is_refused(encoder, tmp_path):
    prepared = prepare(encoder, TRAIN, DEV, PLAIN)
    one = fine_tune(tmp_path / "one", prepared, PLAIN, overwrite=False)
    shutil.rmtree(one.folder / "1")
    shutil.copytree(one.folder / "2", one.folder / "1")
    with pytest.raises(ModelError, match=r"1/seal\.json: it was changed after it was written"):
        fine_tune(one.folder, prepared, PLAIN, overwrite=False)
