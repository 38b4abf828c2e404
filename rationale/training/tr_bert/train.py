"""The training procedure of TR-BERT: fine-tune, learn policies by reward, then both jointly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rationale.dropping.model import DroppingModel, wrap
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.tr_bert.options import TRBERTOptions
from rationale.training.tr_bert.trainer import PolicyTrainer
from rationale.training.trainer import ClassifierTrainer, build_trainer


def train_tr_bert(stages: Stages, options: TRBERTOptions) -> TrainedDropping:
    """Learns policies in OUT.policy, then policies and model jointly.

    The reward divides by the length of each document. The authors divide by the padded length, which barely
    penalises kept tokens of short inputs.
    """
    policy_options = replace(options, epochs=options.policy_epochs, checkpoint="last", patience=None)

    def policies(folder: Path) -> ClassifierTrainer:
        start = stages.plain()
        model = wrap(start.start.model, "tr-bert", {"inner": options.inner})
        return _trainer(folder, stages, model, policy_options, teacher=False)

    trained = stages.between("policy", policy_options, policies, {})

    def joint(folder: Path) -> ClassifierTrainer:
        return _trainer(folder, stages, trained, options, teacher=True)

    return stages.last("tr-bert", joint, {"system": trained.system.settings})


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
