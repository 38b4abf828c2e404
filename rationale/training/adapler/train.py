"""The training procedure of AdapLeR, from a checkpoint to a finished folder, in three phases."""

from __future__ import annotations

from pathlib import Path

from rationale.dropping.model import wrap
from rationale.training.adapler.importance import importance_maps
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.adapler.trainer import AdapLeRTrainer
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.dropping.trainer import Clamp
from rationale.training.trainer import ClassifierTrainer, arguments, build_trainer


def train_adapler(stages: Stages, options: AdapLeROptions) -> TrainedDropping:
    """Stores saliency beside the fine-tuning, then trains AdapLeR (section 3.5)."""
    return stages.last("adapler", lambda checkpoints: _trainer(checkpoints, stages, options))


def _trainer(folder: Path, stages: Stages, options: AdapLeROptions) -> ClassifierTrainer:
    """Builds the trainer of phase 3; runs phase 2 where its maps are missing."""
    start = stages.plain() if options.warm_start else stages.prepared.reloaded(stages.model, options)
    settings = {name: getattr(options, name) for name in ("inner", "beta", "weigh_by_keep")}
    model = wrap(start.start.model, "adapler", settings)
    with arguments(folder, options, dev=False).main_process_first(local=False):
        device = "cpu" if options.device == "cpu" else "auto"
        importance = importance_maps(stages.first, start, options.target, device)
    return build_trainer(
        folder,
        start,
        options,
        AdapLeRTrainer,
        importance=importance,
        adapler=options,
        model=model,
        compute_loss_func=None,
        compute_metrics=stages.metrics(model, target=options.target_speedup),
        callbacks=[Clamp()],
    )
