"""A score folder on disk: recipe, parts and completion mark, each sealed as it is written.

``recipe.json`` carries its seal. ``part-NNNNN/seal.json`` names the tables of the part, its number and the
recipe, which detects parts that were edited, copied, renumbered or taken from another run. ``COMPLETE`` seals
the recipe and the seals of all parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rationale.artifacts.provenance import Provenance
from rationale.artifacts.record import read_record, to_json
from rationale.artifacts.seal import (
    SEAL,
    Seal,
    check_files,
    check_folder,
    digest,
    note_unsealed,
    read_sealed,
    seal_folder,
    sealed,
)
from rationale.artifacts.shape import mapping, text
from rationale.errors import RationaleError, ScoresError
from rationale.files import atomic_json

RECIPE, COMPLETE = "recipe.json", "COMPLETE"
TABLES = ("documents", "scores", "perturbed")
SCORES, PART, PROVENANCE = "scores", "scores part", "provenance of scores"
_REMEDY = "Score this data again: to another folder, or with --overwrite."
REPAIR = (
    "Remove this part's folder and the file COMPLETE, then repeat the `rationale score` command: "
    "it scores this part again."
)


def open_recipe(folder: Path) -> tuple[Provenance, Seal | None]:
    """Reads the recipe of a score folder and its seal; None without a seal (an earlier version).

    Raises:
        ScoresError: Where the recipe is missing, damaged, changed, or not one of scores.
    """
    content, seal = _read_recipe(folder)
    recipe = read_record(
        Provenance, content, folder / RECIPE, error=ScoresError, what="the recipe is damaged", remedy=_REMEDY
    )
    return recipe, seal


def _read_recipe(folder: Path) -> tuple[dict[str, Any], Seal | None]:
    path, remedy = folder / RECIPE, "Pass the folder that `rationale score --out` wrote."
    if not path.is_file():
        raise ScoresError("this is no score folder: it has no recipe.json", where=folder, remedy=remedy)
    recipe, seal = read_sealed(path, error=ScoresError, remedy=_REMEDY, note=False)
    if recipe.get("kind") != SCORES or (seal is not None and seal.kind != PROVENANCE):
        raise ScoresError("expected the recipe of scores, found another", where=path, remedy=remedy)
    return recipe, seal


def recipe_digest(recipe: Provenance) -> str:
    """The SHA-256 by which other results name the scores of a recipe."""
    return str(sealed_recipe(recipe)["seal"]["sha256"])


def sealed_recipe(recipe: Provenance) -> dict[str, Any]:
    """The recipe with its seal, as JSON."""
    return sealed(to_json(recipe), PROVENANCE, recipe.inputs)


def seal_part(part: Path, recipe: Seal, number: int, *, unnamed: bool = False) -> None:
    """Seals the tables of a part; ``unnamed`` where the folder still has its temporary name."""
    names = [f"{name}.parquet" for name in TABLES]
    seal_folder(part, PART, {"recipe": recipe.sha256, "part": number}, names=names, unnamed=unnamed)


def seal_scores(folder: Path, recipe: Provenance, parts: Iterable[Path]) -> None:
    """Writes ``COMPLETE``, which names the parts of the finished scores."""
    names = [RECIPE, *(f"{part.name}/{SEAL}" for part in parts)]
    content = sealed({}, SCORES, recipe.inputs, {name: digest(folder / name) for name in names})
    atomic_json(folder / COMPLETE, content, overwrite=True)


def number_of(part: Path) -> int | None:
    """The number of a part's folder; None for another name."""
    digits = part.name.removeprefix("part-")
    number = int(digits) if digits.isdecimal() and digits.isascii() else None
    return number if number is not None and part.name == part_name(number) else None


def part_name(number: int) -> str:
    """The name of a part's folder."""
    return f"part-{number:05d}"


@dataclass(frozen=True)
class Part:
    """A part of the scores, with the digests that identify it.

    Attributes:
        path: Its folder.
        recipe: SHA-256 of the seal of the recipe; None for scores without seals (an earlier version).
        expected: SHA-256 of its ``seal.json``; 16 hex digits over its tables for scores without seals; None
            for a part of an unfinished run.
    """

    path: Path
    recipe: str | None
    expected: str | None = None

    def check(self, *names: str) -> None:
        """Checks the part, or only the named files of it.

        Raises:
            ScoresError: Where a file is missing or was changed, or the part belongs to another run.
        """
        if self.recipe is None:
            self._check_unsealed()
            return
        if not (self.path / SEAL).is_file():
            raise _damaged(self.path, "it has no seal.json")
        if self.expected is not None and _digest(self.path / SEAL) != self.expected:
            raise _damaged(self.path, "its seal is not the one that was written")
        _, seal = read_sealed(self.path / SEAL, PART, error=ScoresError, remedy=REPAIR)
        if seal is None or seal.inputs != {"recipe": self.recipe, "part": number_of(self.path)}:
            raise _damaged(self.path, "it belongs to another run, or to another position in this run")
        if set(seal.files) != {f"{name}.parquet" for name in TABLES}:
            raise _damaged(self.path, "its seal does not name its tables")
        if names:
            check_files(seal, self.path, names, error=ScoresError, remedy=REPAIR)
        else:
            check_folder(self.path, PART, error=ScoresError, remedy=REPAIR)

    def _check_unsealed(self) -> None:
        try:
            current = old_digest(self.path)
        except OSError as error:
            raise _damaged(self.path, error.strerror or str(error)) from error
        if current != self.expected:
            raise _damaged(self.path, "it was changed after it was written")


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error


def _damaged(path: Path, what: str) -> ScoresError:
    return ScoresError(f"a part of the scores is damaged ({what})", where=path, remedy=REPAIR)


