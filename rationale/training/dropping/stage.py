"""One stage of a recipe: a folder that a training makes once, and that is used again by an equal recipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rationale.errors import ModelError, OutputError
from rationale.training.fitting import RECIPE, Fill, complete
from rationale.training.trainer import ClassifierTrainer
from rationale.training.unfinished import UnfinishedRun, difference

ANEW = "Make it anew: remove the folder, or pass --overwrite."
_OUTCOME = ("epochs", "best")


def stage(
    folder: Path,
    recipe: dict[str, Any],
    build: Callable[[Path], ClassifierTrainer],
    fill: Fill,
    *,
    overwrite: bool,
) -> None:
    """Makes ``folder`` by a training; nothing is done where an equal recipe made it.

    Args:
        folder: What the stage leaves.
        recipe: All that decides the outcome.
        build: Makes the trainer, given the folder for its checkpoints.
        fill: Puts the outcome into ``folder``.
        overwrite: Replace what another recipe made.

    Raises:
        OutputError: Where ``folder`` was made by another recipe, or is no stage, and ``overwrite`` is off.
    """
    run = UnfinishedRun.beside(folder)
    if folder.exists() and not overwrite:
        _check(folder, recipe)
    if (folder / RECIPE).exists() and _same(folder, recipe, overwrite=overwrite):
        run.discard(recipe)
        return
    complete(run, build(run.folder), folder, recipe, fill, overwrite=overwrite)


def _same(folder: Path, recipe: dict[str, Any], *, overwrite: bool) -> bool:
    try:
        return _given(folder) == recipe
    except ModelError:
        if overwrite:
            return False
        raise


def outcome(folder: Path) -> dict[str, Any]:
    """The recipe of a stage and how each of its epochs went.

    Raises:
        ModelError: Where it is damaged.
    """
    path = folder / RECIPE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        whole = {"options", *_OUTCOME} <= content.keys()
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"the recipe is damaged ({error})", where=path, remedy=ANEW) from error
    if not whole:
        raise ModelError("the recipe is not one of a training", where=path, remedy=ANEW)
    return content


def _check(folder: Path, recipe: dict[str, Any]) -> None:
    if not (folder / RECIPE).exists():
        raise OutputError(
            "this folder does not hold a stage of training",
            where=folder,
            remedy="It is not touched; name another with --fine-tuned or --out.",
        )
    earlier = _given(folder)
    if earlier != recipe:
        raise OutputError(
            f"another training lies there ({difference(earlier, recipe)})",
            where=folder,
            remedy="Name another folder with --fine-tuned or --out, or pass --overwrite to make it anew.",
        )


def _given(folder: Path) -> dict[str, Any]:
    return {name: value for name, value in outcome(folder).items() if name not in _OUTCOME}
