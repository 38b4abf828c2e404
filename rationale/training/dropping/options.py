"""The options of every token-dropping training, besides those of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rationale.training.options import TrainingOptions, option


@dataclass(frozen=True)
class DroppingOptions(TrainingOptions):
    """Options of a token-dropping training: a plain fine-tuning, then the stages of the method.

    Raises:
        RationaleError: On a value outside its range.
    """

    warmup: float = option(0.06, "Share of the steps over which learning rates rise from 0.")
    epochs: int = option(5, "Passes over the training documents in the last stage.")
    fine_tune_epochs: int | None = option(
        None,
        "Epochs of the plain fine-tuning that comes first. Default: --epochs; in small data sets more, until "
        "1,000 steps, in at most 20 epochs.",
    )
    fine_tune_rate: float | None = option(
        None, "Peak learning rate of the plain fine-tuning. Default: that of the last stage."
    )

    allow_chance: bool = option(
        False,
        "Continue even if the plain fine-tuning is not above chance on dev. Default: stop, because results "
        "would mean nothing.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("fine_tune_epochs", lambda value: value >= 1, "at least 1")
        self._require("fine_tune_rate", lambda value: value > 0, "above 0")

    def fine_tuning(self) -> TrainingOptions:
        """The options of the plain fine-tuning."""
        names = TrainingOptions.__dataclass_fields__
        plain = TrainingOptions(**{name: getattr(self, name) for name in names})
        return replace(
            plain,
            checkpoint="best",
            epochs=self.fine_tune_epochs or self.epochs,
            learning_rate=self.fine_tune_rate or self.learning_rate,
        )
