"""Fine-tuning a sequence classifier on documents: the whole road from a checkpoint to a finished folder."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import set_seed

from rationale.corpus.document import Documents
from rationale.files import atomic_path, check_output
from rationale.training.checkpoint import load_checkpoint
from rationale.training.encoding import encode, window_length
from rationale.training.fitting import fit, training_labels
from rationale.training.options import TrainingOptions
from rationale.training.recipe import DEV_FIGURES, describe, history
from rationale.training.trainer import build_trainer
from rationale.training.unfinished import UnfinishedRun

log = logging.getLogger(__name__)

_RECIPE = "training.json"


@dataclass(frozen=True)
class TrainedClassifier:
    """A finished fine-tuning.

    Attributes:
        path: The folder: model, config, tokenizer and ``training.json``.
        recipe: What ``training.json`` holds: settings, data, versions, dev figures of each epoch.
    """

    path: Path
    recipe: dict[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> TrainedClassifier:
        """Reads a finished folder."""
        path = Path(path)
        return cls(path, json.loads((path / _RECIPE).read_text(encoding="utf-8")))

    @property
    def epochs(self) -> list[dict[str, float]]:
        """Training loss and dev figures, one entry an epoch."""
        return list(self.recipe["epochs"])

    @property
    def best(self) -> dict[str, float]:
        """The epoch whose weights were kept."""
        return dict(self.recipe["best"])

    def _repr_html_(self) -> str:
        names = [name for name in ("epoch", "loss", *DEV_FIGURES.values()) if name in self.best]
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{entry[name]:.4g}</td>" for name in names) + "</tr>"
            for entry in self.epochs
        )
        return f"<p>kept: epoch {self.best['epoch']:g}</p><table><tr>{head}</tr>{rows}</table>"


def train_classifier(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    out: str | Path,
    options: TrainingOptions | None = None,
    *,
    overwrite: bool = False,
) -> TrainedClassifier:
    """Fine-tunes ``model`` on ``train`` and keeps the epoch with the best accuracy on ``dev``.

    While it runs, everything lies in ``OUT.unfinished``; the same call after a crash goes on from the last
    checkpoint there and ends with the same weights. ``OUT`` appears whole at the end. Its tokenizer's
    ``model_max_length`` is the length trained with, so that scoring reads windows of that length.

    Args:
        model: A local folder or a hub id, with or without a classification head.
        train: Labelled documents of two labels or more.
        dev: Labelled documents to choose the epoch by; None keeps the last epoch.
        out: The folder to make.
        options: How to train; None takes the defaults.
        overwrite: Replace an ``out`` that exists, or an unfinished run with other settings.

    Raises:
        DataError: On documents without label or words, fewer than two labels, a dev label not in train.
        ModelError: Where the checkpoint does not fit, the loss is no number, or memory does not suffice.
        OutputError: Where ``out`` exists, an unfinished run has other settings, or the disk refuses.
    """
    options = options or TrainingOptions()
    out = check_output(out, overwrite=overwrite)
    labels = training_labels(train)
    set_seed(options.seed)
    start = load_checkpoint(
        str(model), labels, new_head=options.new_head, attention_dropout=options.attention_dropout
    )
    length = window_length(start.tokenizer, start.model.config, options.max_length)
    start.tokenizer.model_max_length = length
    ids = {name: i for i, name in enumerate(start.labels)}
    rows = encode(start.tokenizer, train, ids, length)
    dev_rows = None if dev is None else encode(start.tokenizer, dev, ids, length)
    run = UnfinishedRun.beside(out)
    keys = [document.id for document in train]
    trainer = build_trainer(run.folder, start, options, keys=keys, rows=rows, dev_rows=dev_rows)
    recipe = describe(str(model), start, train, dev, length, options)
    with trainer.args.main_process_first(local=False):
        run.begin(recipe, overwrite=overwrite)
    fit(run, trainer)
    if trainer.is_world_process_zero():
        _finish(run, out, recipe, overwrite=overwrite)
    trainer.accelerator.wait_for_everyone()
    return TrainedClassifier.open(out)


def _finish(run: UnfinishedRun, out: Path, recipe: dict[str, Any], *, overwrite: bool) -> None:
    """Puts model, tokenizer and ``training.json`` into ``out`` in one step and removes the work folder."""
    state = run.last_state()
    with atomic_path(out, overwrite=overwrite) as folder:
        run.copy_model(state, folder)
        text = json.dumps({**recipe, **history(state)}, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / _RECIPE).write_text(text + "\n", encoding="utf-8", newline="\n")
    run.remove()
