"""Running a trainer to its end: from the last whole checkpoint, with every failure explained."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from rationale.encoder.hub import quiet_transformers
from rationale.errors import ModelError, OutputError
from rationale.files import atomic_path, disk_errors
from rationale.training.progress import Progress
from rationale.training.recipe import history
from rationale.training.trainer import ClassifierTrainer
from rationale.training.unfinished import UnfinishedRun

log = logging.getLogger(__name__)

RECIPE = "training.json"


Content = Mapping[str, Any]
Fill = Callable[[UnfinishedRun, Path, Content], None]
"""Puts what a run leaves into a folder, given the content of its ``training.json``."""


def complete(
    run: UnfinishedRun,
    trainer: ClassifierTrainer,
    out: Path,
    recipe: Mapping[str, Any],
    fill: Fill,
    *,
    overwrite: bool,
) -> None:
    """Begins or continues ``run``, trains, and turns it into ``out``; one of several processes writes.

    Args:
        run: The run that is to become ``out``.
        trainer: Writes its checkpoints to the run's folder.
        out: The folder to make: what ``fill`` puts there, and ``training.json``.
        recipe: All that decides the outcome.
        fill: What goes into ``out``, such as :func:`chosen_model`.
        overwrite: Replace an ``out`` that exists, or an unfinished run with another recipe.
    """
    with trainer.args.main_process_first(local=False):
        run.begin(recipe, overwrite=overwrite, exclusive=trainer.is_world_process_zero())
    fit(run, trainer)
    if trainer.is_world_process_zero():
        _finish(run, out, recipe, fill, overwrite=overwrite)
    trainer.accelerator.wait_for_everyone()


def chosen_model(run: UnfinishedRun, folder: Path, content: Content) -> None:
    """Fills ``folder`` with the model and tokenizer of the chosen epoch."""
    run.copy_model(run.last_state(), folder)


def _finish(run: UnfinishedRun, out: Path, recipe: Mapping[str, Any], fill: Fill, *, overwrite: bool) -> None:
    """Puts the finished model into ``out`` in one step and removes the work folder."""
    content = {**recipe, **history(run.last_state())}
    with atomic_path(out, overwrite=overwrite) as folder:
        folder.mkdir(exist_ok=True)
        fill(run, folder, content)
        write_recipe(folder, content)
    run.remove()


def write_recipe(folder: Path, content: Content) -> None:
    """Puts ``training.json`` into ``folder``."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / RECIPE).write_text(text + "\n", encoding="utf-8", newline="\n")


def fit(run: UnfinishedRun, trainer: ClassifierTrainer) -> None:
    """Trains, from the last whole checkpoint where there is one; nothing to do where all epochs are done."""
    state = run.last_state()
    if state:
        log.info("%s: continuing from step %d of %d", run.folder, state["global_step"], state["max_steps"])
    if run.trained():
        return
    checkpoint = str(run.checkpoints()[-1]) if state else None
    try:
        with quiet_transformers(), _explained(run):
            trainer.train(resume_from_checkpoint=checkpoint)
    finally:
        for callback in trainer.callback_handler.callbacks:
            if isinstance(callback, Progress):
                callback.close()


@contextmanager
def _explained(run: UnfinishedRun) -> Iterator[None]:
    """Names the last good checkpoint in a model's error; a full disk or memory become errors of ours."""
    try:
        with disk_errors(run.folder):
            yield
    except ModelError as error:
        good = run.checkpoints()
        kept = f"The last good checkpoint is {good[-1]}" if good else "No checkpoint had been written yet"
        raise ModelError(error.what, where=error.where, remedy=f"{error.remedy} {kept}.") from error
    except torch.OutOfMemoryError as error:
        raise ModelError(
            "the device has too little memory for this batch",
            remedy="Halve --batch-size and double --grad-accumulation, or lower --max-length.",
        ) from error
    except (SafetensorError, RuntimeError) as error:
        if not isinstance(error, SafetensorError) and "PytorchStreamWriter" not in str(error):
            raise
        raise OutputError(
            f"a checkpoint cannot be written ({error})",
            where=run.folder,
            remedy="Free space and repeat the command: it goes on from the last whole checkpoint.",
        ) from error
