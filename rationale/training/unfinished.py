"""A run under way: its folder beside the output, what it was started with, and where it can go on."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rationale.artifacts.artifact import Artifact, require_made_of
from rationale.artifacts.content import same
from rationale.artifacts.lock import LOCK, locked
from rationale.artifacts.model import TRAINING
from rationale.artifacts.record import Json
from rationale.artifacts.seal import SEAL
from rationale.errors import OutputError
from rationale.files import disk_errors
from rationale.training.saved import TrainerCheckpoint, numbered, read_checkpoint, remove, step_of

log = logging.getLogger(__name__)

RUN = "run.json"
RUNS = Artifact("run", Json, "Pass --overwrite to start this training anew.")  # type: ignore[type-abstract]
_TEMPORARY = re.compile(r"\.run\.json\.[^.]+\.tmp")


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

    def begin(self, recipe: Json, *, inputs: Json | None = None, overwrite: bool) -> None:
        """Makes the folder, or takes up the one that a killed run of the same recipe left.

        Hold its lock before (:func:`rationale.artifacts.lock.locked`).

        Args:
            recipe: What the run is started with.
            inputs: Digests of what it is made from, which the recipe does not name.
            overwrite: Replace an unfinished run of another recipe, or one that is damaged.

        Raises:
            OutputError: Where one of another recipe lies there, or one that is damaged or without a seal,
                and ``overwrite`` is off; where something else lies there, or the disk refuses.
        """
        if (self.folder / RUN).exists() and self._continues(recipe, inputs, overwrite=overwrite):
            return
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / RUN).exists() and not all(map(_is_leftover, self.folder.iterdir())):
                raise OutputError(
                    "this folder is needed while training, and holds something else",
                    where=self.folder,
                    remedy="It is not touched; move it away, or choose another output.",
                )
            self._empty()
        RUNS.write(self.folder / RUN, recipe, inputs=inputs, overwrite=True)

    def _continues(self, recipe: Json, inputs: Json | None, *, overwrite: bool) -> bool:
        """Whether what lies there is the start of this run."""
        what = "an unfinished run with other settings lies there"
        remedy = "Repeat its settings to continue it, or pass --overwrite to start anew."
        try:
            earlier, seal = RUNS.open(self.folder / RUN, note=False)
            require_made_of(self.folder, earlier, seal, recipe, inputs=inputs, what=what, remedy=remedy)
        except OutputError:
            if not overwrite:
                raise
            return False
        return True

    @cached_property
    def identity(self) -> str:
        """Tells this run's checkpoints from those of others: the SHA-256 of its ``run.json``."""
        seal = RUNS.open(self.folder / RUN, note=False)[1]
        return "" if seal is None else seal.sha256

    def _empty(self) -> None:
        """Deletes what a run leaves, and nothing else; the lock is held on."""
        for checkpoint in numbered(self.folder):
            remove(checkpoint)
        for entry in self.folder.iterdir():
            if entry.name == RUN or _TEMPORARY.fullmatch(entry.name):
                entry.unlink(missing_ok=True)

    def checkpoint(self, step: int) -> TrainerCheckpoint:
        """The checkpoint after so many steps.

        Raises:
            OutputError: Where it is not whole, or of another training.
        """
        run, _ = RUNS.open(self.folder / RUN, note=False)
        return read_checkpoint(self.folder / f"checkpoint-{step}", self.identity, run)

    def newest(self) -> int | None:
        """The step of the newest checkpoint that was written to its end; None before the first."""
        ended = [path for path in numbered(self.folder) if (path / SEAL).is_file()]
        return step_of(ended[0]) if ended else None

    def last(self, *, all_epochs: bool = False) -> TrainerCheckpoint | None:
        """The newest checkpoint that can be gone on from; None where the run has to start anew.

        It is whole, and so are the earlier ones that the run needs at its end. One that is not is passed
        over, and the log says why.

        Args:
            all_epochs: Whether the run keeps every epoch, and not the best alone.
        """
        found: dict[int, TrainerCheckpoint | None] = {}

        def whole(step: int) -> TrainerCheckpoint | None:
            if step not in found:
                found[step] = self._whole(step)
            return found[step]

        for path in numbered(self.folder):
            checkpoint = whole(step_of(path) or 0)
            if checkpoint and all(map(whole, sorted(checkpoint.needed(all_epochs=all_epochs)))):
                return checkpoint
        return None

    def _whole(self, step: int) -> TrainerCheckpoint | None:
        try:
            return self.checkpoint(step)
        except OutputError as error:
            log.warning("passed over: %s: %s", error.where, error.what)
            return None

    def go_on_from(self, last: TrainerCheckpoint | None) -> None:
        """Deletes the checkpoints after ``last``: the run makes them again."""
        with disk_errors(self.folder):
            for path in numbered(self.folder):
                if (step_of(path) or 0) > (last.step if last else 0):
                    remove(path)

    def ended(self, out: Path) -> bool:
        """Whether ``out`` stands already and the run was killed at its very end, while it was tidied up."""
        return (out / TRAINING).is_file() and (self.folder / RUN).is_file()

    def discard(self, recipe: Json) -> None:
        """Deletes the folder where it is what a run of ``recipe`` left when it was killed at its very end."""
        if not (self.folder / RUN).exists():
            return
        with locked(self.folder, "training"):
            try:
                earlier, _ = RUNS.open(self.folder / RUN, note=False)
            except OutputError:
                return
            if same(earlier, recipe):
                self.remove()

    def remove(self) -> None:
        """Deletes what the run left, and the folder where nothing else is in it."""
        with disk_errors(self.folder):
            self._empty()
            if all(entry.name == LOCK for entry in self.folder.iterdir()):
                (self.folder / LOCK).unlink(missing_ok=True)
                self.folder.rmdir()
            else:
                log.warning("%s: kept, for it holds files that are not of the training", self.folder)


def _is_leftover(entry: Path) -> bool:
    """What a run leaves that was killed before it said what it is."""
    return entry.name == LOCK or bool(_TEMPORARY.fullmatch(entry.name))
