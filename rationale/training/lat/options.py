"""Everything LAT's training can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class LATOptions(DroppingOptions):
    """How to train LAT; the last stage learns to bear any lengths, a search without learning follows.

    Raises:
        RationaleError: On a value outside its range.
    """

    length_drop: float = option(0.2, "p: the largest share of what is left that one layer may drop.")
    sandwich: int = option(2, "Random configurations a step, besides the full and the smallest.")
    protect_cls: bool = option(
        True, "Keep [CLS] whatever it receives; off, it may leave, as published for answers."
    )
    layer_drop: float = option(0.2, "Chance that a pass leaves a layer out.")
    distil: Literal["reverse-kl", "forward-kl"] = option(
        "reverse-kl",
        "Divergence from the full pass: reverse-kl, KL(smaller || full), as in the authors' code; or "
        "forward-kl, KL(full || smaller).",
    )
    iterations: int = option(10, "Generations of the search over dev; 0 takes the best of the first.")
    population: int = option(20, "Configurations the search begins with.")
    offspring: int = option(30, "Mutations, and as many crossovers, a generation.")
    speedup: float | None = option(
        None,
        "Take the best lengths that are at least so many times cheaper on dev, whatever they lose. Default: "
        "the cheapest within a point of the plain figure.",
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
        """What its learning stage is made of: nothing of the search, so that all searches can share it."""
        usual = LATOptions()
        return replace(
            self,
            checkpoint="last",
            patience=None,
            iterations=usual.iterations,
            population=usual.population,
            offspring=usual.offspring,
            speedup=None,
        )
