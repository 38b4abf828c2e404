"""Writes scores part by part: sealed, locked, and resumed after an interruption."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rationale.artifacts.lock import LOCK, locked
from rationale.artifacts.provenance import Provenance, differing
from rationale.artifacts.scores import (
    COMPLETE,
    RECIPE,
    open_recipe,
    part_name,
    refuse_unsealed,
    seal_part,
    seal_scores,
    sealed_recipe,
    unfinished_parts,
)
from rationale.artifacts.seal import Seal
from rationale.errors import OutputError, RationaleError, ScoresError
from rationale.files import atomic_json, atomic_path, discard, disk_errors, put_in_place
from rationale.scores.parquet import write_part
from rationale.scores.scored import ScoredDocument
from rationale.scores.store import StoredScores


class ScoreWriter:
    """Writes scores part by part, so that a killed run resumes and a reader never sees half a part.

    A lock keeps other writers out until :meth:`finish` or :meth:`close`. Nothing else is touched before the
    first part is written. Finished scores that may be overwritten stay until their successors, written to
    ``FOLDER.unfinished``, are complete. The parts of an interrupted run are verified before it resumes.

    Args:
        folder: The folder to write. A folder with an equal recipe and no ``COMPLETE`` is resumed.
        recipe: The provenance of the scores.
        overwrite: Whether a finished, foreign or damaged score folder may be replaced.

    Attributes:
        done: The numbers of the parts that an earlier run has written.

    Raises:
        OutputError: Where the folder holds finished scores and ``overwrite`` is off, or holds something
            else, or another process is writing there.
        ScoresError: Where it holds an unfinished run of another recipe, one whose parts were changed, or
            one without a seal, and ``overwrite`` is off.
    """

    def __init__(self, folder: str | Path, recipe: Provenance, *, overwrite: bool = False) -> None:
        self.folder = Path(folder)
        self._recipe = recipe
        self._seal = Seal(**sealed_recipe(recipe)["seal"])
        self._lock = ExitStack()
        with disk_errors(self.folder):
            self._work_folder(
                overwrite=overwrite
            )  # refuses finished scores, even where no lock can be written
        self._lock.enter_context(locked(self.folder, "scoring"))
        try:
            with disk_errors(self.folder):
                self._work = self._work_folder(overwrite=overwrite)
            done = self._verified_parts(overwrite=overwrite)
        except BaseException:
            self.close()
            raise
        self._resumes, self.done = done is not None, frozenset(done or ())
        self._written: set[int] = set()
        self._begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Releases the lock."""
        self._lock.close()

    def _work_folder(self, *, overwrite: bool) -> Path:
        """The folder to write parts to."""
        unfinished = self.folder.resolve().with_name(f"{self.folder.resolve().name}.unfinished")
        if (
            _is_free(self.folder)
            and (unfinished / COMPLETE).exists()
            and not _differing(unfinished, self._recipe)
        ):
            return unfinished  # killed on the last step
        clash = _clash(self.folder, self._recipe)
        if clash is not None and not (overwrite and (self.folder / RECIPE).exists()):
            raise clash
        return unfinished if (self.folder / COMPLETE).exists() else self.folder

    def _verified_parts(self, *, overwrite: bool) -> set[int] | None:
        """The numbers of the verified parts of the run to resume; None where no run is resumed."""
        try:
            recipe, seal = open_recipe(self._work)
            if recipe != self._recipe:
                return None
            if seal is None:
                raise refuse_unsealed(self._work)
            self._recipe, self._seal = recipe, seal  # the same run, perhaps started by another command
            return set(unfinished_parts(self._work, recipe, seal))
        except ScoresError:
            if overwrite or not (self._work / RECIPE).exists():
                return None
            raise

    def _begin(self) -> None:
        """Creates the work folder, or resumes in it; once."""
        if self._begun:
            return
        with disk_errors(self._work):
            if self._resumes:
                _sweep(self._work)
            else:
                _remove_scores(self._work)
                self._work.mkdir(parents=True, exist_ok=True)
        if not self._resumes:
            atomic_json(self._work / RECIPE, sealed_recipe(self._recipe), overwrite=True)
        self._begun = True

    def write(self, number: int, documents: Sequence[ScoredDocument]) -> None:
        """Writes part ``number``, sealed, in one rename."""
        self._begin()
        with atomic_path(self._work / part_name(number), overwrite=False) as part:
            part.mkdir()
            write_part(part, documents)
            seal_part(part, self._seal, number, unnamed=True)
        self._written.add(number)

    def finish(self) -> StoredScores:
        """Marks the folder complete, releases the lock, and opens the scores.

        Raises:
            ScoresError: Where the folder holds a part that this run has neither verified nor written.
        """
        self._begin()
        parts = [self._work / part_name(number) for number in sorted(self.done | self._written)]
        foreign = set(self._work.glob("part-*")) - set(parts)
        if foreign:
            raise ScoresError(
                "this part does not belong to the scores", where=min(foreign), remedy="Move it away."
            )
        seal_scores(self._work, self._recipe, parts)
        if self._work != self.folder:
            with disk_errors(self.folder):
                _move_others(self.folder, self._work)
                put_in_place(self._work, self.folder.resolve())
        self.close()
        return StoredScores(self.folder)


def _differing(folder: Path, recipe: Provenance) -> list[str]:
    """The fields in which ``recipe`` differs from that of an earlier run; "everything" where it has none."""
    try:
        return differing(open_recipe(folder)[0], recipe)
    except ScoresError:
        return ["everything"]


def _clash(folder: Path, recipe: Provenance) -> RationaleError | None:
    """The error that keeps a run with ``recipe`` from writing into ``folder``; None where it may."""
    remedy = "Choose another --out, or pass --overwrite."
    if folder.is_file():
        return OutputError("this is a file, and scores are a folder", where=folder, remedy=remedy)
    if _is_free(folder):
        return None
    if not (folder / RECIPE).exists():
        remedy = "It is not overwritten; choose another --out."
        return OutputError("this folder holds something other than scores", where=folder, remedy=remedy)
    if (folder / COMPLETE).exists():
        return OutputError("finished scores exist here already", where=folder, remedy=remedy)
    try:
        open_recipe(folder)
    except ScoresError as error:
        return error
    differing = _differing(folder, recipe)
    if differing:
        return ScoresError(
            f"an unfinished run with another recipe exists here (differs in: {', '.join(differing)})",
            where=folder,
            remedy="Repeat its command to finish it, choose another --out, or pass --overwrite.",
        )
    return None


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and all(map(_is_leftover, folder.iterdir())))


def _is_leftover(entry: Path) -> bool:
    return entry.name == LOCK or (entry.name.startswith(".") and entry.suffix == ".tmp")


def _sweep(folder: Path) -> None:
    """Removes temporary parts that a killed run left; the lock is held, so no process is writing them."""
    for leftover in folder.glob(".*.tmp"):
        discard(leftover)


def _remove_scores(folder: Path) -> None:
    """Removes the files of :class:`ScoreWriter`, the completion mark first, and nothing else."""
    (folder / COMPLETE).unlink(missing_ok=True)
    for part in folder.glob("part-*"):
        shutil.rmtree(part)
    _sweep(folder)
    (folder / RECIPE).unlink(missing_ok=True)


def _move_others(folder: Path, successor: Path) -> None:
    """Moves other files of the folder (an agreement, a note) to the folder of the new scores."""
    for entry in folder.iterdir() if folder.exists() else ():
        is_written_here = entry.name in (RECIPE, COMPLETE) or entry.match("part-*") or _is_leftover(entry)
        if not is_written_here:
            entry.rename(successor / entry.name)
