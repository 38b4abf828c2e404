"""Running a trainer to its end: from the last whole checkpoint, with every failure explained."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from safetensors import SafetensorError

from rationale.corpus.document import Documents
from rationale.encoder.hub import quiet_transformers
from rationale.errors import DataError, ModelError, OutputError
from rationale.files import disk_errors
from rationale.training.progress import Progress
from rationale.training.trainer import ClassifierTrainer
from rationale.training.unfinished import UnfinishedRun

log = logging.getLogger(__name__)


def training_labels(train: Documents) -> tuple[str, ...]:
    """The labels to learn.

    Raises:
        DataError: Where there are fewer than two.
    """
    if len(train.labels) < 2:
        raise DataError(
            f"the {len(train)} training documents have {len(train.labels)} label(s): "
            f"{', '.join(train.labels) or 'none'}",
            where=train.source,
            remedy="A classifier needs documents of at least two labels.",
        )
    return train.labels


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
