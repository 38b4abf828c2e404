"""Fine-tuning with a fixed rule on: SpAtten, and the uninformed baselines that every system has to beat."""

from __future__ import annotations

from typing import Any

from rationale.dropping.model import wrap
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.fixed.options import SpAttenOptions, UninformedOptions


def train_spatten(stages: Stages, options: SpAttenOptions) -> TrainedDropping:
    """Fine-tunes again with the dropping on."""
    return _fixed(stages, "spatten", {"ratio": options.ratio, "cumulative": options.cumulative})


def train_uninformed(stages: Stages, options: UninformedOptions) -> TrainedDropping:
    """Fine-tunes again with tokens dropped that nobody chose."""
    layers = int(stages.prepared.start.model.config.num_hidden_layers)
    drawn = {"seed": options.seed} if options.rule == "random" else {}
    return _fixed(stages, options.rule, {"shares": options.numbers(layers), **drawn})


def _fixed(stages: Stages, system: str, settings: dict[str, Any]) -> TrainedDropping:
    return stages.hard(wrap(stages.plain().start.model, system, settings))
