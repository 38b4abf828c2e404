"""The base of captum's methods: options saved in the recipe, private random numbers, one error on NaN."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from rationale.arrays import Float32
from rationale.errors import RationaleError
from rationale.loading.classifier import Classifier
from rationale.randomness import Randomness
from rationale.scores.methods import WindowMethod
from rationale.strict_json import Json
from rationale.tokens.windows import Window

_TOKENS = {"cpu": 1 << 12}  # tokens a batch: on a CPU larger batches gain nothing
_MANY_TOKENS = 1 << 16


@dataclass(frozen=True)
class CaptumOptions:
    """How a method is run; every field is saved in the recipe."""


@dataclass(frozen=True)
class CaptumMethod(WindowMethod):
    """One window, one logit, signed scores of its tokens.

    Attributes:
        options: How it is run.
    """

    signed: bool = True
    options: CaptumOptions = CaptumOptions()

    @property
    def settings(self) -> Json:
        """The options, and which output is explained."""
        return {"library": "captum", "output": "the target's logit", **asdict(self.options)}

    def attribute(self, classifier: Classifier, window: Window, target: int, seed: int) -> Float32:
        """Scores (rows, n), not normalised; they depend only on the arguments.

        Args:
            classifier: The model.
            window: The input; n tokens.
            target: The logit to explain.
            seed: With the window's tokens, decides everything random. No global generator is read or written,
                so that threads may run any of these methods at the same time.

        Raises:
            ModelError: Where the model yields NaN, or not even one input fits in memory.
        """
        if not (window.word >= 0).any():
            return np.zeros((len(self.layers(classifier)), window.ids.size), dtype=np.float32)
        randomness = Randomness.of(seed, window.ids.tobytes())
        scores = self._explain(classifier, window, target, randomness)
        return classifier.finite(scores).float().cpu().numpy()

    @abstractmethod
    def _explain(self, classifier: Classifier, window: Window, target: int, randomness: Randomness) -> Tensor:
        """Scores (rows, n) of a window with at least one word; ``randomness`` decides everything random."""


def inputs_at_once(tokens: int, device: torch.device) -> int:
    """The number of inputs of ``tokens`` tokens in one batch."""
    return max(1, _TOKENS.get(device.type, _MANY_TOKENS) // tokens)


def samples_at_once(tokens: int) -> int:
    """The number of random versions of an input of ``tokens`` tokens drawn together, on every device."""
    return max(1, _MANY_TOKENS // tokens)


def at_least_one(**counts: int) -> None:
    """Raises RationaleError for an option below 1, naming it."""
    for name, count in counts.items():
        if count < 1:
            raise RationaleError(f"{name} is {count}, expected at least 1", remedy="Pass a larger number.")
