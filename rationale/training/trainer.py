"""The Hugging Face Trainer with our losses, a reproducible order of documents and a check of the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_pt_utils import LengthGroupedSampler

from rationale.artifacts.seal import SEAL
from rationale.errors import ModelError, OutputError
from rationale.files import disk_errors
from rationale.loading.checks import usable_device
from rationale.training.encoding import Encoded
from rationale.training.options import TrainingOptions
from rationale.training.prepare import Prepared
from rationale.training.progress import Progress, Saving
from rationale.training.rates import settled
from rationale.training.saved import checkpoint_errors, seal_checkpoint
from rationale.training.task import mean_loss
from rationale.training.unfinished import UnfinishedRun


class EpochSampler(LengthGroupedSampler):
    """Groups documents of similar length, in an order that depends on seed and epoch only.

    The sampler of the Trainer draws from the global random state, which a run resumed inside an epoch lacks.
    """

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next iteration."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.generator.manual_seed(self._seed * 1_000_003 + self._epoch)
        order: Iterator[int] = super().__iter__()  # type: ignore[no-untyped-call]
        return order


class ClassifierTrainer(Trainer):
    """Fine-tunes a classifier; training rows carry ``position``, the index of their document in ``keys``.

    Args:
        keys: Names of the training documents, for the error of a loss that is not finite.
        **settings: Arguments of ``transformers.Trainer``.
    """

    def __init__(self, *, keys: Sequence[str], **settings: Any) -> None:
        super().__init__(**settings)
        self._keys = keys

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Runs one batch forward and backward; returns the loss, shape ().

        Raises:
            ModelError: Where the loss is NaN or infinite, before the weights take the step.
        """
        positions = inputs.pop("position").tolist()
        loss: Tensor = super().training_step(model, inputs, num_items_in_batch)
        finite_loss(loss, self.state, [self._keys[p] for p in positions])
        return loss

    def prediction_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> Any:
        """Runs one batch of dev documents, without ``position``, which a dropping model refuses."""
        model_inputs = {name: value for name, value in inputs.items() if name != "position"}
        return super().prediction_step(model, model_inputs, prediction_loss_only, ignore_keys)

    def autocast_smart_context_manager(self, cache_enabled: bool | None = True) -> Any:
        """Autocasts every pass; Accelerate autocasts only those through the forward of the model."""
        return self.accelerator.autocast()

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Any:
        """Counts the documents of a step in all processes; an answer has two labels (first, last token)."""
        labels_in_step = super()._get_num_items_in_batch(batch_samples, device)
        labels = batch_samples[0].get("labels") if batch_samples else None
        return (
            labels_in_step
            if labels_in_step is None or labels is None
            else labels_in_step // math.prod(labels.shape[1:])
        )

    def of_all(self, loss: Tensor, num_items_in_batch: Tensor | int | None) -> Tensor:
        """Scales a loss over the documents of all processes, because their gradients are averaged."""
        return loss if num_items_in_batch is None else loss * self.accelerator.num_processes

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Saves a checkpoint, and seals it when all processes have written their part.

        Raises:
            OutputError: Where the disk refuses; torch and safetensors raise errors of their own.
        """
        folder = Path(self.args.output_dir or ".")
        path = folder / f"checkpoint-{self.state.global_step}"
        try:
            (path / SEAL).unlink(missing_ok=True)  # the same step may have been saved inside the epoch
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                seal_checkpoint(path, UnfinishedRun(folder).identity)
        except (OSError, RuntimeError, SafetensorError) as error:
            message = error.strerror if isinstance(error, OSError) else None
            raise OutputError(
                f"a checkpoint cannot be written ({message or str(error).splitlines()[0]})",
                where=path,
                remedy="Free space and repeat the command: it resumes from the last whole checkpoint.",
            ) from error

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        with checkpoint_errors(resume_from_checkpoint):
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with checkpoint_errors(checkpoint):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        with checkpoint_errors(checkpoint):
            super()._load_rng_state(checkpoint)

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        """Sorts by length, which :func:`dev_metrics` undoes."""
        return eval_dataset.by_length

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        documents_per_step = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return EpochSampler(documents_per_step, rows.lengths, self.args.seed)


def finite_loss(loss: Tensor, state: TrainerState, keys: Sequence[str]) -> None:
    """Checks that the loss, shape (), is finite; the error names step and batch.

    Raises:
        ModelError: Where it is NaN or infinite.
    """
    if not bool(torch.isfinite(loss)):
        raise ModelError(
            f"the loss is {loss.item()} at step {state.global_step + 1} of {state.max_steps}; "
            f"the batch holds {', '.join(keys)}",
            remedy="Lower the learning rate, use float32, or look at these documents.",
        )


def build_trainer(
    folder: Path,
    prepared: Prepared,
    options: TrainingOptions,
    kind: type[ClassifierTrainer] = ClassifierTrainer,
    *,
    keep: int | None = 2,
    callbacks: Sequence[TrainerCallback] = (),
    **settings: Any,
) -> ClassifierTrainer:
    """Builds a Trainer that saves checkpoints to ``folder`` and evaluates on dev after each epoch.

    Args:
        folder: The folder of the checkpoints.
        prepared: The checkpoint to start from, and the documents.
        options: Training options.
        kind: The class of the Trainer.
        keep: Number of checkpoints to keep, at least 2 for the best and the last (with 1 the Trainer deletes
            the last at its end); None keeps all.
        callbacks: Additional callbacks.
        **settings: Arguments of the class; they override the defaults of a classifier.
    """
    options = settled(options, prepared.start.model.config, len(prepared.rows))
    tokenizer, dev = prepared.start.tokenizer, prepared.dev_rows is not None
    rows = prepared.dev_rows or prepared.rows
    defaults: dict[str, Any] = {
        "data_collator": DataCollatorWithPadding(tokenizer),
        "model": prepared.start.model,
        "compute_loss_func": partial(mean_loss, smoothing=options.label_smoothing),
        "compute_metrics": partial(dev_metrics, metric=options.metric, rows=rows),
    }
    with disk_errors(folder):  # the Trainer creates it
        trainer = kind(
            keys=[key[0] for key in prepared.keys],
            args=arguments(folder, options, dev=dev, keep=keep),
            train_dataset=prepared.rows,
            eval_dataset=prepared.dev_rows,
            processing_class=tokenizer,
            callbacks=[Progress(), Saving(), *callbacks],
            **defaults | settings,
        )
    trainer.remove_callback(PrinterCallback)
    if options.patience is not None and dev:
        trainer.add_callback(EarlyStoppingCallback(options.patience))
    return trainer


def dev_metrics(prediction: EvalPrediction, metric: str, rows: Encoded) -> dict[str, float]:
    """The metrics of :meth:`Encoded.judge`, and ``choice``, which selects the epoch.

    Raises:
        ModelError: Where a logit is NaN or infinite.
    """
    logits = _logits_by_row(prediction.predictions, rows)
    if not all(np.isfinite(row).all() for row in logits):
        raise ModelError(
            "the model yields logits that are not finite on the dev documents",
            remedy="Lower the learning rate or use float32.",
        )
    metrics = rows.judge(logits)
    # Accuracies differ by at least 1/n: macro F1 times half of that only breaks ties.
    return {**metrics, "choice": metrics[metric] + metrics.get("macro_f1", 0.0) / (2 * len(rows))}


def _logits_by_row(predictions: Any, rows: Encoded) -> list[Any]:
    """The logits of each row, in their order: (C,), or (n, 2) without padding for a pair (start, end)."""
    pair = isinstance(predictions, tuple | list)
    outputs = (
        np.stack([np.asarray(part) for part in predictions], axis=-1) if pair else np.asarray(predictions)
    )
    logits: list[Any] = [None] * len(rows)
    for index, row in zip(rows.by_length, outputs, strict=True):
        logits[index] = row[: rows.lengths[index]] if pair else row
    return logits


def arguments(
    folder: Path, options: TrainingOptions, *, dev: bool, keep: int | None = 2
) -> TrainingArguments:
    """The settings of the Trainer; ``dev`` says whether to evaluate on dev documents after each epoch."""
    select = dev and options.checkpoint == "best"
    learning_rate: dict[str, Any] = (
        {} if options.learning_rate is None else {"learning_rate": options.learning_rate}
    )
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        **learning_rate,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=2 * options.batch_size,
        gradient_accumulation_steps=options.grad_accumulation,
        warmup_steps=options.warmup,
        weight_decay=options.weight_decay,
        seed=options.seed,
        use_cpu=usable_device(options.device).type == "cpu",
        bf16=options.dtype == "bfloat16",
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        label_names=["labels"],
        ddp_find_unused_parameters=False,
        eval_strategy="epoch" if dev else "no",
        save_strategy="epoch",
        save_total_limit=keep,
        load_best_model_at_end=select,
        metric_for_best_model="choice" if select else None,
        greater_is_better=True if select else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=10,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        log_level="error",
    )
