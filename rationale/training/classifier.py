"""Fine-tuning a sequence classifier on documents, from a checkpoint to a finished folder."""

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
        recipe: The content of ``training.json``: settings, data, versions, dev metrics of each epoch.
    """

    path: Path
    recipe: Trained

    @classmethod
    def open(cls, path: str | Path) -> TrainedClassifier:
        """Opens a finished folder.

        Raises:
            ModelError: Where its ``training.json`` is damaged or was changed.
        """
        return cls(Path(path), read_training(Path(path)))

    @property
    def epochs(self) -> tuple[Figures, ...]:
        """Training loss and dev metrics, one entry per epoch."""
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

    Writes to ``OUT.unfinished`` until the end, then to ``OUT`` in one rename. The same call resumes an
    interrupted run from its last checkpoint and ends with the same weights. The ``model_max_length`` of the
    saved tokenizer is the length of the training, so that scoring reads windows of that length.

    Args:
        model: A local folder or a hub id, with or without a classification head.
        train: Labelled documents of at least two labels.
        dev: Validation data for checkpoint selection; None keeps the last epoch.
        out: The output folder.
        options: Training options; None takes the defaults.
        overwrite: Whether to replace an existing ``out``, or an unfinished run with other settings.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        DataError: On documents without label or words, fewer than two labels, a dev label not in train.
        ModelError: Where the checkpoint does not fit, the loss is not finite, or memory does not suffice.
        OutputError: Where ``out`` exists, an unfinished run has other settings, or the disk refuses.
    """
    options = options or TrainingOptions()
    out = home(out)
    run = UnfinishedRun.beside(out)
    finished = not overwrite and run.ended(out)
    if not finished:
        check_output(out, overwrite=overwrite)
    prepared = prepare(model, train, dev, options, command)
    recipe = to_json(prepared.recipe)
    if finished:
        check_made(out, recipe, {})
        run.discard(recipe)
    else:
        trainer = build_trainer(run.folder, prepared, options)
        complete(run, trainer, out, recipe, chosen_model, overwrite=overwrite)
    trained, rows = TrainedClassifier.open(out), prepared.dev_rows
    warning = None if rows is None else warn_at_chance(trained.best, rows.labels, options.metric)
    if warning is not None:
        log.warning("%s is not better than chance: %s. Raise --epochs or --learning-rate.", out, warning)
    return trained
