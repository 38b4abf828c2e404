"""Fine-tuning a sequence classifier on documents: the whole road from a checkpoint to a finished folder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from rationale.artifacts.record import to_json
from rationale.corpus.document import Documents
from rationale.files import check_output, home
from rationale.training.chance import warn_at_chance
from rationale.training.dropping.stage import check_made
from rationale.training.fitting import chosen_model, complete
from rationale.training.options import TrainingOptions
from rationale.training.prepare import prepare
from rationale.training.recipe import DEV_FIGURES
from rationale.training.record import Figures, Trained, read_training
from rationale.training.trainer import build_trainer
from rationale.training.unfinished import UnfinishedRun

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedClassifier:
    """A finished fine-tuning.

    Attributes:
        path: The folder: model, config, tokenizer and ``training.json``.
        recipe: What ``training.json`` holds: settings, data, versions, dev figures of each epoch.
    """

    path: Path
    recipe: Trained

    @classmethod
    def open(cls, path: str | Path) -> TrainedClassifier:
        """Reads a finished folder.

        Raises:
            ModelError: Where its ``training.json`` is damaged or was changed.
        """
        return cls(Path(path), read_training(Path(path)))

    @property
    def epochs(self) -> tuple[Figures, ...]:
        """Training loss and dev figures, one entry an epoch."""
        return self.recipe.epochs

    @property
    def best(self) -> dict[str, float]:
        """The epoch whose weights were kept."""
        return self.recipe.figures

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
    command: str | None = None,
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
        command: The command that was typed, as shell text; None from Python.

    Raises:
        DataError: On documents without label or words, fewer than two labels, a dev label not in train.
        ModelError: Where the checkpoint does not fit, the loss is no number, or memory does not suffice.
        OutputError: Where ``out`` exists, an unfinished run has other settings, or the disk refuses.
    """
    options = options or TrainingOptions()
    out = home(out)
    run = UnfinishedRun.beside(out)
    ended = not overwrite and run.ended(out)
    if not ended:
        check_output(out, overwrite=overwrite)
    prepared = prepare(model, train, dev, options, command)
    recipe = to_json(prepared.recipe)
    if ended:
        check_made(out, recipe, {})
        run.discard(recipe)
    else:
        trainer = build_trainer(run.folder, prepared, options)
        complete(run, trainer, out, recipe, chosen_model, overwrite=overwrite)
    trained, rows = TrainedClassifier.open(out), prepared.dev_rows
    said = None if rows is None else warn_at_chance(trained.best, rows.labels, options.metric)
    if said is not None:
        log.warning("%s knows no more than chance: %s. Raise --epochs or --learning-rate.", out, said)
    return trained
