"""A cell of a grid: a folder that says what it is made of, and is never continued as something else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.content import first_difference, same
from rationale.artifacts.seal import read_sealed, sealed
from rationale.errors import OutputError
from rationale.files import atomic_json, disk_errors

MADE_OF = "cell.json"
ANEW = "Remove the cell's folder: it is made again."


def claim(folder: Path, made_of: Mapping[str, Any]) -> None:
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
        atomic_json(path, sealed(made_of, "cell"), overwrite=True)
        return
    if not path.exists():
        raise OutputError(
            f"results found, but no provenance file (no {MADE_OF})",
            where=folder,
            remedy="Remove the folder, or choose another one with --out.",
        )
    earlier, seal = read_sealed(path, "cell", note=False, remedy=ANEW)
    if not same(earlier, made_of):
        raise OutputError(
            f"this cell was made of something else ({first_difference(earlier, made_of)})",
            where=folder,
            remedy="Remove the folder, or choose another one with --out.",
        )
    if seal is None:
        raise unsealed(folder)


def unsealed(path: Path) -> OutputError:
    """The error of results that are to be continued and have no seal."""
    return OutputError(
        "it was written before results were sealed, so changes since cannot be seen",
        where=path,
        remedy=f"Remove it: it is made again; or, if you trust it, `rationale verify --seal {path}` seals it "
        "as it is.",
    )


def made_of_what(folder: Path) -> tuple[dict[str, Any], bool]:
    """What :func:`claim` wrote down of a cell, and whether it is sealed; nothing where there is no such file.

    Raises:
        OutputError: Where the file is damaged, or was changed.
    """
    path = folder / MADE_OF
    if not path.exists():
        return {}, False
    content, seal = read_sealed(path, "cell", remedy=ANEW)
    return content, seal is not None


def load_json(path: Path, kind: str, *names: str) -> dict[str, Any]:
    """A JSON result in a cell.

    Args:
        path: The file.
        kind: What it has to be.
        *names: Entries that it has to have.

    Raises:
        OutputError: Where it is damaged, was changed, or has no seal.
    """
    remedy = "Remove it: it is made again."
    content, seal = read_sealed(path, kind, note=False, remedy=remedy)
    if seal is None:
        raise unsealed(path)
    lacking = sorted(set(names) - content.keys())
    if lacking:
        raise OutputError(f"the saved result is damaged (it lacks {lacking[0]!r})", where=path, remedy=remedy)
    return content
