from __future__ import annotations

import logging
import shutil
import signal
from dataclasses import replace

import pytest

from rationale.errors import OutputError
from rationale.training import fitting as fitting_module
from rationale.training import progress as progress_module
from rationale.training import train_classifier
from rationale.training import trainer as trainer_module
from tests.children import python
from tests.training.resuming import DEV, OPTIONS, TRAIN, assert_same, interrupt, train

pytestmark = pytest.mark.training

KILLED = """
import os, signal
import torch
torch.set_num_threads(1)
from rationale.training import progress, trainer
from rationale.training import train_classifier
from tests.training import resuming as test

class Killer(progress.Progress):
    def on_step_end(self, args, state, control, **_):
        if state.global_step == 6:
            os.kill(os.getpid(), signal.SIGKILL)

trainer.Progress = Killer
trainer.Saving = lambda: progress.Saving(0.0)
train_classifier({encoder!r}, test.TRAIN, test.DEV, {out!r}, test.OPTIONS)
"""


def test_a_run_killed_inside_an_epoch_ends_with_the_same_bytes(encoder, whole, tmp_path, caplog):
    out = tmp_path / "out"
    ended = python("-c", KILLED.format(encoder=str(encoder), out=str(out)))
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not out.exists()
    assert (tmp_path / "out.unfinished" / "checkpoint-5").is_dir()
    caplog.set_level(logging.INFO, "rationale")
    assert_same(train(encoder, out).path, whole)
    assert "out.unfinished: continuing from step 5 of 12" in caplog.text
    assert not (tmp_path / "out.unfinished").exists()


@pytest.mark.parametrize(("step", "seconds", "goes_on"), [(1, 999.0, None), (7, 999.0, 4), (12, 0.0, 11)])
def test_it_goes_on_from_the_last_checkpoint_whenever_it_stopped(
    encoder, whole, tmp_path, monkeypatch, caplog, step, seconds, goes_on
):
    interrupt(monkeypatch, encoder, tmp_path / "out", step, seconds=seconds)
    caplog.set_level(logging.INFO, "rationale")
    assert_same(train(encoder, tmp_path / "out").path, whole)
    assert (f"continuing from step {goes_on} of 12" in caplog.text) == (goes_on is not None)


def test_a_kill_between_an_epoch_s_last_step_and_its_evaluation_loses_no_evaluation(
    encoder, whole, tmp_path, monkeypatch
):
    """A checkpoint from in between would be gone on from with the next epoch."""

    class Evaluating(progress_module.Progress):
        def on_epoch_end(self, args, state, control, **_):
            if state.global_step == 8:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(trainer_module, "Progress", Evaluating)
        patched.setattr(trainer_module, "Saving", lambda: progress_module.Saving(0.0))
        with pytest.raises(KeyboardInterrupt):
            train(encoder, tmp_path / "out")
    assert not (tmp_path / "out.unfinished" / "checkpoint-8").exists()
    assert_same(train(encoder, tmp_path / "out").path, whole)


def test_a_checkpoint_cut_off_while_written_is_passed_over(encoder, whole, tmp_path, monkeypatch, caplog):
    interrupt(monkeypatch, encoder, tmp_path / "out", 9, seconds=0.0)
    newest = tmp_path / "out.unfinished" / "checkpoint-8"
    (newest / "trainer_state.json").write_text('{"global_step": 8, "log_hist')
    (newest / "optimizer.pt").unlink()
    caplog.set_level(logging.INFO, "rationale")
    assert_same(train(encoder, tmp_path / "out").path, whole)
    assert "continuing from step 8" not in caplog.text


def test_a_run_that_only_lacked_its_end_is_finished_without_training(encoder, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(fitting_module, "_finish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(encoder, tmp_path / "out")
    monkeypatch.setattr(fitting_module.ClassifierTrainer, "train", lambda *_, **__: 1 / 0)
    assert_same(train(encoder, tmp_path / "out").path, whole)


def test_other_settings_or_data_are_refused_unless_overwritten(encoder, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"
    interrupt(monkeypatch, encoder, out, 6, seconds=999.0)
    expected = r"out\.unfinished: .* an unfinished run .* \(options\.epochs: 3, now 4\)\. Repeat"
    with pytest.raises(OutputError, match=expected):
        train(encoder, out, replace(OPTIONS, epochs=4))
    with pytest.raises(OutputError, match=r"\(train\.documents: 32, now 30\)"):
        train_classifier(encoder, TRAIN[:30], DEV, out, OPTIONS)
    with pytest.raises(OutputError, match=r"\(dev\.documents: 8, now 6\)"):
        train_classifier(encoder, TRAIN, DEV[:6], out, OPTIONS)
    assert (tmp_path / "out.unfinished" / "checkpoint-4").is_dir()
    changed = train(encoder, out, replace(OPTIONS, epochs=1), overwrite=True)
    assert [entry["epoch"] for entry in changed.epochs] == [1]
    assert not (tmp_path / "out.unfinished").exists()


def test_overwrite_keeps_the_old_output_until_the_new_one_is_whole(encoder, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(whole, out)

    class Interrupt(progress_module.Progress):
        def on_step_end(self, args, state, control, **_):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(trainer_module, "Progress", Interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(encoder, out, replace(OPTIONS, seed=5), overwrite=True)
    assert_same(out, whole)
