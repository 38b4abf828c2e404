"""The Hugging Face Trainer with our loss, our order of documents, and a stop when the loss is no number."""

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
    """Documents of like length together, in an order that seed and epoch alone decide.

    The Trainer's own draws the order from the global random state, which a run resumed inside an epoch lacks.
    """

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Sets which epoch's order comes next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.generator.manual_seed(self._seed * 1_000_003 + self._epoch)
        order: Iterator[int] = super().__iter__()  # type: ignore[no-untyped-call]
        return order


class ClassifierTrainer(Trainer):
    """Fine-tunes a classifier; training rows carry ``position``, the place of their document in ``keys``.

    Args:
        keys: Names of the training documents, for the message when the loss is no number.
        **settings: What ``transformers.Trainer`` takes.
    """

    def __init__(self, *, keys: Sequence[str], **settings: Any) -> None:
        super().__init__(**settings)
        self._keys = keys

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """One batch forward and backward; returns the loss, shape ().

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
        """One batch of dev documents; their positions are ours, and a dropping model refuses them."""
        read = {name: value for name, value in inputs.items() if name != "position"}
        return super().prediction_step(model, read, prediction_loss_only, ignore_keys)

    def autocast_smart_context_manager(self, cache_enabled: bool | None = True) -> Any:
        """Accelerate wraps the model's own forward alone; here passes that do not go through it are, too."""
        return self.accelerator.autocast()

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Any:
        """Documents of a step in all processes: an answer has two labels, first and last token."""
        found = super()._get_num_items_in_batch(batch_samples, device)
        labels = batch_samples[0].get("labels") if batch_samples else None
        return found if found is None or labels is None else found // math.prod(labels.shape[1:])

    def of_all(self, loss: Tensor, num_items_in_batch: Tensor | int | None) -> Tensor:
        """A loss over the documents of all processes, made up for gradients that are averaged over them."""
        return loss if num_items_in_batch is None else loss * self.accelerator.num_processes

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Seals a checkpoint when all processes have written their part of it.

        Raises:
            OutputError: Where the disk refuses; torch and safetensors say so in errors of their own.
        """
        folder = Path(self.args.output_dir or ".")
        path = folder / f"checkpoint-{self.state.global_step}"
        try:
            (path / SEAL).unlink(missing_ok=True)  # of the same step, saved inside the epoch
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                seal_checkpoint(path, UnfinishedRun(folder).identity)
        except (OSError, RuntimeError, SafetensorError) as error:
            told = error.strerror if isinstance(error, OSError) else None
            raise OutputError(
                f"a checkpoint cannot be written ({told or str(error).splitlines()[0]})",
                where=path,
                remedy="Free space and repeat the command: it continues from the last whole checkpoint.",
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
        """Like lengths together, in an order that :func:`dev_metrics` can undo."""
        return eval_dataset.by_length

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        together = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return EpochSampler(together, rows.lengths, self.args.seed)


def finite_loss(loss: Tensor, state: TrainerState, keys: Sequence[str]) -> None:
    """Stops where the loss, shape (), is no number, naming step and batch.

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
    """A Trainer that checkpoints to ``folder`` and evaluates on the dev documents after each epoch.

    Args:
        folder: Where checkpoints go.
        prepared: What it starts from and trains on.
        options: How.
        kind: The Trainer's class.
        keep: Checkpoints that stay: the best and the last at least (with 1 the Trainer deletes the last when
            it ends); None keeps all.
        callbacks: More than the usual ones.
        **settings: What the class takes besides, or instead of a classifier's usual.
    """
    options = settled(options, prepared.start.model.config, len(prepared.rows))
    tokenizer, dev = prepared.start.tokenizer, prepared.dev_rows is not None
    rows = prepared.dev_rows or prepared.rows
    usual: dict[str, Any] = {
        "data_collator": DataCollatorWithPadding(tokenizer),
        "model": prepared.start.model,
        "compute_loss_func": partial(mean_loss, smoothing=options.label_smoothing),
        "compute_metrics": partial(dev_metrics, metric=options.metric, rows=rows),
    }
    with disk_errors(folder):  # the Trainer makes it
        trainer = kind(
            keys=[key[0] for key in prepared.keys],
            args=arguments(folder, options, dev=dev, keep=keep),
            train_dataset=prepared.rows,
            eval_dataset=prepared.dev_rows,
            processing_class=tokenizer,
            callbacks=[Progress(), Saving(), *callbacks],
            **usual | settings,
        )
    trainer.remove_callback(PrinterCallback)
    if options.patience is not None and dev:
        trainer.add_callback(EarlyStoppingCallback(options.patience))
    return trainer


def dev_metrics(prediction: EvalPrediction, metric: str, rows: Encoded) -> dict[str, float]:
    """The figures of :meth:`Encoded.judge`, and ``choice``: what the epoch is chosen by.

    Raises:
        ModelError: Where a logit is NaN or infinite.
    """
    logits = _each(prediction.predictions, rows)
    if not all(np.isfinite(one).all() for one in logits):
        raise ModelError(
            "the model yields logits that are no numbers on the dev documents",
            remedy="Lower the learning rate or use float32.",
        )
    found = rows.judge(logits)
    # Accuracies differ by at least 1/n, so half of that orders equal ones and never overrules.
    return {**found, "choice": found[metric] + found.get("macro_f1", 0.0) / (2 * len(rows))}


def _each(predictions: Any, rows: Encoded) -> list[Any]:
    """What was said of each row, in their order: (C,), or (n, 2) without padding of a pair (start, end)."""
    pair = isinstance(predictions, tuple | list)
    said = np.stack([np.asarray(p) for p in predictions], axis=-1) if pair else np.asarray(predictions)
    found: list[Any] = [None] * len(rows)
    for place, one in zip(rows.by_length, said, strict=True):
        found[place] = one[: rows.lengths[place]] if pair else one
    return found


def arguments(
    folder: Path, options: TrainingOptions, *, dev: bool, keep: int | None = 2
) -> TrainingArguments:
    """The Trainer's own settings; ``dev`` says whether there is a dev set to run after each epoch."""
    choose = dev and options.checkpoint == "best"
    rate: dict[str, Any] = {} if options.learning_rate is None else {"learning_rate": options.learning_rate}
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        **rate,
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
        load_best_model_at_end=choose,
        metric_for_best_model="choice" if choose else None,
        greater_is_better=True if choose else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=10,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        log_level="error",
    )
