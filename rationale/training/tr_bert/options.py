"""The options of TR-BERT's training."""

from __future__ import annotations

from dataclasses import dataclass

from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class TRBERTOptions(DroppingOptions):
    """Options of TR-BERT's training; the last stage is the joint one, with the plain fine-tuning as teacher.

    Raises:
        RationaleError: On a value outside its range.
    """

    alpha: float = option(1.0, "Weight of the share of kept tokens in the reward; larger drops more.")
    joint_alpha: float | None = option(None, "alpha of the joint stage. Default: --alpha.")
    policy_epochs: int = option(3, "Epochs in which only the policies learn.")
    policy_rate: float = option(
        1e-3, "Learning rate of the policies; the authors' 3e-5 is for thousands of steps."
    )
    samples: int = option(8, "Samples per document and step; their mean reward is the baseline.")
    guide_share: float = option(
        0.5, "Share of the policy stage's steps in which one sample of each document follows the gradient."
    )
    inner: int = option(32, "Hidden width of each policy.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alpha", "joint_alpha"):
            self._require(name, lambda value: value >= 0, "at least 0")
        for name in ("policy_epochs", "inner"):
            self._require(name, lambda value: value >= 1, "at least 1")
        self._require("samples", lambda value: value >= 2, "at least 2: one choice has no baseline")
        self._require("policy_rate", lambda value: value > 0, "above 0")
        self._require("guide_share", lambda value: 0 <= value <= 1, "at least 0 and at most 1")
