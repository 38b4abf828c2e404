"""A full or read-only disk while training: one line that names the place, and nothing lost."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

import pytest

from rationale.corpus import write_eraser
from rationale.errors import OutputError
from tests.children import python, run
from tests.training.resuming import OPTIONS, TRAIN, train

pytestmark = pytest.mark.training

ONE = replace(OPTIONS, epochs=1)


def full(*_, **__):
    raise OSError(28, "No space left on device")


def torch_full(*_, **__):
    """What torch says of a full disk, in words of its own."""
    raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")


@pytest.mark.parametrize(
    ("target", "fails"),
    [
        ("torch.save", torch_full),
        ("torch.save", full),
        ("rationale.training.saved.seal_folder", full),
        ("rationale.training.fitting.seal_model", full),
        ("transformers.trainer_callback.TrainerState.save_to_json", full),
        ("transformers.PreTrainedModel.save_pretrained", full),
        ("pathlib.Path.replace", full),
        ("rationale.files._flush", full),
    ],
)
def test_a_full_disk_is_one_error_and_the_same_call_finishes_later(
    encoder, tmp_path, monkeypatch, target, fails
):
    with monkeypatch.context() as broken:
        broken.setattr(target, fails)
        with pytest.raises(OutputError, match=r"out.*cannot be written"):
            train(encoder, tmp_path / "out", ONE)
    assert not (tmp_path / "out").exists()
    assert train(encoder, tmp_path / "out", ONE).path.exists()


LIMITED = """
import json, os, resource, signal, sys
import accelerate, transformers.trainer, transformers.models.bert.modeling_bert  # once, and not in each fork
import rationale.commands.train, rationale.loading.checkpoint, rationale.training.fitting
from rationale.cli import main

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
told, out = {}, sys.argv[2]
for most in map(int, sys.argv[1].split(",")):
    read, write = os.pipe()
    if not os.fork():
        os.dup2(write, 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        sys.argv = ["rationale", *sys.argv[3:], "--out", f"{out}-{most}"]
        main()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    told[most] = (os.waitstatus_to_exitcode(os.wait()[1]), said)
json.dump(told, sys.stdout)
"""
LIMITS = ("100", "3000", "60000", "120000")


def command(encoder, folder):
    write_eraser({"train": TRAIN}, folder / "data")
    given = ["train", "classifier", "--model", encoder, "--data", folder / "data"]
    return [*given, "--epochs", 1, "--device", "cpu", "--dev", "none"]


@pytest.fixture(scope="module")
def limited(encoder, tmp_path_factory):
    """What the command says, and its exit status, where no file may grow longer than so many bytes."""
    folder = tmp_path_factory.mktemp("limited")
    done = python("-c", LIMITED, ",".join(LIMITS), folder / "out", *command(encoder, folder))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("most", LIMITS)
def test_files_that_may_not_grow_are_one_line_and_exit_2(limited, most):
    """run.json, the tokenizer, the weights, the optimizer: the first that is too long."""
    status, said = limited[most]
    assert status == 2, said
    assert "Traceback" not in said
    assert any("cannot be written" in line for line in said.splitlines()), said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
@pytest.mark.parametrize("how", ["ro", "size=150k"])
def test_a_real_disk_that_is_full_or_read_only_is_one_line(encoder, tmp_path, how):
    given = [*command(encoder, tmp_path), "--out", tmp_path / "disk" / "out"]
    (tmp_path / "disk").mkdir()
    script = 'mount -t tmpfs -o "$1" none "$2" || exit 77; shift 2; exec "$@"'
    start = [sys.executable, "-c", "from rationale.cli import main; main()"]
    done = run("unshare", "-m", "bash", "-c", script, "mount", how, tmp_path / "disk", *start, *given)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr
