"""Writing scores part by part: sealed, locked, resumed after a kill."""

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

    Nothing is touched before there is a first part to write, but for the lock that keeps other writers out
    until :meth:`finish` or :meth:`close`. Finished scores that may be overwritten stay until their
    successors, written to ``FOLDER.unfinished``, are complete. The parts of an interrupted run are verified
    before it is resumed.

    Args:
        folder: Where to write. A folder with an equal recipe and no ``COMPLETE`` is resumed.
        recipe: The recipe; scores without one cannot be saved.
        overwrite: Whether a finished, foreign or damaged score folder may be replaced.

    Attributes:
        done: The numbers of the parts an earlier run has written.

    Raises:
        OutputError: Where the folder holds finished scores and ``overwrite`` is off, or something else, or
            another process is writing there.
        ScoresError: Where it holds an unfinished run of another recipe, one whose parts were changed, or
            one without a seal, and ``overwrite`` is off.
    """

    def __init__(self, folder: str | Path, recipe: Provenance, *, overwrite: bool = False) -> None:
        self.folder = Path(folder)
        self._recipe = recipe
        self._seal = Seal(**sealed_recipe(recipe)["seal"])
        self._held = ExitStack()
        with disk_errors(self.folder):
            self._place(overwrite=overwrite)  # refuses finished scores, even where no lock can be written
        self._held.enter_context(locked(self.folder, "scoring"))
        try:
            with disk_errors(self.folder):
                self._work = self._place(overwrite=overwrite)
            done = self._whole_parts(overwrite=overwrite)
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
        """Lets other writers in."""
        self._held.close()

    def _place(self, *, overwrite: bool) -> Path:
        """The folder to write parts to."""
        beside = self.folder.resolve().with_name(f"{self.folder.resolve().name}.unfinished")
        if _is_free(self.folder) and (beside / COMPLETE).exists() and not _differing(beside, self._recipe):
            return beside  # killed on the last step
        clash = _clash(self.folder, self._recipe)
        if clash is not None and not (overwrite and (self.folder / RECIPE).exists()):
            raise clash
        return beside if (self.folder / COMPLETE).exists() else self.folder

    def _whole_parts(self, *, overwrite: bool) -> set[int] | None:
        """The parts of the run that is resumed; None where there is none, or it is started anew."""
        try:
            recipe, seal = open_recipe(self._work)
            if recipe != self._recipe:
                return None
            if seal is None:
                raise refuse_unsealed(self._work)
            self._recipe, self._seal = recipe, seal  # the same run, perhaps by another command
            return set(unfinished_parts(self._work, recipe, seal))
        except ScoresError:
            if overwrite or not (self._work / RECIPE).exists():
                return None
            raise

    def _begin(self) -> None:
        """Makes the folder or takes it up."""
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
        """Marks the folder complete, lets other writers in, and opens it.

        Raises:
            ScoresError: Where a part lies there that this run has neither found whole nor written.
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
    """What of the recipe an earlier run in ``folder`` had otherwise; everything where there was none."""
    try:
        return differing(open_recipe(folder)[0], recipe)
    except ScoresError:
        return ["everything"]


def _clash(folder: Path, recipe: Provenance) -> RationaleError | None:
    """Why a run with ``recipe`` may not write into ``folder``, or None where it is free or resumed."""
    remedy = "Choose another --out, or pass --overwrite."
    if folder.is_file():
        return OutputError("a file is there, and scores are a folder", where=folder, remedy=remedy)
    if _is_free(folder):
        return None
    if not (folder / RECIPE).exists():
        remedy = "It is not overwritten; choose another --out."
        return OutputError("this folder holds something else than scores", where=folder, remedy=remedy)
    if (folder / COMPLETE).exists():
        return OutputError("finished scores are here already", where=folder, remedy=remedy)
    try:
        open_recipe(folder)
    except ScoresError as error:
        return error
    differing = _differing(folder, recipe)
    if differing:
        return ScoresError(
            f"an unfinished run with another recipe is here (differs in: {', '.join(differing)})",
            where=folder,
            remedy="Repeat its command to finish it, choose another --out, or pass --overwrite.",
        )
    return None


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and all(map(_is_leftover, folder.iterdir())))


def _is_leftover(entry: Path) -> bool:
    return entry.name == LOCK or (entry.name.startswith(".") and entry.suffix == ".tmp")


def _sweep(folder: Path) -> None:
    """Removes temporary parts that a killed run left; the lock is held, so that nobody is writing them."""
    for leftover in folder.glob(".*.tmp"):
        discard(leftover)


def _remove_scores(folder: Path) -> None:
    """Removes what :class:`ScoreWriter` writes, the completion mark first, and nothing else."""
    (folder / COMPLETE).unlink(missing_ok=True)
    for part in folder.glob("part-*"):
        shutil.rmtree(part)
    _sweep(folder)
    (folder / RECIPE).unlink(missing_ok=True)


def _move_others(folder: Path, to: Path) -> None:
    """Moves what a user keeps beside the scores (an agreement, a note) along to their successors."""
    for entry in folder.iterdir() if folder.exists() else ():
        ours = entry.name in (RECIPE, COMPLETE) or entry.match("part-*") or _is_leftover(entry)
        if not ours:
            entry.rename(to / entry.name)
