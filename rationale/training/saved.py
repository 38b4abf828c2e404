"""The checkpoints of a training under way: sealed as the last thing, used whole or not at all."""

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
_RESUMED = {STATE, "optimizer.pt", "scheduler.pt"}  # without one, the Trainer begins with a fresh one
_ANEW = "Repeat the command: it continues from the last whole checkpoint."


@dataclass(frozen=True)
class TrainerCheckpoint:
    """A checkpoint of the Trainer that is whole and of this training.

    Attributes:
        folder: ``checkpoint-N``.
        step: N, the optimizer steps taken.
        state: The Trainer's, of the shape that is relied on.
        seal: The digests of its files.
    """

    folder: Path
    step: int
    state: Mapping[str, Any]
    seal: Seal

    @property
    def final(self) -> bool:
        """Whether it is the last of its training: all steps done, or stopped early."""
        control = self.state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
        return bool(control.get("should_training_stop")) or self.step >= self.state["max_steps"]

    @property
    def best(self) -> int:
        """The step of the best epoch; its own where no epoch was chosen."""
        return int(self.state.get("best_global_step") or self.step)

    def needed(self, *, all_epochs: bool) -> set[int]:
        """The steps of earlier checkpoints that the training still needs, its own among them.

        Args:
            all_epochs: Whether it keeps every epoch, and not the best alone.
        """
        if not all_epochs:
            return {self.step, self.best}
        length = round(self.state["max_steps"] / self.state["num_train_epochs"])
        return {self.step, *range(length, self.step + 1, length)}

    def copy_model(self, to: Path) -> None:
        """Copies model, config and tokenizer, and nothing that is the Trainer's own.

        Raises:
            OutputError: Where what was copied is not what was saved.
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
                    remedy=_ANEW,
                )


def seal_checkpoint(folder: Path, run: str) -> None:
    """Seals all files of a checkpoint.

    Args:
        folder: ``checkpoint-N``, everything in it written.
        run: Which training it is of.
    """
    seal_folder(folder, "checkpoint", {"run": run})


def read_checkpoint(folder: Path, run: str, recipe: Mapping[str, Any]) -> TrainerCheckpoint:
    """A checkpoint, after making sure that it is whole and of this training.

    Args:
        folder: ``checkpoint-N``.
        run: Which training it has to be of.
        recipe: Of that training.

    Raises:
        OutputError: Where a file is missing, was changed or added, or it is of another training.
    """
    seal = check_folder(folder, "checkpoint", remedy=_ANEW, note=False)
    if seal is None:
        raise OutputError("it was not written to its end", where=folder, remedy=_ANEW)
    if seal.inputs.get("run", run) != run:  # `rationale verify --seal` knows no run
        raise OutputError("it is of another training", where=folder, remedy=_ANEW)
    lacking = sorted(_RESUMED - seal.files.keys())
    if lacking:
        raise OutputError(f"it has no {lacking[0]}", where=folder, remedy=_ANEW)
    state = strict_json.read_json(
        folder / STATE, error=OutputError, what="the state is damaged", remedy=_ANEW
    )
    step = step_of(folder)
    if step is None or not _sound(state, step, recipe):
        raise OutputError("the state is none of this training", where=folder / STATE, remedy=_ANEW)
    return TrainerCheckpoint(folder, step, state, seal)


@contextmanager
def checkpoint_errors(checkpoint: str | None) -> Iterator[None]:
    """Turns whatever goes wrong while a checkpoint is loaded, as data and never as code, into one error.

    Raises:
        OutputError: Then. What is whole can be loaded, unless somebody sealed it anew after a change.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        raise OutputError(
            f"the checkpoint cannot be read ({told})",
            where=checkpoint,
            remedy="Remove it to continue from the one before, or pass --overwrite to start anew.",
        ) from error


def step_of(folder: Path) -> int | None:
    """N of ``checkpoint-N``; None where it is named otherwise."""
    found = _NUMBERED.fullmatch(folder.name)
    return int(found[1]) if found else None


def numbered(run: Path) -> list[Path]:
    """The checkpoints in a folder, whole or not, the newest first."""
    there = [path for path in run.glob("checkpoint-*") if path.is_dir() and step_of(path) is not None]
    return sorted(there, key=lambda path: -(step_of(path) or 0))


def remove(checkpoint: Path) -> None:
    """Deletes a checkpoint, its seal first: what is left by a kill in between is not taken for whole."""
    (checkpoint / SEAL).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


def _sound(state: Mapping[str, Any], step: int, recipe: Mapping[str, Any]) -> bool:
    """Whether a state is of the shape that is relied on, with numbers that this training can have."""
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
