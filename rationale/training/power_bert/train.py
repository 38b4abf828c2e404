"""The training procedure of PoWER-BERT: fine-tune, search a retention configuration, fine-tune with it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from rationale.dropping.model import wrap
from rationale.dropping.power_bert import PoWERBERT
from rationale.training.dropping.soft import SoftTrainer
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.dropping.trainer import Clamp
from rationale.training.power_bert.options import PoWERBERTOptions
from rationale.training.trainer import ClassifierTrainer, build_trainer

log = logging.getLogger(__name__)


def train_power_bert(stages: Stages, options: PoWERBERTOptions) -> TrainedDropping:
    """Searches a retention configuration in OUT.search, then fine-tunes with it."""
    longest = max(stages.prepared.rows.lengths)
    search = replace(options, epochs=options.search_epochs, checkpoint="last", patience=None)
    settings = {"longest": longest}
    searched = stages.between(
        "search", search, lambda folder: _search(folder, stages, search, settings), {"system": settings}
    )
    policy: PoWERBERT = searched.system  # type: ignore[assignment]
    log.info("retention configuration: %s", ", ".join(map(str, policy.retention)))
    return stages.hard(
        wrap(searched.backbone, "power-bert", {"retention": list(policy.retention), "longest": longest})
    )


def _search(
    folder: Path, stages: Stages, options: PoWERBERTOptions, settings: dict[str, int]
) -> ClassifierTrainer:
    start = stages.plain()
    model = wrap(start.start.model, "power-bert", settings)
    return build_trainer(
        folder,
        start,
        options,
        SoftTrainer,
        model=model,
        strength=0.0,
        weight=options.lambda_,
        smoothing=options.label_smoothing,
        threshold_rate=lambda steps: options.threshold_rate or 4 / max(steps, 1),
        compute_metrics=stages.metrics(model),
        callbacks=[Clamp()],
    )
