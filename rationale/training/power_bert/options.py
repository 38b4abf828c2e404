"""The options of PoWER-BERT's training."""

from __future__ import annotations

from dataclasses import dataclass

from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option


@dataclass(frozen=True)
class PoWERBERTOptions(DroppingOptions):
    """Options of PoWER-BERT's training; the last stage fine-tunes with the searched configuration.

    Raises:
        RationaleError: On a value outside its range.
    """

    search_epochs: int = option(1, "Epochs of the search for the retention configuration.")
    lambda_: float = option(
        1e-3, "Weight of the sum of the retention weights in the loss; larger drops more."
    )
    threshold_rate: float | None = option(
        None,
        "Learning rate of the retention weights. Default: 4 / steps, enough to move a weight from 1 to 0 "
        "in a run of any length.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("search_epochs", lambda value: value >= 1, "at least 1")
        self._require("lambda_", lambda value: value >= 0, "at least 0")
        self._require("threshold_rate", lambda value: value > 0, "above 0")
