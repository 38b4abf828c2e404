"""The training procedure of LTP: fine-tune, learn thresholds by soft pruning, fine-tune with hard pruning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rationale.dropping.model import DroppingModel, wrap
from rationale.training.dropping.distil import rounded
from rationale.training.dropping.soft import SoftTrainer
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.ltp.options import LTPOptions
from rationale.training.trainer import ClassifierTrainer, build_trainer


def train_ltp(stages: Stages, options: LTPOptions) -> TrainedDropping:
    """Learns thresholds in OUT.soft, then fine-tunes with fixed thresholds."""
    reference = options.reference or int(stages.prepared.start.tokenizer.model_max_length)
    settings: dict[str, Any] = {
        "final": options.final_threshold,
        "reference": reference,
        "ramp": options.ramp,
        "protect_cls": options.protect_cls,
    }
    if options.soft_epochs:
        soft = replace(
            options, epochs=options.soft_epochs, checkpoint="last", patience=None, bits=None, distil=0.0
        )
        entries = {"system": settings}
        model = stages.between("soft", soft, lambda to: _soft(to, stages, soft, settings), entries)
    else:
        model = wrap(stages.plain().start.model, "ltp", settings)
    if options.bits:
        model = rounded(model, options.bits, stages.prepared.rows.windows)
    return stages.hard(model, distil=options.distil)


def _soft(folder: Path, stages: Stages, options: LTPOptions, settings: dict[str, Any]) -> ClassifierTrainer:
    start = stages.plain()
    model: DroppingModel = wrap(start.start.model, "ltp", settings)
    travel = 4 * (options.final_threshold or 0.01)
    return build_trainer(
        folder,
        start,
        options,
        SoftTrainer,
        model=model,
        strength=1 / options.temperature,
        weight=options.lambda_,
        smoothing=options.label_smoothing,
        threshold_rate=lambda steps: options.threshold_rate or travel / max(steps, 1),
        compute_metrics=stages.metrics(model),
    )
