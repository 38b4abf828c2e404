"""The training of one condition: a classifier that reads only the kept words of each document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rationale.errors import DataError, ModelError
from rationale.study.topk.predict import Parts, PartsTrainer, collate
from rationale.study.topk.retained import AnnotatedSplit, Retained
from rationale.training.fitting import chosen_model, complete
from rationale.training.options import TrainingOptions
from rationale.training.prepare import Prepared
from rationale.training.trainer import build_trainer
from rationale.training.unfinished import UnfinishedRun


def train_condition(
    out: Path,
    parts: Mapping[str, list[Retained]],
    start: Prepared,
    splits: Mapping[str, AnnotatedSplit],
    training: TrainingOptions,
    recipe: Mapping[str, Any],
) -> None:
    """Trains the classifier of a condition in ``out``; resumes an interrupted training.

    Args:
        out: The output folder.
        parts: The kept part of each document, by split.
        start: The checkpoint, loaded for this condition.
        splits: The documents by split.
        training: Training options.
        recipe: All inputs and options of the training, for the record.

    Raises:
        ModelError: Where the checkpoint changed since the study started.
    """
    if start.start.digest != recipe["weights"] and not start.start.fresh_head:
        raise ModelError("these weights changed since the study started", where=recipe["model"])
    rows = {
        name: Parts([retained.part for retained in cuts], labels_of(splits[name], start))
        for name, cuts in parts.items()
    }
    prepared = replace(start, rows=rows["train"], dev_rows=rows.get("dev"),
                       keys=tuple(d.key for d in splits["train"].documents))  # fmt: skip
    run = UnfinishedRun.beside(out)
    trainer = build_trainer(
        run.folder, prepared, training, PartsTrainer, data_collator=collate, compute_loss_func=None,
        smoothing=training.label_smoothing,
    )  # fmt: skip
    complete(run, trainer, out, recipe, chosen_model, overwrite=False)


def labels_of(split: AnnotatedSplit, prepared: Prepared) -> list[int]:
    """The label id of each document of a split.

    Raises:
        DataError: On a label that no training document has.
    """
    ids = {name: number for number, name in enumerate(prepared.start.labels)}
    unknown = next((d for d in split.documents if d.label not in ids), None)
    if unknown is not None:
        raise DataError(
            f"document {unknown.id!r} has the label {unknown.label!r}; known are {', '.join(ids)}",
            where=split.documents.source,
        )
    return [ids[str(document.label)] for document in split.documents]
