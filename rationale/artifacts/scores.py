"""A score folder on disk: recipe, parts and completion mark, each sealed as it is written.

``recipe.json`` carries its seal. ``part-NNNNN/seal.json`` names the part's tables, its number and the recipe,
so that a part of another run, a copied or renumbered one and an edited one are told apart. ``COMPLETE`` seals
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
_AGAIN = "Score this data again: to another folder, or with --overwrite."
REPAIR = (
    "Remove this part's folder and the file COMPLETE, then repeat the `rationale score` command: "
    "it scores this part again."
)


def open_recipe(folder: Path) -> tuple[Provenance, Seal | None]:
    """The recipe of a score folder with its seal, None where it was written before there were seals.

    Raises:
        ScoresError: Where there is none, it is not one of scores, or it was changed after it was written.
    """
    content, seal = _read_recipe(folder)
    recipe = read_record(
        Provenance, content, folder / RECIPE, error=ScoresError, what="the recipe is damaged", remedy=_AGAIN
    )
    return recipe, seal


def _read_recipe(folder: Path) -> tuple[dict[str, Any], Seal | None]:
    path, remedy = folder / RECIPE, "Pass the folder that `rationale score --out` wrote."
    if not path.is_file():
        raise ScoresError("this is no score folder: it has no recipe.json", where=folder, remedy=remedy)
    recipe, seal = read_sealed(path, error=ScoresError, remedy=_AGAIN, note=False)
    if recipe.get("kind") != SCORES or (seal is not None and seal.kind != PROVENANCE):
        raise ScoresError("the recipe is not one of scores", where=path, remedy=remedy)
    return recipe, seal


def sealed_recipe(recipe: Provenance) -> dict[str, Any]:
    """The recipe with its seal, as it is written."""
    return sealed(to_json(recipe), PROVENANCE, recipe.inputs)


def seal_part(part: Path, recipe: Seal, number: int, *, unnamed: bool = False) -> None:
    """Seals the tables of a part; ``unnamed`` before the folder gets its name."""
    names = [f"{name}.parquet" for name in TABLES]
    seal_folder(part, PART, {"recipe": recipe.sha256, "part": number}, names=names, unnamed=unnamed)


def seal_scores(folder: Path, recipe: Provenance, parts: Iterable[Path]) -> None:
    """Writes ``COMPLETE``: these parts, and no others, are the scores."""
    names = [RECIPE, *(f"{part.name}/{SEAL}" for part in parts)]
    content = sealed({}, SCORES, recipe.inputs, {name: digest(folder / name) for name in names})
    atomic_json(folder / COMPLETE, content, overwrite=True)


def number_of(part: Path) -> int | None:
    """The number of a part's folder, None where it has another name."""
    digits = part.name.removeprefix("part-")
    number = int(digits) if digits.isdecimal() and digits.isascii() else None
    return number if number is not None and part.name == part_name(number) else None


def part_name(number: int) -> str:
    """The name of a part's folder."""
    return f"part-{number:05d}"


