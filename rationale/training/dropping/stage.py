"""One stage of a recipe: a folder that a training makes once, and that is used again by an equal recipe."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.artifact import require_made_of
from rationale.artifacts.model import check_model
from rationale.errors import ModelError, OutputError
from rationale.training.fitting import RECIPE, Fill, complete
from rationale.training.record import training_json
from rationale.training.trainer import ClassifierTrainer
from rationale.training.unfinished import UnfinishedRun

ANEW = "Make it anew: remove the folder, or pass --overwrite."
_REMEDY = "Name another folder with --finetuned-dir or --out, or pass --overwrite to make it anew."
_OUTCOME = ("epochs", "best")


def stage(
    folder: Path,
    recipe: dict[str, Any],
    build: Callable[[Path], ClassifierTrainer],
    fill: Fill,
    *,
    inputs: Mapping[str, Any] | None = None,
    overwrite: bool,
) -> None:
    """Makes ``folder`` by a training; nothing is done where an equal recipe made it.

    Args:
        folder: What the stage leaves.
        recipe: All that decides the outcome.
        build: Makes the trainer, given the folder for its checkpoints.
        fill: Puts the outcome into ``folder``.
        inputs: Digests of what it is made from, which the recipe does not name.
        overwrite: Replace what another recipe made.

    Raises:
        OutputError: Where ``folder`` was made by another recipe or from something else, was changed since,
            or is no stage, and ``overwrite`` is off.
    """
    run = UnfinishedRun.beside(folder)
    if folder.exists():
        try:
            check_made(folder, recipe, inputs or {})
            run.discard(recipe)
            return
        except (OutputError, ModelError):
            if not overwrite:
                raise
    complete(run, build(run.folder), folder, recipe, fill, inputs=inputs, overwrite=overwrite)


def outcome(folder: Path) -> dict[str, Any]:
    """The recipe of a stage and how each of its epochs went.

    Raises:
        ModelError: Where it is damaged.
    """
    content = dict(training_json(folder, ANEW))
    if not {"options", *_OUTCOME} <= content.keys():
        raise ModelError("the recipe is not one of a training", where=folder / RECIPE, remedy=ANEW)
    return content


def check_made(
    folder: Path,
    recipe: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    remedy: str = _REMEDY,
    without: Container[str] = (),
) -> None:
    """Makes sure that a finished training is the one that a recipe would make, and as it was written.

    Args:
        folder: The training's.
        recipe: All that decides its outcome.
        inputs: Digests of what it is made from, which the recipe does not name.
        remedy: What the user can do where it is another.
        without: Entries of the recipe that do not count.

    Raises:
        OutputError: Where it is another training, or nobody knows because it has no seal.
        ModelError: Where a file is missing or was changed.
    """
    if not (folder / RECIPE).exists():
        raise OutputError(
            "this folder does not hold a stage of training",
            where=folder,
            remedy="It is not touched; name another with --finetuned-dir or --out.",
        )
    earlier = {name: value for name, value in outcome(folder).items() if name not in _OUTCOME}
    seal = check_model(folder, remedy=ANEW, note=False)
    what = "another training lies there"
    require_made_of(folder, earlier, seal, recipe, inputs=inputs, without=without, what=what, remedy=remedy)


def tidy(folder: Path) -> None:
    """Deletes the work folder that a kill left beside a finished training, at its very end."""
    recipe = {name: value for name, value in outcome(folder).items() if name not in _OUTCOME}
    UnfinishedRun.beside(folder).discard(recipe)
