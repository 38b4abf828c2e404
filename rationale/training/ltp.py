"""Learned Token Pruning's recipe: fine-tune, learn thresholds by degrees, fine-tune with the dropping on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rationale.corpus.document import Documents
from rationale.dropping.model import DroppingForSequenceClassification, wrap
from rationale.training.dropping.options import DroppingOptions
from rationale.training.dropping.soft import SoftTrainer
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.options import option
from rationale.training.trainer import ClassifierTrainer, build_trainer


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
    lam: float = option(0.1, "Lambda: weight of the soft lengths; larger drops more.")
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

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("ramp", lambda value: value in ("one-based", "zero-based"), "one-based or zero-based")
        for name in ("soft_epochs", "lam", "final_threshold"):
            self._require(name, lambda value: value >= 0, "at least 0")
        for name in ("temperature", "threshold_rate"):
            self._require(name, lambda value: value > 0, "above 0")
        self._require("reference", lambda value: value >= 1, "at least 1")


def train_ltp(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    out: str | Path,
    options: LTPOptions | None = None,
    *,
    fine_tuned: str | Path | None = None,
    overwrite: bool = False,
) -> TrainedDropping:
    """Fine-tunes ``model``, learns thresholds in OUT.soft, and fine-tunes with them fixed.

    Arguments, errors and the choice of the epoch are those of :func:`train_adapler`.
    """
    options = options or LTPOptions()
    stages = Stages.begin(model, train, dev, out, options, fine_tuned=fine_tuned, overwrite=overwrite)
    reference = options.reference or int(stages.prepared.start.tokenizer.model_max_length)
    settings: dict[str, Any] = {
        "final": options.final_threshold,
        "reference": reference,
        "ramp": options.ramp,
    }
    if not options.soft_epochs:
        return stages.hard(wrap(stages.plain().start.model, "ltp", settings))
    soft = replace(options, epochs=options.soft_epochs, keep="last", patience=None)
    more = {"system": settings}
    return stages.hard(stages.between("soft", soft, lambda to: _soft(to, stages, soft, settings), more))


def _soft(folder: Path, stages: Stages, options: LTPOptions, settings: dict[str, Any]) -> ClassifierTrainer:
    start = stages.plain()
    model: DroppingForSequenceClassification = wrap(start.start.model, "ltp", settings)
    travel = 4 * (options.final_threshold or 0.01)
    return build_trainer(
        folder,
        start,
        options,
        SoftTrainer,
        model=model,
        strength=1 / options.temperature,
        weight=options.lam,
        smoothing=options.label_smoothing,
        threshold_rate=lambda steps: options.threshold_rate or travel / max(steps, 1),
        compute_metrics=stages.metrics(model),
    )
