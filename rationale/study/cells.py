"""A cell of a grid: a folder that says what it is made of, and is never continued as something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rationale.errors import OutputError
from rationale.files import atomic_json
from rationale.training.unfinished import difference

_MADE_OF = "cell.json"


def claim(folder: Path, made_of: dict[str, Any]) -> None:
    """Writes down what a cell is made of.

    Args:
        folder: The cell's; made where it is not there.
        made_of: Data, settings, seed: all that its results follow from.

    Raises:
        OutputError: Where it was made of something else.
    """
    path = folder / _MADE_OF
    made_of = json.loads(json.dumps(made_of))
    if path.exists():
        earlier = made_of_what(folder)
        if earlier != made_of:
            raise OutputError(
                f"this cell was made of something else ({difference(earlier, made_of)})",
                where=folder,
                remedy="Remove the folder, or choose another one with --out.",
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    atomic_json(path, made_of, overwrite=False)


def made_of_what(folder: Path) -> dict[str, Any]:
    """What :func:`claim` wrote down of a cell; nothing where there is no such file."""
    path = folder / _MADE_OF
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found
