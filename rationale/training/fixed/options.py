"""The options of training with a fixed pruning rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rationale.errors import RationaleError
from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class SpAttenOptions(DroppingOptions):
    """Options of SpAtten's training.

    Raises:
        RationaleError: On a value outside its range.
    """

    ratio: float = option(0.3, "Share of an input's tokens kept in the last layer.")
    cumulative: bool = option(True, "Sum attention over all layers so far; off: use each layer's own.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("ratio", lambda value: value <= 1, "at most 1")


@dataclass(frozen=True)
class UninformedOptions(DroppingOptions):
    """Options of training with random or lead pruning.

    Raises:
        RationaleError: On a value outside its range.
    """

    rule: Literal["random", "lead"] = option("random", "Which tokens are kept: random, or lead (the first).")
    shares: str = option(
        "0.5",
        "Share of an input's tokens kept in each layer: one number for all layers, or one for each, with "
        "commas.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("rule", lambda value: value in ("random", "lead"), "random or lead")
        self.numbers(1)

    def numbers(self, layers: int) -> list[float]:
        """Parses the shares of L layers.

        Raises:
            RationaleError: Where a share is not a number.
        """
        try:
            numbers = [float(part) for part in self.shares.split(",")]
        except ValueError:
            raise RationaleError(
                f"--shares is {self.shares!r}", remedy="Give numbers such as 0.9,0.8,0.6,0.4,0.3,0.2."
            ) from None
        return numbers * layers if len(numbers) == 1 else numbers