@dataclass(frozen=True)
class Part:
    """A part of the scores, and how it is known to be the one that was written.

    Attributes:
        path: Its folder.
        recipe: SHA-256 of the recipe's seal; None for scores from before there were seals.
        expected: SHA-256 of the part's ``seal.json``; before there were seals 16 hex digits over its tables;
            None for a part of an unfinished run, which nothing else names.
    """

    path: Path
    recipe: str | None
    expected: str | None = None

    def check(self, *names: str) -> None:
        """Makes sure that the part is whole, or these files of it alone.

        Raises:
            ScoresError: Where a file is missing, was changed, or the part belongs to another run.
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
            raise _damaged(self.path, "it belongs to another run, or to another place in this one")
        if set(seal.files) != {f"{name}.parquet" for name in TABLES}:
            raise _damaged(self.path, "its seal does not name its tables")
        if names:
            check_files(seal, self.path, names, error=ScoresError, remedy=REPAIR)
        else:
            check_folder(self.path, PART, error=ScoresError, remedy=REPAIR)

    def _check_unsealed(self) -> None:
        try:
            found = old_digest(self.path)
        except OSError as error:
            raise _damaged(self.path, error.strerror or str(error)) from error
        if found != self.expected:
            raise _damaged(self.path, "it was changed after it was written")


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error


def _damaged(path: Path, what: str) -> ScoresError:
    return ScoresError(f"a part of the scores is damaged ({what})", where=path, remedy=REPAIR)


def old_digest(part: Path) -> str:
    """16 hex digits over the bytes of a part's tables: what stood in ``COMPLETE`` before there were seals.

    Raises:
        OSError: Where one cannot be read.
    """
    total = hashlib.sha256()
    for name in TABLES:
        total.update((part / f"{name}.parquet").read_bytes())
    return total.hexdigest()[:16]


def complete_parts(folder: Path, recipe: Seal | None, *, note: bool = True) -> dict[Path, Part]:
    """The parts of finished scores in order, those that ``COMPLETE`` names; their tables are not read yet.

    Args:
        folder: The score folder.
        recipe: The seal of its recipe.
        note: Whether a missing seal is noted in the log.

    Raises:
        ScoresError: Where ``COMPLETE``, the recipe or the set of parts is not what was written.
    """
    mark, seal = read_sealed(folder / COMPLETE, error=ScoresError, remedy=_AGAIN, note=False)
    there = sorted(folder.glob("part-*"))
    if seal is None:
        problem = mapping(text)(mark.get("parts"), "parts")
        if problem:
            raise ScoresError(f"the scores are damaged: {problem}", where=folder / COMPLETE, remedy=_AGAIN)
        named = dict(mark["parts"])
        if note:
            note_unsealed(folder)
    else:
        check_files(seal, folder, [RECIPE], error=ScoresError, remedy=_AGAIN)
        if seal.kind != SCORES or recipe is None:
            raise ScoresError("the seal is not one of scores", where=folder / COMPLETE, remedy=_AGAIN)
        named = {name.partition("/")[0]: value for name, value in seal.files.items() if name != RECIPE}
    if sorted(named) != [part.name for part in there]:
        raise ScoresError(
            f"the scores are damaged: {len(there)} parts are here, and COMPLETE names {len(named)}"
            + _first_difference(set(named), {part.name for part in there}),
            where=folder,
            remedy="Move parts away that do not belong here; or remove COMPLETE and repeat the "
            "`rationale score` command, which scores missing parts again.",
        )
    own = recipe.sha256 if seal is not None and recipe is not None else None
    return {part: Part(part, own, named[part.name]) for part in there}


def _first_difference(named: set[str], there: set[str]) -> str:
    stray, missing = sorted(there - named), sorted(named - there)
    if stray:
        return f"; {stray[0]} does not belong here"
    return f"; {missing[0]} is missing" if missing else ""


def check_layers(part: Path, recipe: Provenance) -> None:
    """Makes sure that a part's rows are of the methods and layers that the recipe names, in their order.

    Raises:
        ScoresError: Where they are not, or the table cannot be read.
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
    """The parts of an unfinished run by number, each verified to be whole and of this run.

    Raises:
        ScoresError: At the first that is not.
    """
    found: dict[int, Part] = {}
    for path in sorted(folder.glob("part-*")):
        number = number_of(path)
        if number is None or number >= _expected(recipe):
            raise ScoresError(
                "this part does not belong to the scores",
                where=path,
                remedy="Move it away, then repeat the `rationale score` command.",
            )
        found[number] = Part(path, seal.sha256)
        found[number].check()
    return found


def _expected(recipe: Provenance) -> float:
    return -(-recipe.data.documents // recipe.part_size) if recipe.part_size else float("inf")


def seal_unsealed(folder: Path) -> Iterator[Path]:
    """Seals scores that were written before there were seals, as they are; yields what it has written.

    Interrupted, it can be repeated: parts are sealed before the recipe is, and ``COMPLETE`` at last.

    Raises:
        ScoresError: Where what is there is not whole.
    """
    recipe, seal = open_recipe(folder)
    finished = (folder / COMPLETE).is_file()
    known = (
        complete_parts(folder, seal, note=False)
        if finished
        else {p: None for p in sorted(folder.glob("part-*"))}
    )
    content = sealed(_read_recipe(folder)[0], PROVENANCE, recipe.inputs)  # as it is, whatever else it says
    own = Seal(**content["seal"]) if seal is None else seal
    for path, part in known.items():
        number = number_of(path)
        if number is None:
            raise ScoresError("this part does not belong to the scores", where=path, remedy="Move it away.")
        if part is not None:
            part.check()
        if not (path / SEAL).is_file():
            seal_part(path, own, number)
            yield path / SEAL
        Part(path, own.sha256).check()
    if seal is None:
        atomic_json(folder / RECIPE, content, overwrite=True)
        yield folder / RECIPE
    if finished:
        seal_scores(folder, recipe, known)
        yield folder / COMPLETE


def refuse_unsealed(folder: Path) -> RationaleError:
    """Why an unfinished run from before there were seals is not resumed."""
    return ScoresError(
        "this unfinished run has no seal, so changes since it was interrupted cannot be seen",
        where=folder,
        remedy=f"Vouch for it with `rationale verify --seal {folder}` and repeat the command, "
        "or pass --overwrite to start anew.",
    )
