"""An unfinished run: its folder beside the output, its recipe, and the checkpoint to resume from."""

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
RUNS = Artifact("run", Json, "Pass --overwrite to start this training again.")  # type: ignore[type-abstract]
_TEMPORARY = re.compile(r"\.run\.json\.[^.]+\.tmp")


@dataclass(frozen=True)
class UnfinishedRun:
    """The folder ``OUT.unfinished``; ``OUT`` appears only when the run is finished.

    Attributes:
        folder: The folder, with ``run.json`` (the recipe of the run) and the checkpoints of the Trainer.
    """

    folder: Path

    @classmethod
    def beside(cls, out: Path) -> UnfinishedRun:
        """The unfinished run of ``out``."""
        return cls(out.with_name(out.name + ".unfinished"))

    def begin(self, recipe: Json, *, inputs: Json | None = None, overwrite: bool) -> None:
        """Creates the folder, or resumes an interrupted run of the same recipe.

        Hold the lock of the folder (:func:`rationale.artifacts.lock.locked`).

        Args:
            recipe: All inputs and options of the run.
            inputs: Digests of inputs that the recipe does not name.
            overwrite: Whether to replace an unfinished run of another recipe, or a damaged one.

        Raises:
            OutputError: Where the folder holds a run of another recipe, or one that is damaged or without a
                seal, and ``overwrite`` is off; where it holds other files, or the disk refuses.
        """
        if (self.folder / RUN).exists() and self._continues(recipe, inputs, overwrite=overwrite):
            return
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / RUN).exists() and not all(map(_is_leftover, self.folder.iterdir())):
                raise OutputError(
                    "expected an empty folder for the unfinished training, found other files",
                    where=self.folder,
                    remedy="Move it away, or choose another output.",
                )
            self._empty()
        RUNS.write(self.folder / RUN, recipe, inputs=inputs, overwrite=True)

    def _continues(self, recipe: Json, inputs: Json | None, *, overwrite: bool) -> bool:
        """Whether the folder holds an unfinished run of this recipe."""
        what = "the folder holds an unfinished run with other settings"
        remedy = "Repeat its settings to resume it, or pass --overwrite to start again."
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
        """The SHA-256 of its ``run.json``, which its checkpoints carry."""
        seal = RUNS.open(self.folder / RUN, note=False)[1]
        return "" if seal is None else seal.sha256

    def _empty(self) -> None:
        """Deletes the files of the run, and no others; keeps the lock."""
        for checkpoint in numbered(self.folder):
            remove(checkpoint)
        for entry in self.folder.iterdir():
            if entry.name == RUN or _TEMPORARY.fullmatch(entry.name):
                entry.unlink(missing_ok=True)

    def checkpoint(self, step: int) -> TrainerCheckpoint:
        """Reads the checkpoint of a step.

        Raises:
            OutputError: Where it is not whole, or of another training.
        """
        run, _ = RUNS.open(self.folder / RUN, note=False)
        return read_checkpoint(self.folder / f"checkpoint-{step}", self.identity, run)

    def newest(self) -> int | None:
        """The step of the newest complete checkpoint; None before the first."""
        complete = [path for path in numbered(self.folder) if (path / SEAL).is_file()]
        return step_of(complete[0]) if complete else None

    def last(self, *, all_epochs: bool = False) -> TrainerCheckpoint | None:
        """The newest checkpoint to resume from; None where the run has to start again.

        It is whole, and so are the earlier checkpoints that the run needs at its end. Others are skipped
        with a warning.

        Args:
            all_epochs: Whether the run keeps every epoch, not only the best.
        """
        checkpoints: dict[int, TrainerCheckpoint | None] = {}

        def whole(step: int) -> TrainerCheckpoint | None:
            if step not in checkpoints:
                checkpoints[step] = self._whole(step)
            return checkpoints[step]

        for path in numbered(self.folder):
            checkpoint = whole(step_of(path) or 0)
            if checkpoint and all(map(whole, sorted(checkpoint.needed(all_epochs=all_epochs)))):
                return checkpoint
        return None

    def _whole(self, step: int) -> TrainerCheckpoint | None:
        try:
            return self.checkpoint(step)
        except OutputError as error:
            log.warning("skipped: %s: %s", error.where, error.what)
            return None

    def go_on_from(self, last: TrainerCheckpoint | None) -> None:
        """Deletes the checkpoints after ``last``, which the resumed run writes again."""
        with disk_errors(self.folder):
            for path in numbered(self.folder):
                if (step_of(path) or 0) > (last.step if last else 0):
                    remove(path)

    def ended(self, out: Path) -> bool:
        """Whether ``out`` is finished, and the run was interrupted while it was removed."""
        return (out / TRAINING).is_file() and (self.folder / RUN).is_file()

    def discard(self, recipe: Json) -> None:
        """Deletes the folder where it holds a run of ``recipe`` that was interrupted after its end."""
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
        """Deletes the files of the run, and the folder where it holds no others."""
        with disk_errors(self.folder):
            self._empty()
            if all(entry.name == LOCK for entry in self.folder.iterdir()):
                (self.folder / LOCK).unlink(missing_ok=True)
                self.folder.rmdir()
            else:
                log.warning("%s: kept, because it holds files that are not of the training", self.folder)


def _is_leftover(entry: Path) -> bool:
    """Whether an entry may remain from a run that was interrupted before it wrote ``run.json``."""
    return entry.name == LOCK or bool(_TEMPORARY.fullmatch(entry.name))
