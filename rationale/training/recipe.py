"""What ``training.json`` says: everything that decided the outcome, and how each epoch went."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from rationale.artifacts.provenance import as_read
from rationale.corpus.document import Documents
from rationale.loading.checkpoint import Checkpoint
from rationale.training.options import TrainingOptions
from rationale.training.record import Figures, History, StartedFrom, TrainingDocuments, TrainingProvenance

DEV_FIGURES = {
    "eval_loss": "dev_loss",
    "eval_accuracy": "dev_accuracy",
    "eval_macro_f1": "dev_macro_f1",
    "eval_mcc": "dev_mcc",
    "eval_pearson": "dev_pearson",
    "eval_spearman": "dev_spearman",
    "eval_rmse": "dev_rmse",
    "eval_f1": "dev_f1",
    "eval_exact": "dev_exact",
    "eval_speedup": "dev_speedup",
}


def training_recipe(
    source: str,
    start: Checkpoint,
    train: Documents,
    dev: Documents | None,
    length: int,
    options: TrainingOptions,
    command: str | None = None,
) -> TrainingProvenance:
    """All that decides the outcome: equal recipes give equal weights on one machine.

    Args:
        source: The checkpoint, as it was given.
        start: It, loaded.
        train: The training documents.
        dev: Those that the epoch is chosen by.
        length: Of a window, in tokens.
        options: How.
        command: The command that was typed, as shell text; None from Python.
    """
    return TrainingProvenance(
        kind="classifier",
        model=StartedFrom(source, start.digest, start.settings, start.model.config.model_type),
        labels=start.labels,
        max_length=length,
        fresh_head=start.fresh_head,
        options=as_read(asdict(options)),
        train=_described(train),
        dev=None if dev is None else _described(dev),
        versions={name: version(name) for name in ("torch", "transformers", "accelerate", "tokenizers")},
        command=command,
    )


def history(state: Mapping[str, Any]) -> History:
    """Loss and dev figures of each epoch, and the epoch whose weights were kept, from the Trainer's state."""
    per_epoch = round(state["max_steps"] / state["num_train_epochs"])
    epochs = tuple(
        _epoch(state, number, per_epoch) for number in range(1, round(state["global_step"] / per_epoch) + 1)
    )
    kept = state.get("best_global_step") or epochs[-1]["step"]
    return History(epochs, next(entry for entry in epochs if entry["step"] == kept))


def _epoch(state: Mapping[str, Any], number: int, length: int) -> Figures:
    """An epoch's mean loss over its steps (logged in runs of several) and its dev figures."""
    steps = range((number - 1) * length + 1, number * length + 1)
    entries = [entry for entry in state["log_history"] if entry["step"] in steps]
    logged = [(entry["step"], entry["loss"]) for entry in entries if "loss" in entry]
    since = [steps[0] - 1, *(step for step, _ in logged)]
    total = sum(loss * (step - before) for (step, loss), before in zip(logged, since, strict=False))
    figures = {DEV_FIGURES[k]: entry[k] for entry in entries for k in DEV_FIGURES if k in entry}
    rounded = {name: round(value, 6) for name, value in {"loss": total / length, **figures}.items()}
    return {"epoch": number, "step": steps[-1], **rounded}


def _described(documents: Documents) -> TrainingDocuments:
    keys = "\x1e".join(sorted("\x1f".join(document.key) for document in documents))
    return TrainingDocuments(
        source=documents.source,
        split=documents.split,
        documents=len(documents),
        fingerprint=documents.fingerprint,
        ids=hashlib.sha256(keys.encode("utf-8", "surrogatepass")).hexdigest()[:16],
    )
