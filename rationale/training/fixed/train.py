"""Fine-tuning with a fixed pruning rule: SpAtten and the uninformed baselines."""

from __future__ import annotations

from typing import Any

from rationale.dropping.model import wrap
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.fixed.options import SpAttenOptions, UninformedOptions


def train_spatten(stages: Stages, options: SpAttenOptions) -> TrainedDropping:
    """Fine-tunes again with SpAtten's pruning."""
    return _fixed(stages, "spatten", {"ratio": options.ratio, "cumulative": options.cumulative})


def train_uninformed(stages: Stages, options: UninformedOptions) -> TrainedDropping:
    """Fine-tunes again with random or lead pruning."""
    layers = int(stages.prepared.start.model.config.num_hidden_layers)
    seed = {"seed": options.seed} if options.rule == "random" else {}
    return _fixed(stages, options.rule, {"shares": options.numbers(layers), **seed})


def _fixed(stages: Stages, system: str, settings: dict[str, Any]) -> TrainedDropping:
    return stages.hard(wrap(stages.plain().start.model, system, settings))
