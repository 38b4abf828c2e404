"""Everything a fine-tuning run can be told, in one frozen dataclass; the command line is made from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from rationale.errors import RationaleError
from rationale.metrics.names import CLASS_METRICS, NUMBER_METRICS, QA_METRICS, Task


def option(default: Any, text: str) -> Any:
    """A dataclass field whose ``metadata["help"]`` the command line shows."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class TrainingOptions:
    """How to fine-tune; every field is a command line option of the same name.

    Raises:
        RationaleError: On a value outside its range.

    >>> TrainingOptions(epochs=2).epochs
    2
    """

    max_length: int | None = option(
        None,
        "Sub-words a document may take, specials and query included; longer ones are cut at the word side. "
        "Default: 512, or less where the model takes less.",
    )
    epochs: int = option(4, "Passes over the training documents.")
    learning_rate: float | None = option(
        None,
        "Peak learning rate of AdamW; falls linearly to 0 after the warm-up. Default: 2e-5 times (768 / "
        "width of the model) to the power of 1.5, in runs of fewer than 3,000 steps also times the square "
        "root of 3,000 / steps (at most 5); never above 2e-3.",
    )
    batch_size: int = option(16, "Documents a step and device.")
    grad_accumulation: int = option(1, "Batches summed before each optimizer step.")
    warmup: float = option(0.1, "Share of the steps over which the learning rate rises from 0.")
    weight_decay: float = option(0.01, "Weight decay of AdamW (not on biases and norms).")
    label_smoothing: float = option(0.0, "Probability mass taken from the right label and spread over all.")
    attention_dropout: float | None = option(
        None,
        "Dropout on attention weights; default: the checkpoint's own (0.1 in BERT). On a CPU 0 trains "
        "several times faster: any other value makes PyTorch leave its fused attention for the slow path.",
    )
    patience: int | None = option(
        None, "Stop when this many epochs in a row have not been better on dev. Default: run all epochs."
    )
    metric: Literal["accuracy", "macro_f1", "mcc", "pearson", "spearman", "f1", "exact_match"] = option(
        "accuracy",
        "The dev figure that the epoch is chosen by: accuracy, macro_f1 or mcc (Matthews); with pearson or "
        "spearman labels are numbers, and the model learns to say one (regression); with f1 or exact_match "
        "it learns to answer questions over data in SQuAD's layout.",
    )
    checkpoint: Literal["best", "last"] = option(
        "best",
        "The epoch whose weights are kept: best (on dev), or last (dev is measured and decides nothing, as a "
        "curve over settings wants it).",
    )
    reinit_head: bool = option(
        False, "Start from a fresh classification head, also where the checkpoint has one of its own."
    )
    seed: int = option(0, "Seed of the head's weights, the order of the documents and dropout.")
    device: str = option(
        "auto",
        "auto (CUDA where it is there, else the CPU), cpu, cuda or mps; several: "
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
        figures = (*CLASS_METRICS, *NUMBER_METRICS, *QA_METRICS)
        self._require("metric", lambda value: value in figures, f"one of {', '.join(figures)}")
        if self.task == "answers":
            self._require("label_smoothing", lambda value: value == 0, "0 where answers are learnt")
        self._require("checkpoint", lambda value: value in ("best", "last"), "best or last")
        if self.checkpoint == "last":
            self._require("patience", lambda _: False, "left out with --checkpoint last: it stops by dev")
        self._require("dtype", lambda value: value in ("float32", "bfloat16"), "float32 or bfloat16")

    @property
    def task(self) -> Task:
        """What is learnt, as the metric tells."""
        if self.metric in QA_METRICS:
            return "answers"
        return "number" if self.metric in NUMBER_METRICS else "classes"

    def _require(self, name: str, holds: Any, wanted: str) -> None:
        value = getattr(self, name)
        endless = isinstance(value, float) and not math.isfinite(value)
        if value is not None and (endless or not holds(value)):
            option = "--" + name.rstrip("_").replace("_", "-")
            raise RationaleError(f"{option} is {value!r}", remedy=f"It must be {wanted}.")
