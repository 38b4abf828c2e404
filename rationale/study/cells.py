"""A cell of a grid: a folder that says what it is made of, and is never continued as something else."""

from __future__ import annotations

from pathlib import Path

from rationale.artifacts.artifact import Artifact, require_made_of
from rationale.artifacts.record import Json
from rationale.errors import OutputError
from rationale.files import disk_errors

MADE_OF = "cell.json"
ANEW = "Remove the cell's folder: it is made again."
CELLS = Artifact("cell", Json, ANEW)  # type: ignore[type-abstract]
_REMEDY = "Remove the folder, or choose another one with --out."


def claim(folder: Path, made_of: Json) -> None:
    """Writes down what a cell is made of; hold the cell's lock.

    Args:
        folder: The cell's; made where it is not there.
        made_of: Data, settings, seed: all that its results follow from.

    Raises:
        OutputError: Where it was made of something else, by content and not by path, or nobody knows of what,
            or it has results and no seal.
    """
    path = folder / MADE_OF
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        results = [entry for entry in folder.iterdir() if entry != path and not entry.name.startswith(".")]
    if not results:
        CELLS.write(path, made_of, overwrite=True)
        return
    if not path.exists():
        raise OutputError(
            f"results found, but no provenance file (no {MADE_OF})", where=folder, remedy=_REMEDY
        )
    earlier, seal = CELLS.open(path, note=False)
    what = "this cell was made of something else"
    require_made_of(folder, earlier, seal, made_of, what=what, remedy=_REMEDY)


def made_of_what(folder: Path) -> tuple[Json, bool]:
    """What :func:`claim` wrote down of a cell, and whether it is sealed; nothing where there is no such file.

    Raises:
        OutputError: Where the file is damaged, or was changed.
    """
    path = folder / MADE_OF
    if not path.exists():
        return {}, False
    content, seal = CELLS.open(path)
    return content, seal is not None
