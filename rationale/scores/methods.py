"""The interfaces of score methods, and their registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rationale.arrays import Float32, Float64
from rationale.corpus.document import Document
from rationale.errors import ModelError
from rationale.registry import Registry
from rationale.scores.families import BASELINE, GRADIENT, first_word
from rationale.strict_json import Json

if TYPE_CHECKING:
    from torch import Tensor

    from rationale.dropping.system import System
    from rationale.dropping.trace import DropTrace
    from rationale.loading.classifier import Classifier
    from rationale.tokens.windows import Window


@dataclass(frozen=True)
class Method(ABC):
    """A way to score the tokens of a document.

    Attributes:
        name: The name that users pass and results carry.
        title: The title in tables and in the legends of charts.
        definition: One sentence or equation, saved with every score.
        signed: Whether scores may be negative: evidence against the target. Signed scores are divided by
            the sum of their absolute values, others by their sum.
        selects: Whether the method selects words itself, those that a dropping model keeps: faithfulness
            removes these instead of a share of the best.
        default: Whether it is computed by default.
    """

    name: str
    title: str
    definition: str
    signed: bool = False
    selects: bool = False
    default: bool = False

    @property
    def family(self) -> str:
        """Methods of one family share a hue; unless a class says otherwise, the name's first word."""
        return first_word(self.name)

    @property
    def settings(self) -> Json:
        """What besides the name decides the numbers; saved in the recipe."""
        return {}

    def fits(self, policy: System | None) -> bool:
        """Whether a model with this policy (None: a plain model) has such scores."""
        del policy
        return True

    def require_fit(self, classifier: Classifier) -> None:
        """Refuses a model that has no such scores.

        Raises:
            ModelError: Saying which method, of which model, and what to do.
        """
        if not self.fits(classifier.policy):
            raise ModelError(
                f"{self.name} is what a token-dropping model decides, and this one drops none",
                where=classifier.identity.name,
                remedy="Train one with `rationale train`, or ask for another.",
            )

    @abstractmethod
    def layers(self, classifier: Classifier) -> tuple[int, ...]:
        """The layer of each row of scores."""

    def last_layer_read(self, layer: int, policy: System | None) -> int | None:
        """The last layer whose weights decide the scores at ``layer``, -1 for none.

        None where every weight does, those of the head too; so it is unless a class says otherwise.
        """
        del layer, policy
        return None


class LayeredMethod(Method):
    """A method with one row of scores for each layer, computed in one pass with the others."""

    def layers(self, classifier: Classifier) -> tuple[int, ...]:
        """Every layer."""
        return tuple(range(classifier.encoder.layers))


class GradientMethod(LayeredMethod):
    """Computes scores from a layer's input and the target's gradient there."""

    @property
    def family(self) -> str:
        """:data:`GRADIENT`."""
        return GRADIENT

    @abstractmethod
    def reduce(self, hidden: Tensor, gradient: Tensor) -> Tensor:
        """Scores (N,) from a layer's input and its gradient, both (N, d)."""


class AttentionReader(ABC):
    """Receives one batch's head-mean attention layer by layer and stores only what it needs."""

    @abstractmethod
    def read(self, layer: int, attention: Tensor) -> None:
        """Receives the attention of ``layer``, (B, n, n): row = query, column = key, padding 0."""

    @abstractmethod
    def finish(self) -> Tensor:
        """Scores (L, B, n)."""


class AttentionMethod(LayeredMethod):
    """Reads the attention of every layer."""

    def last_layer_read(self, layer: int, policy: System | None) -> int | None:
        """The layer itself: attention there does not depend on layers above."""
        del policy
        return layer

    @abstractmethod
    def reader(self) -> AttentionReader:
        """A fresh reader for one batch."""


class DecisionMethod(LayeredMethod):
    """Reads the decisions of a dropping model in each layer; other models have no such scores."""

    def fits(self, policy: System | None) -> bool:
        """Whether the model drops tokens."""
        return policy is not None

    def last_layer_read(self, layer: int, policy: System | None) -> int | None:
        """The layer itself where its attention comes before the decision, else the layer below."""
        return layer if policy is not None and policy.decision_point == "feed-forward" else layer - 1

    @abstractmethod
    def reduce(self, trace: DropTrace) -> Float32:
        """Scores (L, n) of an input's tokens from its drop trace."""


class WindowMethod(Method):
    """Scores one window by running the model on it many times (captum's methods).

    Scores are not normalised, float32 (rows, n), and 0 at tokens that the method does not score.
    """

    @abstractmethod
    def attribute(self, classifier: Classifier, window: Window, target: int, seed: int) -> Float32:
        """Scores (rows, n) of a window's tokens for the logit ``target``; equal seeds, equal scores."""


@dataclass(frozen=True)
class Baseline(Method):
    """Scores words without the model; every other method is compared with these."""

    def layers(self, classifier: Classifier) -> tuple[int, ...]:
        """Layer 0, the input: one row."""
        del classifier
        return (0,)

    default: bool = True

    @property
    def family(self) -> str:
        """:data:`BASELINE`: every other method is compared with those of this family."""
        return BASELINE

    @abstractmethod
    def words(self, document: Document, seed: int) -> Float32:
        """Scores (W,), not negative, of a document's words."""


METHODS: Registry[Method] = Registry(
    "score method",
    [
        f"rationale.scores.{name}"
        for name in ("input_x_gradient", "attention", "rollout", "baselines", "captum", "policy_score")
    ],
    aliases={"saliency": "input_x_gradient"},  # AdapLeR's name; elsewhere saliency is the gradient alone
)


def default_methods() -> tuple[str, ...]:
    """The methods that are computed by default: those of one pass, and the baselines."""
    return tuple(name for name, method in METHODS.items() if method.default)


def one_pass_methods() -> tuple[str, ...]:
    """The default methods that are computed together, from one forward and one backward pass."""
    return tuple(name for name in default_methods() if isinstance(METHODS.get(name), LayeredMethod))


def decision_methods(policy: System | None) -> tuple[str, ...]:
    """The methods that read the decisions of a model with this policy; empty for a plain model."""
    return tuple(
        name for name, method in METHODS.items() if isinstance(method, DecisionMethod) and method.fits(policy)
    )


def reads_decisions(method: str) -> bool:
    """Whether a method reads a dropping model's decisions."""
    return method in METHODS and isinstance(METHODS.get(method), DecisionMethod)


def normalise(scores: Float32, *, signed: bool) -> Float32:
    """Divides each row by its sum, or its sum of absolute values where ``signed``; a row of zeros stays.

    >>> normalise(np.array([[1.0, 3.0], [0.0, 0.0]], np.float32), signed=False)
    array([[0.25, 0.75],
           [0.  , 0.  ]], dtype=float32)
    """
    exact = scores.astype(np.float64)
    total = (np.abs(exact) if signed else exact).sum(axis=-1, keepdims=True)
    shares: Float64 = np.divide(exact, total, out=np.zeros_like(exact), where=total > 0)
    return shares.astype(np.float32)
