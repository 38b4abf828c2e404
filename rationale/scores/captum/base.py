"""What all captum methods share: options in the recipe, their own random numbers, one way to fail."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rationale.encoder.loading import Classifier, finite
from rationale.errors import RationaleError
from rationale.scores.methods import FloatArray, WindowMethod
from rationale.tokens.windows import Window

_TOKENS = {"cpu": 1 << 12}  # tokens a batch: on a CPU larger batches gain nothing
_MANY_TOKENS = 1 << 16


@dataclass(frozen=True)
class Options:
    """How a method is run; every field is saved in the recipe."""


@dataclass(frozen=True)
class CaptumMethod(WindowMethod):
    """One window, one logit, signed scores of its tokens.

    Attributes:
        options: How it is run.
    """

    signed: bool = True
    options: Options = Options()

    @property
    def settings(self) -> dict[str, Any]:
        """The options, and which output is explained."""
        return {"library": "captum", "output": "the target's logit", **asdict(self.options)}

    def attribute(self, classifier: Classifier, window: Window, target: int, seed: int) -> FloatArray:
        """Scores (rows, n), not normalised; they depend on nothing but the arguments.

        Args:
            classifier: The model.
            window: What it reads; n tokens.
            target: The logit to explain.
            seed: With the window's own tokens, decides everything random. No global generator is touched.

        Raises:
            ModelError: Where the model yields NaN, or not even one input fits in memory.
        """
        if not (window.word >= 0).any():
            return np.zeros((len(self.layers(classifier)), window.ids.size), dtype=np.float32)
        with random_numbers(seed, window, classifier.device):
            scores = self._explain(classifier, window, target)
        return finite(scores, classifier.identity["name"]).float().cpu().numpy()

    @abstractmethod
    def _explain(self, classifier: Classifier, window: Window, target: int) -> Tensor:
        """Scores (rows, n) of a window that holds at least one word."""


@contextmanager
def random_numbers(seed: int, window: Window, device: torch.device) -> Iterator[None]:
    """Seeds the generators captum draws from, by ``seed`` and the window's tokens; then puts them back."""
    key = hashlib.sha256(f"{seed}\x1f".encode() + window.ids.tobytes()).digest()
    state = np.random.get_state()  # noqa: NPY002  captum draws from numpy's global generator
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int.from_bytes(key[:8], "big") >> 1)
        np.random.seed(int.from_bytes(key[:4], "big"))  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


def inputs_at_once(tokens: int, device: torch.device) -> int:
    """How many inputs of ``tokens`` tokens make one batch."""
    return max(1, _TOKENS.get(device.type, _MANY_TOKENS) // tokens)


def samples_at_once(tokens: int) -> int:
    """How many versions of an input of ``tokens`` tokens are drawn together, on any device the same."""
    return max(1, _MANY_TOKENS // tokens)


def at_least_one(**counts: int) -> None:
    """Raises RationaleError for an option below 1, naming it."""
    for name, count in counts.items():
        if count < 1:
            raise RationaleError(f"{name} = {count}", remedy=f"At least one of the {name} is needed.")
