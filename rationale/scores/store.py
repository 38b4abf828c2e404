"""Scores in memory and on disk: a folder of Parquet parts, each whole or absent, beside a recipe."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from rationale.corpus.document import Key
from rationale.errors import OutputError, RationaleError, ScoresError
from rationale.files import atomic_json, atomic_path, disk_errors, put_in_place
from rationale.scores.parquet import digest, read_part, read_table, write_part
from rationale.scores.recipe import RECIPE, read_recipe
from rationale.scores.scored import ScoredDocument, scores_html

COMPLETE = "COMPLETE"


class _WithRecipe:
    """What both kinds of scores read off their recipe."""

    def __init__(self, recipe: dict[str, Any]) -> None:
        self.recipe = recipe

    @property
    def methods(self) -> tuple[str, ...]:
        """The score methods, in the order they were asked for."""
        return tuple(self.recipe["methods"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return tuple(self.recipe["labels"])

    def layers(self, method: str) -> tuple[int, ...]:
        """The layers of a method's rows."""
        if method not in self.recipe["methods"]:
            raise ScoresError(
                f"no scores of method {method!r}", remedy=f"There are: {', '.join(self.methods)}."
            )
        return tuple(self.recipe["methods"][method]["layers"])


class MemoryScores(_WithRecipe):
    """Scores held in memory."""

    def __init__(self, recipe: dict[str, Any], documents: Sequence[ScoredDocument]) -> None:
        super().__init__(recipe)
        self.documents = documents

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[ScoredDocument]:
        return iter(self.documents)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of all scored documents, in corpus order."""
        return tuple(d.key for d in self.documents)

    def get(self, key: Key) -> ScoredDocument:
        """The document filed under ``key``."""
        for document in self.documents:
            if document.key == key:
                return document
        raise _not_scored(key, "these scores")

    def _repr_html_(self) -> str:
        return scores_html(self)


class StoredScores(_WithRecipe):
    """Scores read from a folder, one part in memory at a time.

    Args:
        folder: A folder that :class:`ScoreWriter` finished.

    Raises:
        ScoresError: Where it is no score folder, unfinished, or damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        super().__init__(read_recipe(self.folder))
        if not (self.folder / COMPLETE).exists():
            raise ScoresError(
                "the scores are unfinished",
                where=self.folder,
                remedy="Run the same `rationale score` command again: it goes on where it stopped.",
            )
        self._parts = _parts(self.folder)
        self._read = lru_cache(maxsize=2)(read_part)

    def __len__(self) -> int:
        return int(self.recipe["data"]["documents"])

    def __iter__(self) -> Iterator[ScoredDocument]:
        for part in self._parts:
            yield from self._read(part, self._parts[part])

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of all scored documents, in corpus order; only two columns are read."""
        return tuple(self._where)

    @cached_property
    def _where(self) -> dict[Key, Path]:
        where: dict[Key, Path] = {}
        for part in self._parts:
            table = read_table(part / "documents.parquet", columns=["id", "docid"])
            ids, docids = table.column("id").to_pylist(), table.column("docid").to_pylist()
            where.update(dict.fromkeys(zip(ids, docids, strict=True), part))
        return where

    def get(self, key: Key) -> ScoredDocument:
        """The document filed under ``key``."""
        if key not in self._where:
            raise _not_scored(key, self.folder)
        part = self._where[key]
        return next(d for d in self._read(part, self._parts[part]) if d.key == key)

    def _repr_html_(self) -> str:
        return scores_html(self)


class ScoreWriter:
    """Writes scores part by part, so that a killed run goes on and a reader never sees half a part.

    Nothing is touched before there is a first part to write. Finished scores that may be overwritten stay
    until their successors, written to ``FOLDER.unfinished``, are complete.

    Args:
        folder: Where to write. A folder with an equal recipe and no ``COMPLETE`` is resumed.
        recipe: The recipe; scores without one cannot be saved.
        overwrite: Whether a finished or foreign score folder may be replaced.

    Attributes:
        done: The numbers of the parts an earlier run has written.

    Raises:
        OutputError: Where the folder holds finished scores and ``overwrite`` is off, or something else.
        ScoresError: Where it holds an unfinished run of another recipe and ``overwrite`` is off.
    """

    def __init__(self, folder: str | Path, recipe: dict[str, Any], *, overwrite: bool = False) -> None:
        self.folder = Path(folder)
        self._recipe: dict[str, Any] = json.loads(json.dumps(recipe))
        with disk_errors(self.folder):
            self._work = self._place(overwrite=overwrite)
            self._work.parent.mkdir(parents=True, exist_ok=True)
        self._resumes = not _differing(self._work, self._recipe)
        parts = self._work.glob("part-*") if self._resumes else ()
        self.done = frozenset(int(part.name.removeprefix("part-")) for part in parts)
        self._begun = False

    def _place(self, *, overwrite: bool) -> Path:
        """The folder to write parts to."""
        beside = self.folder.resolve().with_name(f"{self.folder.resolve().name}.unfinished")
        if not self.folder.exists() and (beside / COMPLETE).exists() and not _differing(beside, self._recipe):
            return beside  # killed on the last step
        clash = _clash(self.folder, self._recipe)
        if clash is not None and not (overwrite and (self.folder / RECIPE).exists()):
            raise clash
        return beside if (self.folder / COMPLETE).exists() else self.folder

    def _begin(self) -> None:
        """Makes the folder or takes it up."""
        if self._begun:
            return
        with disk_errors(self._work):
            if self._resumes:
                _sweep(self._work)
            else:
                _remove_scores(self._work)
                self._work.mkdir(exist_ok=True)
        if not self._resumes:
            atomic_json(self._work / RECIPE, self._recipe, overwrite=True)
        self._begun = True

    def write(self, number: int, documents: Sequence[ScoredDocument]) -> None:
        """Writes part ``number`` in one rename."""
        self._begin()
        with atomic_path(self._work / f"part-{number:05d}", overwrite=False) as part:
            part.mkdir()
            write_part(part, documents)

    def finish(self) -> StoredScores:
        """Marks the folder complete and opens it."""
        self._begin()
        digests = {part.name: digest(part) for part in sorted(self._work.glob("part-*"))}
        atomic_json(self._work / COMPLETE, {"parts": digests}, overwrite=True)
        if self._work != self.folder:
            with disk_errors(self.folder):
                _move_others(self.folder, self._work)
                put_in_place(self._work, self.folder.resolve())
        return StoredScores(self.folder)


def _parts(folder: Path) -> dict[Path, str]:
    """The parts in order with their digests, those that the completion mark names."""
    parts, mark = sorted(folder.glob("part-*")), folder / COMPLETE
    try:
        expected = dict(json.loads(mark.read_text(encoding="utf-8"))["parts"])
    except (ValueError, KeyError, TypeError):
        expected = {}
    if sorted(expected) != [part.name for part in parts]:
        raise ScoresError(
            f"the scores are damaged: {len(parts)} parts are here, and COMPLETE tells of {len(expected)}",
            where=folder,
            remedy="Remove the file COMPLETE, then repeat the `rationale score` run.",
        )
    return {part: expected[part.name] for part in parts}


def _differing(folder: Path, recipe: dict[str, Any]) -> list[str]:
    """What of the recipe an earlier run in ``folder`` had otherwise; everything where there was none."""
    try:
        old = read_recipe(folder)
    except ScoresError:
        return ["everything"]
    return sorted(k for k in old.keys() | recipe.keys() if old.get(k) != recipe.get(k))


def _clash(folder: Path, recipe: dict[str, Any]) -> RationaleError | None:
    """Why a run with ``recipe`` may not write into ``folder``, or None where it is free or resumed."""
    remedy = "Choose another --out, or pass --overwrite."
    if folder.is_file():
        return OutputError("a file is there, and scores are a folder", where=folder, remedy=remedy)
    if not folder.exists() or all(_is_leftover(entry) for entry in folder.iterdir()):
        return None
    if not (folder / RECIPE).exists():
        remedy = "It is not overwritten; choose another --out."
        return OutputError("this folder holds something else than scores", where=folder, remedy=remedy)
    if (folder / COMPLETE).exists():
        return OutputError("finished scores are here already", where=folder, remedy=remedy)
    differing = _differing(folder, recipe)
    if differing:
        return ScoresError(
            f"an unfinished run with another recipe is here (differs in: {', '.join(differing)})",
            where=folder,
            remedy="Repeat its command to finish it, choose another --out, or pass --overwrite.",
        )
    return None


def _is_leftover(entry: Path) -> bool:
    return entry.name.startswith(".") and entry.suffix == ".tmp"


def _sweep(folder: Path) -> None:
    """Removes temporary parts that a killed run left."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


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


def _not_scored(key: Key, where: object) -> ScoresError:
    return ScoresError(
        f"document {key[1]!r} of annotation {key[0]!r} was not scored",
        where=str(where),
        remedy="Score the split again without --limit, or ask for a document that was scored.",
    )
