"""The options of a fine-tuning, in one frozen dataclass that the command line is generated from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from rationale.errors import RationaleError
from rationale.metrics.names import CLASS_METRICS, NUMBER_METRICS, QA_METRICS, Task


def option(default: Any, text: str) -> Any:
    """A dataclass field with a default and its help text for the command line."""
    return field(default=default, metadata={"help": text})


def option_name(name: str) -> str:
    """The option of a field: the same, but for the underscore of a keyword of Python.

    >>> option_name("lambda_")
    'lambda'
    """
    return name.rstrip("_")


@dataclass(frozen=True)
class TrainingOptions:
    """Options of a fine-tuning; every field is a command-line option of the same name.

    Raises:
        RationaleError: On a value outside its range.

    >>> TrainingOptions(epochs=2).epochs
    2
    """

    max_length: int | None = option(
        None,
        "Longest input in tokens, special tokens and query included; the document is cut, never the query. "
        "Default: 512, or what the model takes.",
    )
    epochs: int = option(4, "Passes over the training documents.")
    learning_rate: float | None = option(
        None,
        "Peak learning rate of AdamW; decays linearly to 0 after the warm-up. Default: 2e-5 x (768 / width "
        "of the model)^1.5; below 3,000 steps also x sqrt(3,000 / steps), at most x 5; never above 2e-3.",
    )
    batch_size: int = option(16, "Documents per step and device.")
    grad_accumulation: int = option(1, "Batches summed before each optimizer step.")
    warmup: float = option(0.1, "Share of the steps over which the learning rate rises from 0.")
    weight_decay: float = option(0.01, "Weight decay of AdamW (not on biases and norms).")
    label_smoothing: float = option(0.0, "Probability mass moved from the gold label to all labels evenly.")
    attention_dropout: float | None = option(
        None,
        "Dropout on attention weights. Default: the checkpoint's (0.1 in BERT). On a CPU, 0 trains several "
        "times faster, because PyTorch's fused attention has no dropout there.",
    )
    patience: int | None = option(
        None, "Stop after this many epochs without improvement on dev. Default: run all epochs."
    )
    metric: Literal["accuracy", "macro_f1", "mcc", "pearson", "spearman", "f1", "exact_match"] = option(
        "accuracy",
        "Dev metric for checkpoint selection, which also sets the task. Classification: accuracy, macro_f1, "
        "mcc (Matthews); regression, where labels are numbers: pearson, spearman; question answering over "
        "data in SQuAD's layout: f1, exact_match.",
    )
    checkpoint: Literal["best", "last"] = option(
        "best",
        "Epoch whose weights are kept: best (on dev), or last (dev selects nothing).",
    )
    reinit_head: bool = option(
        False, "Start from a fresh classification head, even if the checkpoint has one."
    )
    seed: int = option(0, "Random seed of the head's weights, the order of documents and dropout.")
    device: str = option(
        "auto",
        "auto (CUDA if available, else the CPU), cpu, cuda or mps. Several GPUs: "
        "`torchrun --nproc_per_node 2 $(which rationale) train …`.",
    )
    dtype: Literal["float32", "bfloat16"] = option(
        "float32", "Arithmetic of the forward pass (bfloat16: autocast; weights stay float32)."
    )

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "grad_accumulation", "max_length", "patience"):
            self._require(name, lambda value: value >= 1, "at least 1")
        self._require("learning_rate", lambda value: value > 0, "above 0")
        self._require("weight_decay", lambda value: value >= 0, "at least 0")
        for name in ("warmup", "label_smoothing", "attention_dropout"):
            self._require(name, lambda value: 0 <= value < 1, "at least 0 and below 1")
        self._require(
            "device", lambda value: value in ("auto", "cpu", "cuda", "mps"), "auto, cpu, cuda or mps"
        )
        metrics = (*CLASS_METRICS, *NUMBER_METRICS, *QA_METRICS)
        self._require("metric", lambda value: value in metrics, f"one of {', '.join(metrics)}")
        if self.task == "answers":
            self._require("label_smoothing", lambda value: value == 0, "0 in question answering")
        self._require("checkpoint", lambda value: value in ("best", "last"), "best or last")
        if self.checkpoint == "last":
            self._require("patience", lambda _: False, "left out with --checkpoint last: it stops on dev")
        self._require("dtype", lambda value: value in ("float32", "bfloat16"), "float32 or bfloat16")

    @property
    def task(self) -> Task:
        """The task that the metric implies."""
        if self.metric in QA_METRICS:
            return "answers"
        return "number" if self.metric in NUMBER_METRICS else "classes"

    def _require(self, name: str, is_valid: Any, expected: str) -> None:
        value = getattr(self, name)
        not_finite = isinstance(value, float) and not math.isfinite(value)
        if value is not None and (not_finite or not is_valid(value)):
            flag = "--" + option_name(name).replace("_", "-")
            raise RationaleError(f"{flag} is {value!r}", remedy=f"It must be {expected}.")
