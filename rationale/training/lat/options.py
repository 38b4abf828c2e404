"""The options of LAT's training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class LATOptions(DroppingOptions):
    """Options of LAT's training; the last stage trains with random lengths, before a search on dev.

    Raises:
        RationaleError: On a value outside its range.
    """

    length_drop: float = option(0.2, "Largest share of the remaining tokens that one layer may drop.")
    sandwich: int = option(2, "Random configurations per step, besides the full and the smallest.")
    protect_cls: bool = option(
        True, "Always keep [CLS]; off: it may be dropped, as published for question answering."
    )
    layer_drop: float = option(0.2, "Probability that a pass skips a layer (LayerDrop).")
    distil: Literal["reverse-kl", "forward-kl"] = option(
        "reverse-kl",
        "Divergence from the full model: reverse-kl, KL(smaller || full), as in the authors' code, or "
        "forward-kl, KL(full || smaller).",
    )
    iterations: int = option(10, "Generations of the search on dev; 0 takes the best initial configuration.")
    population: int = option(20, "Initial configurations of the search.")
    offspring: int = option(30, "Mutations per generation, and as many crossovers.")
    speedup: float | None = option(
        None,
        "Take the best configuration with at least this FLOPs speedup on dev. Default: the cheapest within a "
        "point of plain.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            "distil", lambda value: value in ("reverse-kl", "forward-kl"), "reverse-kl or forward-kl"
        )
        for name in ("length_drop", "layer_drop"):
            self._require(name, lambda value: 0 <= value < 1, "at least 0 and below 1")
        for name in ("sandwich", "iterations"):
            self._require(name, lambda value: value >= 0, "at least 0")
        self._require("speedup", lambda value: value >= 1, "at least 1")
        for name in ("population", "offspring"):
            self._require(name, lambda value: value >= 1, "at least 1")

    def learning(self) -> LATOptions:
        """The options of the training stage, without those of the search, so that all searches share it."""
        defaults = LATOptions()
        return replace(
            self,
            checkpoint="last",
            patience=None,
            iterations=defaults.iterations,
            population=defaults.population,
            offspring=defaults.offspring,
            speedup=None,
        )
