"""A cell of a grid: a folder that says what it is made of, and is never continued as something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rationale.errors import OutputError
from rationale.files import atomic_json, disk_errors
from rationale.training.unfinished import difference

_MADE_OF = "cell.json"


def claim(folder: Path, made_of: dict[str, Any]) -> None:
    """Writes down what a cell is made of.

    Args:
        folder: The cell's; made where it is not there.
        made_of: Data, settings, seed: all that its results follow from.

    Raises:
        OutputError: Where it was made of something else, or nobody knows of what.
    """
    path = folder / _MADE_OF
    made_of = json.loads(json.dumps(made_of))
    results = [entry for entry in folder.iterdir() if entry != path] if folder.exists() else []
    if results and not path.exists():
        raise OutputError(
            f"this cell holds results, and nothing that says of what (no {_MADE_OF})",
            where=folder,
            remedy="Remove the folder, or choose another one with --out.",
        )
    if results:
        earlier = made_of_what(folder)
        if earlier != made_of:
            raise OutputError(
                f"this cell was made of something else ({difference(earlier, made_of)})",
                where=folder,
                remedy="Remove the folder, or choose another one with --out.",
            )
        return
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    atomic_json(path, made_of, overwrite=True)


def made_of_what(folder: Path) -> dict[str, Any]:
    """What :func:`claim` wrote down of a cell; nothing where there is no such file.

    Raises:
        OutputError: Where the file is damaged.
    """
    path = folder / _MADE_OF
    return read(path) if path.exists() else {}


def read(path: Path, *names: str) -> dict[str, Any]:
    """The JSON object in a file of a cell.

    Raises:
        OutputError: Where it is none, or lacks one of the names.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not found or not found.keys() >= set(names):
        raise OutputError("is damaged", where=path, remedy="Remove the cell's folder: it is made again.")
    return found