def old_digest(part: Path) -> str:
    """16 hex digits over the tables of a part, the digest that earlier versions wrote to ``COMPLETE``.

    Raises:
        OSError: Where a table cannot be read.
    """
    sha256 = hashlib.sha256()
    for name in TABLES:
        sha256.update((part / f"{name}.parquet").read_bytes())
    return sha256.hexdigest()[:16]


def complete_parts(folder: Path, recipe: Seal | None, *, note: bool = True) -> dict[Path, Part]:
    """The parts of finished scores in order, as ``COMPLETE`` names them; does not read their tables.

    Args:
        folder: The score folder.
        recipe: The seal of its recipe.
        note: Whether to log a warning about a missing seal.

    Raises:
        ScoresError: Where ``COMPLETE``, the recipe or the set of parts was changed.
    """
    content, seal = read_sealed(folder / COMPLETE, error=ScoresError, remedy=_REMEDY, note=False)
    folders = sorted(folder.glob("part-*"))
    if seal is None:
        problem = mapping(text)(content.get("parts"), "parts")
        if problem:
            raise ScoresError(f"the scores are damaged: {problem}", where=folder / COMPLETE, remedy=_REMEDY)
        named = dict(content["parts"])
        if note:
            note_unsealed(folder)
    else:
        check_files(seal, folder, [RECIPE], error=ScoresError, remedy=_REMEDY)
        if seal.kind != SCORES or recipe is None:
            raise ScoresError(
                "expected the seal of scores, found another", where=folder / COMPLETE, remedy=_REMEDY
            )
        named = {name.partition("/")[0]: value for name, value in seal.files.items() if name != RECIPE}
    if sorted(named) != [part.name for part in folders]:
        raise ScoresError(
            f"the scores are damaged: {len(folders)} parts are here, and COMPLETE names {len(named)}"
            + _first_difference(set(named), {part.name for part in folders}),
            where=folder,
            remedy="Move parts away that do not belong here; or remove COMPLETE and repeat the "
            "`rationale score` command, which scores missing parts again.",
        )
    of_recipe = recipe.sha256 if seal is not None and recipe is not None else None
    return {part: Part(part, of_recipe, named[part.name]) for part in folders}


def _first_difference(named: set[str], present: set[str]) -> str:
    stray, missing = sorted(present - named), sorted(named - present)
    if stray:
        return f"; {stray[0]} does not belong here"
    return f"; {missing[0]} is missing" if missing else ""


def check_layers(part: Path, recipe: Provenance) -> None:
    """Checks that the rows of a part have the methods and layers of the recipe, in its order.

    Raises:
        ScoresError: Where they differ, or the table cannot be read.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(part / "scores.parquet", columns=["method", "layer"])
        documents = pq.read_metadata(part / "documents.parquet").num_rows
        methods, layers = np.array(table["method"].to_pylist()), np.array(table["layer"].to_pylist())
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise _damaged(part, str(error)) from error
    for name, entry in recipe.methods.items():
        if layers[methods == name].tolist() != list(entry.layers) * documents:
            raise _damaged(part, f"its rows of {name!r} are of other layers than the recipe says")


def unfinished_parts(folder: Path, recipe: Provenance, seal: Seal) -> dict[int, Part]:
    """The parts of an unfinished run by number, each checked to be whole and of this run.

    Raises:
        ScoresError: Where a part is damaged or of another run.
    """
    parts: dict[int, Part] = {}
    for path in sorted(folder.glob("part-*")):
        number = number_of(path)
        if number is None or number >= _expected(recipe):
            raise ScoresError(
                "this part does not belong to the scores",
                where=path,
                remedy="Move it away, then repeat the `rationale score` command.",
            )
        parts[number] = Part(path, seal.sha256)
        parts[number].check()
    return parts


def _expected(recipe: Provenance) -> float:
    return -(-recipe.data.documents // recipe.part_size) if recipe.part_size else float("inf")


def seal_unsealed(folder: Path) -> Iterator[Path]:
    """Seals unsealed scores of an earlier version, unchanged; yields the files that it wrote.

    It can be repeated after an interruption: it seals parts first, then the recipe, then ``COMPLETE``.

    Raises:
        ScoresError: Where the scores are damaged.
    """
    recipe, seal = open_recipe(folder)
    finished = (folder / COMPLETE).is_file()
    parts = (
        complete_parts(folder, seal, note=False)
        if finished
        else {p: None for p in sorted(folder.glob("part-*"))}
    )
    content = sealed(
        _read_recipe(folder)[0], PROVENANCE, recipe.inputs
    )  # keeps keys that this version does not know
    recipe_seal = Seal(**content["seal"]) if seal is None else seal
    for path, part in parts.items():
        number = number_of(path)
        if number is None:
            raise ScoresError("this part does not belong to the scores", where=path, remedy="Move it away.")
        if part is not None:
            part.check()
        if not (path / SEAL).is_file():
            seal_part(path, recipe_seal, number)
            yield path / SEAL
        Part(path, recipe_seal.sha256).check()
    if seal is None:
        atomic_json(folder / RECIPE, content, overwrite=True)
        yield folder / RECIPE
    if finished:
        seal_scores(folder, recipe, parts)
        yield folder / COMPLETE


def refuse_unsealed(folder: Path) -> RationaleError:
    """The error of an unfinished run without seals, which is not resumed."""
    return ScoresError(
        "this unfinished run has no seal, so changes since it was interrupted cannot be detected",
        where=folder,
        remedy=f"If you trust it, seal it with `rationale verify --seal {folder}` and repeat the command, "
        "or pass --overwrite to start again.",
    )
