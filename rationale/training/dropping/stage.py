"""One stage of a training procedure: a folder that is trained once and reused by an equal recipe."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.artifact import require_made_of
from rationale.artifacts.model import TRAINING, check_model
from rationale.errors import ModelError, OutputError
from rationale.training.fitting import Fill, complete
from rationale.training.record import training_json
from rationale.training.trainer import ClassifierTrainer
from rationale.training.unfinished import UnfinishedRun

ANEW = "Remove the folder, or pass --overwrite: it is trained again."
_REMEDY = "Name another folder with --finetuned-dir or --out, or pass --overwrite to train it again."
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
    """Trains a stage into ``folder``, unless it was trained by an equal recipe.

    Args:
        folder: The output folder of the stage.
        recipe: All inputs and options of the training.
        build: Builds the trainer, given the folder for its checkpoints.
        fill: Writes the outcome to ``folder``.
        inputs: Digests of inputs that the recipe does not name.
        overwrite: Whether to replace the outcome of another recipe.

    Raises:
        OutputError: Where ``folder`` has another recipe or other inputs, was changed, or is no stage, and
            ``overwrite`` is off.
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
    """Reads the recipe of a stage and the metrics of its epochs.

    Raises:
        ModelError: Where it is damaged.
    """
    content = dict(training_json(folder, ANEW))
    if not {"options", *_OUTCOME} <= content.keys():
        raise ModelError(
            "expected the recipe of a training, found another", where=folder / TRAINING, remedy=ANEW
        )
    return content


def check_made(
    folder: Path,
    recipe: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    remedy: str = _REMEDY,
    without: Container[str] = (),
) -> None:
    """Checks that a finished training has this recipe, and that its files are unchanged.

    Args:
        folder: The folder of the training.
        recipe: All inputs and options of the training.
        inputs: Digests of inputs that the recipe does not name.
        remedy: What the user can do about another training.
        without: Entries of the recipe to ignore.

    Raises:
        OutputError: Where it is another training, or has no seal.
        ModelError: Where a file is missing or was changed.
    """
    if not (folder / TRAINING).exists():
        raise OutputError(
            "expected a stage of training, found another folder",
            where=folder,
            remedy="Name another folder with --finetuned-dir or --out.",
        )
    recorded = _recipe(folder)
    seal = check_model(folder, remedy=ANEW, note=False)
    what = "the folder holds another training"
    require_made_of(folder, recorded, seal, recipe, inputs=inputs, without=without, what=what, remedy=remedy)


def tidy(folder: Path) -> None:
    """Deletes the folder of the unfinished run that an interruption left beside a finished training."""
    UnfinishedRun.beside(folder).discard(_recipe(folder))


def _recipe(folder: Path) -> dict[str, Any]:
    """The recipe of a finished stage, without its outcome."""
    return {name: value for name, value in outcome(folder).items() if name not in _OUTCOME}
