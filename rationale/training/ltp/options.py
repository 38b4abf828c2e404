"""The options of LTP's training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class LTPOptions(DroppingOptions):
    """Options of LTP's training; the last stage prunes hard with frozen thresholds.

    Raises:
        RationaleError: On a value outside its range.
    """

    soft_epochs: int = option(
        1,
        "Epochs of the soft stage, which learns the thresholds; 0 keeps the initial ramp (an ablation).",
    )
    lambda_: float = option(0.1, "Weight of the length loss; larger drops more.")
    temperature: float = option(1e-3, "Temperature T of the soft mask sigmoid((score - theta) / T) (Eq. 9).")
    final_threshold: float = option(
        0.01, "Initial threshold of the last layer; those of earlier layers rise linearly to it."
    )
    threshold_rate: float | None = option(
        None,
        "Learning rate of the thresholds. Default: 4 x final threshold / steps, which fits short runs too; "
        "the authors' 2e-5 is for thousands of steps.",
    )
    reference: int | None = option(
        None, "Length that divides the sum of attention, for inputs of every length. Default: --max-length."
    )
    ramp: Literal["one-based", "zero-based"] = option(
        "one-based",
        "Initial ramp: one-based (published), or zero-based (the authors' code: layer 0 never drops).",
    )

    protect_cls: bool = option(True, "Always keep [CLS]; off: it may be dropped, as published.")
    bits: int | None = option(
        None,
        "Round weights and inputs of all linear layers except the embeddings' to this many bits in the last "
        "stage; evaluate --int8 needs 8.",
    )
    distil: float = option(
        0.0, "Weight, 0 to 1, of distillation from the plain fine-tuning in the last stage's loss."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("bits", lambda value: 2 <= value <= 8, "2 to 8")
        self._require("distil", lambda value: 0 <= value <= 1, "0 to 1")
        self._require("ramp", lambda value: value in ("one-based", "zero-based"), "one-based or zero-based")
        for name in ("soft_epochs", "lambda_", "final_threshold"):
            self._require(name, lambda value: value >= 0, "at least 0")
        for name in ("temperature", "threshold_rate"):
            self._require(name, lambda value: value > 0, "above 0")
        self._require("reference", lambda value: value >= 1, "at least 1")
