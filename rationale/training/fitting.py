"""Running a trainer to its end: from the last whole checkpoint, with every failure explained."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from rationale.artifacts.lock import locked
from rationale.artifacts.model import TRAINING, seal_model
from rationale.artifacts.record import Json, to_json
from rationale.artifacts.seal import SEAL
from rationale.errors import ModelError, OutputError
from rationale.files import atomic_path, check_output, disk_errors, json_text
from rationale.loading.hub import quiet_transformers
from rationale.training.progress import Progress
from rationale.training.recipe import history
from rationale.training.record import Trained, as_trained
from rationale.training.saved import TrainerCheckpoint
from rationale.training.trainer import ClassifierTrainer
from rationale.training.unfinished import UnfinishedRun

log = logging.getLogger(__name__)

Fill = Callable[[UnfinishedRun, Path, Trained], None]
"""Puts what a run leaves into a folder, given what its ``training.json`` says."""


def complete(
    run: UnfinishedRun,
    trainer: ClassifierTrainer,
    out: Path,
    recipe: Json,
    fill: Fill,
    *,
    inputs: Json | None = None,
    overwrite: bool,
) -> None:
    """Begins or continues ``run``, trains, and turns it into ``out``; one of several processes writes.

    Args:
        run: The run that is to become ``out``.
        trainer: Writes its checkpoints to the run's folder.
        out: The folder to make: what ``fill`` puts there, and ``training.json``.
        recipe: All that decides the outcome, and the command that was typed.
        fill: What goes into ``out``, such as :func:`chosen_model`.
        inputs: Digests of what it is made from, which the recipe does not name.
        overwrite: Replace an ``out`` that exists, or an unfinished run with another recipe.

    Raises:
        OutputError: Where another process trains there, or the disk refuses.
    """
    writes = trainer.is_world_process_zero()
    with ExitStack() as held:
        with trainer.args.main_process_first(local=False):
            if writes:
                held.enter_context(locked(run.folder, "training"))
                check_output(out, overwrite=overwrite)  # another process may have ended since
            decides = {name: value for name, value in recipe.items() if name != "command"}
            run.begin(decides, inputs=inputs, overwrite=overwrite)
        fit(run, trainer)
        if writes:
            _finish(run, out, recipe, fill, inputs or {}, overwrite=overwrite)
        trainer.accelerator.wait_for_everyone()


def chosen_model(run: UnfinishedRun, folder: Path, trained: Trained) -> None:
    """Fills ``folder`` with the model and tokenizer of the chosen epoch."""
    run.checkpoint(int(trained.figures["step"])).copy_model(folder)


def _finish(
    run: UnfinishedRun,
    out: Path,
    recipe: Json,
    fill: Fill,
    inputs: Json,
    *,
    overwrite: bool,
) -> None:
    """Puts the finished model into ``out`` in one step and removes the work folder."""
    content = {**recipe, **to_json(history(_final(run).state))}
    with atomic_path(out, overwrite=overwrite) as folder:
        folder.mkdir(exist_ok=True)
        fill(run, folder, as_trained(content))
        write_recipe(folder, content, inputs)
    run.remove()


def _final(run: UnfinishedRun) -> TrainerCheckpoint:
    """The checkpoint that a training ended with.

    Raises:
        OutputError: Where it is no longer whole.
    """
    newest = run.newest()
    if newest is None:
        raise OutputError(
            "the checkpoints are gone", where=run.folder, remedy="Repeat the command: it trains again."
        )
    return run.checkpoint(newest)


def write_recipe(folder: Path, content: Json, inputs: Json) -> None:
    """Puts ``training.json`` into ``folder``, and seals what decides what the model says.

    Args:
        folder: A model, or several in folders of their own that are sealed.
        content: What ``training.json`` says.
        inputs: Digests of what it was made from.
    """
    (folder / TRAINING).write_text(json_text(content), encoding="utf-8", newline="\n")
    below = [f"{part.parent.name}/{SEAL}" for part in sorted(folder.glob(f"*/{SEAL}"))]
    said = as_trained(content)
    made_of = {"model": said.model.hash, "train": said.train.fingerprint, **inputs}
    seal_model(folder, "training", made_of, [TRAINING, *below])


def fit(run: UnfinishedRun, trainer: ClassifierTrainer) -> None:
    """Trains, from the last whole checkpoint where there is one; nothing to do where all epochs are done."""
    with trainer.args.main_process_first(local=False):
        last = run.last(all_epochs=trainer.args.save_total_limit is None)
        if trainer.is_world_process_zero():
            run.go_on_from(last)
    if last:
        log.info("%s: continuing from step %d of %d", run.folder, last.step, last.state["max_steps"])
    if last and last.final:
        return
    try:
        with quiet_transformers(), _explained(run):
            trainer.train(resume_from_checkpoint=str(last.folder) if last else None)
    finally:
        for callback in trainer.callback_handler.callbacks:
            if isinstance(callback, Progress):
                callback.close()


@contextmanager
def _explained(run: UnfinishedRun) -> Iterator[None]:
    """Names the last checkpoint in a model's error; a full disk or memory become errors of ours."""
    try:
        with disk_errors(run.folder):
            yield
    except ModelError as error:
        newest = run.newest()
        good = None if newest is None else run.folder / f"checkpoint-{newest}"
        kept = f"The last good checkpoint is {good}" if good else "No checkpoint had been written yet"
        raise ModelError(error.what, where=error.where, remedy=f"{error.remedy} {kept}.") from error
    except torch.OutOfMemoryError as error:
        raise ModelError(
            "the device has too little memory for this batch",
            remedy="Halve --batch-size and double --grad-accumulation, or lower --max-length.",
        ) from error
