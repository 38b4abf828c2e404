"""Occlusion, LIME and KernelSHAP: the change of the target's logit when words are removed."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rationale.errors import RationaleError
from rationale.extras import optional
from rationale.loading.classifier import Classifier
from rationale.randomness import Randomness
from rationale.scores.captum.base import CaptumMethod, CaptumOptions, at_least_one, inputs_at_once
from rationale.scores.methods import METHODS
from rationale.scores.removal import reduced_logits, without
from rationale.strict_json import Json
from rationale.tokens.windows import Window

_AT_ONCE = 256  # subsets of words in memory at once


class Removal:
    """The target's logit as a function of which words are read, (P, M) of 0 and 1 -> (P,).

    Args:
        classifier: The model.
        window: A window that holds at least one word.
        target: The logit.

    Attributes:
        words: int32 (M,), the document's words in the window, in order.
    """

    def __init__(self, classifier: Classifier, window: Window, target: int) -> None:
        self.classifier, self.window, self.target = classifier, window, target
        self.words = np.unique(window.word[window.word >= 0])

    def __call__(self, kept: Tensor) -> Tensor:
        """float64 logits (P,)."""
        removed = np.zeros((len(kept), int(self.words[-1]) + 1), dtype=np.bool_)
        removed[:, self.words] = kept.cpu().numpy() == 0
        inputs = [without(self.window, row) for row in removed]
        batch = inputs_at_once(self.window.ids.size, self.classifier.device)
        return torch.from_numpy(reduced_logits(self.classifier, inputs, batch)[:, self.target])

    def everything(self) -> Tensor:
        """The subset of all words: float32 ones (1, M)."""
        return torch.ones(1, self.words.size)

    def to_tokens(self, values: Tensor) -> Tensor:
        """Scores (1, n) of the tokens: each word's score, (M,), shared evenly by its tokens."""
        inside = self.window.word >= 0
        column = np.searchsorted(self.words, self.window.word[inside])
        pieces = np.bincount(column)
        scores = np.zeros((1, self.window.ids.size))
        scores[0, inside] = values.double().numpy()[column] / pieces[column]
        return torch.from_numpy(scores)


@dataclass(frozen=True)
class WordMethod(CaptumMethod):
    """Scores words by the model's output without some of them."""

    @property
    def family(self) -> str:
        """``perturbation``."""
        return "perturbation"

    @property
    def settings(self) -> Json:
        """The options, and what removing is."""
        rule = "token ids deleted, the others keep their positions; special tokens and the query stay"
        return {**super().settings, "removal": rule, "tokens": "a word's score is shared by its tokens"}

    def layers(self, classifier: Classifier) -> tuple[int, ...]:
        """Layer 0: words are removed from the input."""
        return (0,)

    def _explain(self, classifier: Classifier, window: Window, target: int, randomness: Randomness) -> Tensor:
        removal = Removal(classifier, window, target)
        return removal.to_tokens(self._words(removal, randomness).flatten())

    @abstractmethod
    def _words(self, removal: Removal, randomness: Randomness) -> Tensor:
        """Scores of the window's words, M of them."""


@dataclass(frozen=True)
class OcclusionOptions(CaptumOptions):
    """How occlusion is run; the model reads the window about words / stride times.

    Attributes:
        width: Neighbouring words removed together; each gets the mean loss over its removals.
        stride: Words between the starts of two removals; at most ``width``.
    """

    width: int = 1
    stride: int = 1

    def __post_init__(self) -> None:
        at_least_one(width=self.width, stride=self.stride)
        if self.stride > self.width:
            raise RationaleError(
                f"the stride is {self.stride}, expected at most the width of {self.width}: a larger one "
                "never removes some words"
            )


@dataclass(frozen=True)
class Occlusion(WordMethod):
    """Occlusion by word, also called leave-one-out (Zeiler and Fergus, 2014; Li et al., 2016)."""

    options: OcclusionOptions = OcclusionOptions()

    def _words(self, removal: Removal, randomness: Randomness) -> Tensor:
        width = min(self.options.width, removal.words.size)
        scores: Tensor = (
            optional("captum.attr")
            .Occlusion(removal)
            .attribute(
                removal.everything(),
                sliding_window_shapes=(width,),
                strides=min(self.options.stride, width),
                perturbations_per_eval=_AT_ONCE,
            )
        )
        return scores


@dataclass(frozen=True)
class LimeOptions(CaptumOptions):
    """How LIME is run; kernel and penalty are those of the published code for text.

    With about as many samples as words the scores correlate with their limit at about 0.7, with four times
    as many at 0.9; so do KernelSHAP's.

    Attributes:
        samples: Random removals; each word stays with probability one half.
        kernel_width: Width of exp(-distance^2 / (2 width^2)); the distance is 1 - the cosine with the full
            text.
        penalty: The penalty of the ridge regression that explains the logits.
    """

    samples: int = 500
    kernel_width: float = 0.25
    penalty: float = 1.0

    def __post_init__(self) -> None:
        at_least_one(samples=self.samples)
        if self.kernel_width <= 0 or self.penalty < 0:
            raise RationaleError(
                f"kernel_width is {self.kernel_width} and penalty {self.penalty}, expected above 0 and at "
                "least 0"
            )


@dataclass(frozen=True)
class Lime(WordMethod):
    """LIME (Ribeiro et al., 2016)."""

    options: LimeOptions = LimeOptions()

    def _words(self, removal: Removal, randomness: Randomness) -> Tensor:
        from rationale.scores.captum.sampling import lime

        options = self.options
        return lime(
            removal, removal.words.size, options.samples, randomness,
            kernel_width=options.kernel_width, penalty=options.penalty,
        )  # fmt: skip


@dataclass(frozen=True)
class KernelShapOptions(CaptumOptions):
    """How KernelSHAP is run.

    Attributes:
        samples: Subsets of the words to read. Where these are enough for all subsets, each is read once and
            the Shapley values are exact; otherwise each subset is drawn together with its complement.
        penalty: The penalty of the ridge regression that explains the logits of drawn subsets.
    """

    samples: int = 500
    penalty: float = 1.0

    def __post_init__(self) -> None:
        at_least_one(samples=self.samples)
        if self.penalty < 0:
            raise RationaleError(f"penalty is {self.penalty}, expected at least 0")


@dataclass(frozen=True)
class KernelShap(WordMethod):
    """KernelSHAP (Lundberg and Lee, 2017), with paired sampling (Covert and Lee, 2021)."""

    options: KernelShapOptions = KernelShapOptions()

    def _words(self, removal: Removal, randomness: Randomness) -> Tensor:
        from rationale.scores.captum.sampling import kernel_shap

        return kernel_shap(
            removal, removal.words.size, self.options.samples, self.options.penalty, randomness
        )


METHODS.register("occlusion")(
    Occlusion("occlusion", "Occlusion", "What the target's logit loses when the word is removed")
)
METHODS.register("lime")(
    Lime(
        "lime",
        "LIME",
        "The word's coefficient in a ridge regression of the target's logit on which words were left, "
        "samples weighed by their likeness to the full text",
    )
)
METHODS.register("kernel_shap")(
    KernelShap(
        "kernel_shap",
        "KernelSHAP",
        "The word's Shapley value for the target's logit, estimated by weighted linear regression on "
        "which words were left",
    )
)
