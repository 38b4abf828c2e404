"""The options of AdapLeR's training, with the paper's settings as presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from rationale.errors import RationaleError
from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class AdapLeROptions(DroppingOptions):
    """Options of AdapLeR's training: phase 1 is the plain fine-tuning, phase 3 the last stage.

    Raises:
        RationaleError: On a value outside its range.
    """

    gamma: float = option(5e-3, "Weight of the predictors' loss (KL from saliency).")
    phi: float = option(5e-4, "Weight of the expected length: larger drops more.")
    target_speedup: float | None = option(
        None,
        "FLOPs speedup to aim at: phi then weighs the distance from full length / target, and the epoch kept "
        "is the best on dev with at least 0.9 x target. Default: none; phi alone decides.",
    )
    threshold_rate: float | None = option(
        None,
        "Learning rate of eta and theta. Default: 2 / steps, between 5e-4 and 1e-2, which fits short runs "
        "too; the paper's 5e-4 is for 18,750 steps.",
    )
    predictor_rate: float | None = option(
        None,
        "Learning rate of the contribution predictors; in short runs 1e-3 helps, as they start untrained. "
        "Default: that of the weights, as in the paper.",
    )
    warm_start: bool = option(
        True,
        "Start phase 3 from phase 1's best epoch. The paper and every preset start from the pre-trained "
        "checkpoint: in a short run, the model then has to learn the task while tokens are dropped.",
    )
    target: Literal["saliency", "attention"] = option(
        "saliency",
        "Target of the predictors: saliency (InputXGradient of the gold label), or attention (an ablation).",
    )
    learn_theta: bool = option(True, "Learn theta, the weight of [CLS] in the target (off: an ablation).")
    removal: Literal["soft", "steep"] = option(
        "soft",
        "soft: lambda rises from epoch to epoch; steep: it has its last value from the start (an ablation).",
    )
    inner: int = option(32, "Hidden width of each contribution predictor.")
    beta: float = option(0.1, "Slope of soft removal above the threshold (Eq. 4).")
    weigh_by_keep: bool = option(True, "Soft removal as in the published system; off: Eq. 4 as printed.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.task == "answers":  # its saliency needs one label
            raise RationaleError(
                "AdapLeR does not train question answering",
                remedy="Train ltp, lat or another method for question answering.",
            )
        self._require("target", lambda value: value in ("saliency", "attention"), "saliency or attention")
        self._require("removal", lambda value: value in ("soft", "steep"), "soft or steep")
        self._require("inner", lambda value: value >= 1, "at least 1")
        self._require("target_speedup", lambda value: value > 1, "above 1")
        for name in ("gamma", "phi"):
            self._require(name, lambda value: value >= 0, "at least 0")
        for name in ("threshold_rate", "predictor_rate", "beta"):
            self._require(name, lambda value: value > 0, "above 0")


def _preset(epochs: int, rate: float, length: int, batch: int, gamma: float, phi: float) -> dict[str, Any]:
    return {
        "epochs": epochs,
        "learning_rate": rate,
        "max_length": length,
        "batch_size": batch,
        "gamma": gamma,
        "phi": phi,
        "warm_start": False,
    }


_PHASE_1: dict[str, Any] = {"fine_tune_epochs": 5, "fine_tune_rate": 2e-5}  # where phase 3 has other values
PRESETS: dict[str, dict[str, Any]] = {
    "sst2": _preset(5, 2e-5, 64, 32, 5e-3, 5e-4),
    "imdb": _preset(5, 2e-5, 512, 16, 5e-3, 5e-4),
    "cola": {**_preset(10, 3e-5, 64, 32, 3e-3, 3e-2), **_PHASE_1, "metric": "mcc"},
    "mrpc": {**_preset(10, 3e-5, 128, 32, 3e-2, 5e-2), **_PHASE_1},
    "mnli": _preset(3, 2e-5, 128, 32, 5e-3, 5e-4),
    "qnli": _preset(5, 2e-5, 128, 32, 5e-3, 1e-4),
    "agnews": _preset(5, 2e-5, 128, 32, 1e-1, 1e-1),
}
"""The paper's settings for BERT-base (appendix B); smaller backbones need larger rates."""
