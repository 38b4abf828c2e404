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
        "Passes of the soft stage, which learns thresholds; 0 keeps the initial ramp (an ablation).",
    )
    lambda_: float = option(0.1, "Lambda: weight of the soft lengths; larger drops more.")
    temperature: float = option(1e-3, "T: width of the soft threshold (Eq. 9); smaller is closer to hard.")
    final_threshold: float = option(
        0.01, "Initial threshold of the last layer; those of earlier layers rise to it linearly."
    )
    threshold_rate: float | None = option(
        None,
        "Learning rate of the thresholds. The authors' 2e-5 assumes thousands of steps; the default, "
        "4 x final threshold / steps, lets thresholds move by twice the ramp's height in any run.",
    )
    reference: int | None = option(
        None, "Input length that scores are normalised by, for inputs of any length. Default: --max-length."
    )
    ramp: Literal["one-based", "zero-based"] = option(
        "one-based",
        "Initial ramp: one-based, as published; or zero-based, as in the authors' code (first layer at 0).",
    )

    protect_cls: bool = option(True, "Never drop [CLS]; off: drop it like other tokens, as published.")
    bits: int | None = option(
        None, "Bits of weights and inputs of all layers but the embeddings in the last stage (2 to 8)."
    )
    distil: float = option(
        0.0, "Share of the last stage's loss that is distillation from the plain fine-tuning, 0 to 1."
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
