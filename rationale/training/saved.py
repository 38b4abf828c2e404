"""The checkpoints of an unfinished training: sealed last, and used only where they are whole."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rationale import strict_json
from rationale.artifacts.seal import SEAL, Seal, check_folder, digest, seal_folder
from rationale.errors import OutputError

log = logging.getLogger(__name__)

STATE = "trainer_state.json"
_NUMBERED = re.compile(r"checkpoint-([1-9][0-9]{0,17})")
_PRIVATE = re.compile(
    r"(trainer_state\.json|(optimizer|scheduler|scaler)\.pt|rng_state.*\.pth|training_args\.bin)"
)
# without one of these, the Trainer silently starts with a new one
_NEEDED = {STATE, "optimizer.pt", "scheduler.pt"}
_REMEDY = "Repeat the command: it resumes from the last whole checkpoint."


@dataclass(frozen=True)
class TrainerCheckpoint:
    """A whole checkpoint of this training.

    Attributes:
        folder: ``checkpoint-N``.
        step: N, the number of optimizer steps.
        state: The state of the Trainer, checked.
        seal: The seal, with the digests of its files.
    """

    folder: Path
    step: int
    state: Mapping[str, Any]
    seal: Seal

    @property
    def final(self) -> bool:
        """Whether it ends its training: all steps are done, or it stopped early."""
        control = self.state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
        return bool(control.get("should_training_stop")) or self.step >= self.state["max_steps"]

    @property
    def best(self) -> int:
        """The step of the best epoch; that of this checkpoint without selection."""
        return int(self.state.get("best_global_step") or self.step)

    def needed(self, *, all_epochs: bool) -> set[int]:
        """The steps of the checkpoints that the training still needs, including this one.

        Args:
            all_epochs: Whether the training keeps every epoch, not only the best.
        """
        if not all_epochs:
            return {self.step, self.best}
        length = round(self.state["max_steps"] / self.state["num_train_epochs"])
        return {self.step, *range(length, self.step + 1, length)}

    def copy_model(self, to: Path) -> None:
        """Copies model, config and tokenizer, without the files of the Trainer.

        Raises:
            OutputError: Where a file was changed after it was sealed.
        """
        names = [name for name in self.seal.files if not _PRIVATE.fullmatch(name)]
        to.mkdir(parents=True, exist_ok=True)
        for name in names:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / name, to / name)
            if digest(to / name) != self.seal.files[name]:
                raise OutputError(
                    "it was changed after it was written: its SHA-256 differs",
                    where=self.folder / name,
                    remedy=_REMEDY,
                )


def seal_checkpoint(folder: Path, run: str) -> None:
    """Seals all files of a checkpoint.

    Args:
        folder: ``checkpoint-N``, completely written.
        run: Identity of its training.
    """
    seal_folder(folder, "checkpoint", {"run": run})


def read_checkpoint(folder: Path, run: str, recipe: Mapping[str, Any]) -> TrainerCheckpoint:
    """Reads a checkpoint and checks that it is whole and of this training.

    Args:
        folder: ``checkpoint-N``.
        run: Identity of the training.
        recipe: Recipe of the training.

    Raises:
        OutputError: Where a file is missing, was changed or added, or the checkpoint is of another training.
    """
    seal = check_folder(folder, "checkpoint", remedy=_REMEDY, note=False)
    if seal is None:
        raise OutputError("the checkpoint is incomplete", where=folder, remedy=_REMEDY)
    if seal.other_inputs({"run": run}):  # `rationale verify --seal` knows no run
        raise OutputError("the checkpoint is of another training", where=folder, remedy=_REMEDY)
    missing = sorted(_NEEDED - seal.files.keys())
    if missing:
        raise OutputError(f"the checkpoint has no {missing[0]}", where=folder, remedy=_REMEDY)
    state = strict_json.read_json(
        folder / STATE, error=OutputError, what="the state is damaged", remedy=_REMEDY
    )
    step = step_of(folder)
    if step is None or not _is_valid(state, step, recipe):
        raise OutputError("the state does not fit this training", where=folder / STATE, remedy=_REMEDY)
    return TrainerCheckpoint(folder, step, state, seal)


@contextmanager
def checkpoint_errors(checkpoint: str | None) -> Iterator[None]:
    """Turns every error while a checkpoint is loaded into an OutputError, except out-of-memory.

    Raises:
        OutputError: Where loading fails, as after a change that was sealed again.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        raise OutputError(
            f"the checkpoint cannot be read ({message})",
            where=checkpoint,
            remedy="Remove it to resume from the previous one, or pass --overwrite to start again.",
        ) from error


def step_of(folder: Path) -> int | None:
    """N of ``checkpoint-N``; None for another name."""
    match = _NUMBERED.fullmatch(folder.name)
    return int(match[1]) if match else None


def numbered(run: Path) -> list[Path]:
    """The checkpoints in a folder, whole or not, newest first."""
    checkpoints = [path for path in run.glob("checkpoint-*") if path.is_dir() and step_of(path) is not None]
    return sorted(checkpoints, key=lambda path: -(step_of(path) or 0))


def remove(checkpoint: Path) -> None:
    """Deletes a checkpoint, its seal first, so that an interrupted deletion leaves no whole checkpoint."""
    (checkpoint / SEAL).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


def _is_valid(state: Mapping[str, Any], step: int, recipe: Mapping[str, Any]) -> bool:
    """Whether a state has the expected structure, with numbers that are possible in this training."""
    callbacks, entries = state.get("stateful_callbacks"), state.get("log_history")
    if not isinstance(callbacks, dict) or not isinstance(entries, list):
        return False
    control = callbacks.get("TrainerControl", {"args": {}})
    if not isinstance(control, dict) or not isinstance(control.get("args"), dict):
        return False
    if not all(isinstance(entry, dict) and _is_count(entry.get("step")) for entry in entries):
        return False
    best, steps, epochs = state.get("best_global_step"), state.get("max_steps"), recipe["options"]["epochs"]
    return (
        (best is None or (_is_count(best) and best <= step))
        and (state.get("num_train_epochs"), state.get("global_step")) == (epochs, step)
        and _is_count(steps)
        and max(step, epochs) <= int(steps or 0)
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
