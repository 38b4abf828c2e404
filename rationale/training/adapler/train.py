"""AdapLeR from a checkpoint to a finished folder: three phases, each resumed or skipped where it can be."""

from __future__ import annotations

from pathlib import Path

from rationale.corpus.document import Documents
from rationale.dropping.model import wrap
from rationale.errors import RationaleError
from rationale.training.adapler.importance import maps
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.adapler.trainer import AdapLeRTrainer
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.dropping.trainer import Clamp
from rationale.training.trainer import ClassifierTrainer, arguments, build_trainer


def train_adapler(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    out: str | Path,
    options: AdapLeROptions | None = None,
    *,
    fine_tuned: str | Path | None = None,
    overwrite: bool = False,
) -> TrainedDropping:
    """Fine-tunes ``model``, stores saliency, and trains AdapLeR from ``model`` again (section 3.5).

    The epoch kept is the one with the largest FLOPs speedup among those within a point of phase 1's best dev
    figure; where there is none, the one with the best figure, and ``training.json`` says so. With
    ``options.keep`` "last" it is the last.

    Args:
        model: A local folder or hub id.
        train: Labelled documents of two labels or more.
        dev: Labelled documents to choose epochs by; None keeps the last.
        out: The folder to make.
        options: How to train; None takes the defaults.
        fine_tuned: The folder of phases 1 and 2, made where it is missing and used where it is not: runs that
            differ in gamma or phi can share one. Default: ``OUT.fine-tuned``.
        overwrite: Replace what is there.

    Raises:
        RationaleError: Where answers to questions are to be learnt: its saliency is that of one label.
        DataError, ModelError, OutputError: As :func:`rationale.training.train_classifier`.
    """
    options = options or AdapLeROptions()
    if options.task == "answers":
        raise RationaleError(
            "AdapLeR learns classes or a number",
            remedy="Train ltp, lat or another system to answer questions.",
        )
    stages = Stages.begin(model, train, dev, out, options, fine_tuned=fine_tuned, overwrite=overwrite)
    return stages.last("adapler", lambda checkpoints: _trainer(checkpoints, stages, options))


def _trainer(folder: Path, stages: Stages, options: AdapLeROptions) -> ClassifierTrainer:
    """Phase 3, from where phase 1 began or from its best epoch; phase 2 where it is missing."""
    start = stages.plain() if options.warm_start else stages.prepared.anew(stages.model, options)
    settings = {name: getattr(options, name) for name in ("inner", "beta", "weigh_by_keep")}
    model = wrap(start.start.model, "adapler", settings)
    with arguments(folder, options, dev=False).main_process_first(local=False):
        device = "cpu" if options.device == "cpu" else "auto"
        importance = maps(stages.first, start, options.target, device)
    return build_trainer(
        folder,
        start,
        options,
        AdapLeRTrainer,
        importance=importance,
        adapler=options,
        model=model,
        compute_loss_func=None,
        compute_metrics=stages.metrics(model),
        callbacks=[Clamp()],
    )
