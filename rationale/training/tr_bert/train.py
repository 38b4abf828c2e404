"""TR-BERT from a checkpoint to a finished folder: fine-tuning, policies by reward, both with a teacher."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rationale.dropping.model import DroppingModel, wrap
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.tr_bert.options import TRBERTOptions
from rationale.training.tr_bert.trainer import PolicyTrainer
from rationale.training.trainer import ClassifierTrainer, build_trainer


def train_tr_bert(stages: Stages, options: TRBERTOptions) -> TrainedDropping:
    """Learns policies in OUT.policy, then policies and model together.

    Lengths in the reward are the documents' own: the authors divide by the length they pad to, under which
    short inputs feel almost no pressure.
    """
    alone = replace(options, epochs=options.policy_epochs, checkpoint="last", patience=None)

    def policies(folder: Path) -> ClassifierTrainer:
        start = stages.plain()
        fresh = wrap(start.start.model, "tr-bert", {"inner": options.inner})
        return _trainer(folder, stages, fresh, alone, teacher=False)

    learnt = stages.between("policy", alone, policies, {})

    def joint(folder: Path) -> ClassifierTrainer:
        return _trainer(folder, stages, learnt, options, teacher=True)

    return stages.last("tr-bert", joint, {"system": learnt.system.settings})


def _trainer(
    folder: Path,
    stages: Stages,
    model: DroppingModel,
    options: TRBERTOptions,
    *,
    teacher: bool,
) -> ClassifierTrainer:
    return build_trainer(
        folder,
        stages.prepared,
        options,
        PolicyTrainer,
        model=model,
        tr_bert=options,
        teacher=stages.teacher() if teacher else None,
        compute_loss_func=None,
        compute_metrics=stages.metrics(model),
    )
