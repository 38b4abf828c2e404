"""A cell of a grid: a folder that records its inputs and settings, and is never resumed with others."""

from __future__ import annotations

from pathlib import Path

from rationale.artifacts.artifact import Artifact, require_made_of
from rationale.artifacts.record import Json
from rationale.errors import OutputError
from rationale.files import disk_errors

MADE_OF = "cell.json"
ANEW = "Remove the cell's folder and repeat the command, which computes it again."
CELLS = Artifact("cell", Json, ANEW)  # type: ignore[type-abstract]
_REMEDY = "Remove the folder, or choose another one with --out."


def claim(folder: Path, made_of: Json) -> None:
    """Records what a cell is made of, or checks it against the record; hold the lock of the cell.

    Args:
        folder: The folder of the cell; created where it is missing.
        made_of: All that decides its results: data, settings, random seed.

    Raises:
        OutputError: Where the cell was made of something else (compared by content, not by path), or has
            results without a record or without a seal.
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
    recorded, seal = CELLS.open(path, note=False)
    what = "this cell was made of something else"
    require_made_of(folder, recorded, seal, made_of, what=what, remedy=_REMEDY)


def made_of_what(folder: Path) -> tuple[Json, bool]:
    """Reads what :func:`claim` recorded, and whether the record is sealed; ``({}, False)`` without one.

    Raises:
        OutputError: Where the record is damaged or was changed.
    """
    path = folder / MADE_OF
    if not path.exists():
        return {}, False
    content, seal = CELLS.open(path)
    return content, seal is not None
