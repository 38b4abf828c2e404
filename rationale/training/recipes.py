"""Every system that can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rationale.training.adapler import AdapLeROptions, train_adapler
from rationale.training.dropping.options import DroppingOptions
from rationale.training.dropping.stages import TrainedDropping
from rationale.training.fixed import BlindOptions, SpAttenOptions, train_blind, train_spatten
from rationale.training.lat import LATOptions, train_lat
from rationale.training.ltp import LTPOptions, train_ltp
from rationale.training.power_bert import PoWERBERTOptions, train_power_bert
from rationale.training.tr_bert import TRBERTOptions, train_tr_bert


@dataclass(frozen=True)
class Recipe:
    """How a system is trained.

    Attributes:
        options: The dataclass of everything it can be told.
        train: ``train(model, train, dev, out, options, fine_tuned=…, overwrite=…)``.
        fixed: Options that the system's name already decides.
    """

    options: type[DroppingOptions]
    train: Callable[..., TrainedDropping]
    fixed: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "adapler": Recipe(AdapLeROptions, train_adapler),
    "ltp": Recipe(LTPOptions, train_ltp),
    "power-bert": Recipe(PoWERBERTOptions, train_power_bert),
    "lat": Recipe(LATOptions, train_lat),
    "spatten": Recipe(SpAttenOptions, train_spatten),
    "tr-bert": Recipe(TRBERTOptions, train_tr_bert),
    "random": Recipe(BlindOptions, train_blind, {"rule": "random"}),
    "first": Recipe(BlindOptions, train_blind, {"rule": "first"}),
}
"""One for each of :data:`rationale.dropping.SYSTEMS`."""
