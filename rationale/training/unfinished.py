"""A run under way: its folder beside the output, what it was started with, and where it can go on."""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rationale.errors import OutputError
from rationale.files import atomic_json, disk_errors

_RUN = "run.json"
_STATE = "trainer_state.json"
_LOCK = ".lock"
_HELD: list[IO[str]] = []  # the locks of this process; the system frees them when it ends
_PRIVATE = shutil.ignore_patterns(
    _STATE, "optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state*.pth", "training_args.bin"
)


@dataclass(frozen=True)
class UnfinishedRun:
    """The folder ``OUT.unfinished``; ``OUT`` itself appears only when all is done.

    Attributes:
        folder: Holds ``run.json`` (what the run was started with) and the Trainer's checkpoints.
    """

    folder: Path

    @classmethod
    def beside(cls, out: Path) -> UnfinishedRun:
        """The run that is to become ``out``."""
        return cls(out.with_name(out.name + ".unfinished"))

    def begin(self, recipe: Mapping[str, Any], *, overwrite: bool, exclusive: bool = True) -> None:
        """Makes the folder, or takes up the one that a killed run of the same recipe left.

        Args:
            recipe: What the run is started with.
            overwrite: Replace an unfinished run of another recipe.
            exclusive: Keep every other run out until this process ends.

        Raises:
            OutputError: Where one of another recipe lies there and ``overwrite`` is off, something else lies
                there, another process trains there, or the disk refuses.
        """
        earlier = _read_json(self.folder / _RUN)
        if earlier is None and self.folder.exists() and not all(map(_is_leftover, self.folder.iterdir())):
            raise OutputError(
                "this folder is needed while training, and holds something else",
                where=self.folder,
                remedy="It is not touched; move it away, or choose another output.",
            )
        if earlier not in (None, recipe) and not overwrite:
            raise OutputError(
                f"an unfinished run with other settings lies there ({difference(earlier, recipe)})",
                where=self.folder,
                remedy="Repeat its settings to continue it, or pass --overwrite to start anew.",
            )
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if exclusive:
                self._lock()
            if earlier != recipe:
                self._empty()
        atomic_json(self.folder / _RUN, recipe, overwrite=True)

    def _lock(self) -> None:
        """Holds the folder until this process ends, however it ends."""
        held = (self.folder / _LOCK).open("w")
        try:
            fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                held.close()
                raise OutputError(
                    "another process is training there",
                    where=self.folder,
                    remedy="Wait until it has ended, then repeat the command.",
                ) from None
        _HELD.append(held)  # also where the file system knows no locks

    def _empty(self) -> None:
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()

    def checkpoints(self) -> list[Path]:
        """Whole checkpoints, oldest first; the Trainer writes a checkpoint's state file last."""
        found = [path for path in self.folder.glob("checkpoint-*") if _read_json(path / _STATE) is not None]
        return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))

    def last_state(self) -> dict[str, Any]:
        """The Trainer's state at the last whole checkpoint; empty before the first one."""
        found = self.checkpoints()
        return (_read_json(found[-1] / _STATE) or {}) if found else {}

    def trained(self) -> bool:
        """Whether the last checkpoint is the final one: all steps done, or stopped early."""
        state = self.last_state()
        if not state:
            return False
        control = state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
        return bool(control.get("should_training_stop")) or state["global_step"] >= state["max_steps"]

    def copy_model(self, state: Mapping[str, Any], to: Path) -> None:
        """Copies model, config and tokenizer of the best epoch, or of the last where there was no dev set."""
        best = state.get("best_global_step") or state["global_step"]
        self.copy_checkpoint(self.folder / f"checkpoint-{best}", to)

    @staticmethod
    def copy_checkpoint(checkpoint: Path, to: Path) -> None:
        """Copies model, config and tokenizer, and nothing that is the Trainer's own."""
        shutil.copytree(checkpoint, to, ignore=_PRIVATE, copy_function=shutil.copyfile, dirs_exist_ok=True)

    def discard(self, recipe: Mapping[str, Any]) -> None:
        """Deletes the folder where it is what a run of ``recipe`` left when it was killed at its very end."""
        if _read_json(self.folder / _RUN) == recipe:
            self.remove()

    def remove(self) -> None:
        """Deletes the folder."""
        shutil.rmtree(self.folder)


def _is_leftover(entry: Path) -> bool:
    """What a run leaves that was killed before it said what it is."""
    return entry.name == _LOCK or (entry.name.startswith(f".{_RUN}.") and entry.suffix == ".tmp")


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def difference(earlier: Any, now: Any, name: str = "") -> str:
    """The first entry that differs.

    >>> difference({"options": {"epochs": 3}}, {"options": {"epochs": 4}})
    'options.epochs: 3, now 4'
    """
    if isinstance(earlier, Mapping) and isinstance(now, Mapping):
        for key in [*now, *(k for k in earlier if k not in now)]:
            if earlier.get(key) != now.get(key):
                return difference(earlier.get(key), now.get(key), f"{name}.{key}".lstrip("."))
    return f"{name}: {earlier!r}, now {now!r}"
