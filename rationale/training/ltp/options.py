"""Everything LTP's training can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class LTPOptions(DroppingOptions):
    """How to train LTP; the last stage is the hard one, its thresholds frozen.

    Raises:
        RationaleError: On a value outside its range.
    """

    soft_epochs: int = option(
        1,
        "Passes of the soft stage, where thresholds learn; 0 keeps the ramp they begin with (an ablation).",
    )
    lambda_: float = option(0.1, "Lambda: weight of the soft lengths; larger drops more.")
    temperature: float = option(1e-3, "T: how far from its threshold a token is half dropped (Eq. 9).")
    final_threshold: float = option(0.01, "The last layer's threshold to begin with; others rise to it.")
    threshold_rate: float | None = option(
        None,
        "Learning rate of the thresholds. The authors' 2e-5 supposes thousands of steps; the default, "
        "4 x final threshold / steps, lets them travel twice the ramp's height in any run.",
    )
    reference: int | None = option(
        None, "The length that scores are the mean over, whatever an input's own. Default: --max-length."
    )
    ramp: Literal["one-based", "zero-based"] = option(
        "one-based", "Ramp as published, or as in its authors' code: the first layer at 0 and out of play."
    )

    protect_cls: bool = option(
        True, "Keep [CLS] whatever it receives; off, it may leave like any other, as published."
    )
    bits: int | None = option(
        None, "8 rounds weights and inputs of all layers but the embeddings to 8 bits in the last stage."
    )
    distil: float = option(
        0.0, "Share of the last stage's loss that is the plain fine-tuning's outputs and embeddings, 0 to 1."
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
