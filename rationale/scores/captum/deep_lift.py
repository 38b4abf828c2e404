"""DeepLIFT at a layer's input: captum's attribution, with multipliers for every operation of an encoder."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rationale.errors import ModelError
from rationale.extras import optional
from rationale.randomness import Randomness
from rationale.scores.captum.gradients import LayerMethod, LayerOptions, Tail
from rationale.scores.captum.rescale import Rescale
from rationale.scores.methods import METHODS
from rationale.tokens.batches import in_batches


@dataclass(frozen=True)
class DeepLiftOptions(LayerOptions):
    """How DeepLIFT is run; with several references it is DeepLIFT-SHAP, the mean over them.

    Attributes:
        rule: The rescaled operations, for the recipe.
    """

    rule: str = (
        "rescale on activations, softmax (through log p) and inverse deviation; "
        "products shared by half; everything else is linear"
    )


@dataclass(frozen=True)
class DeepLift(LayerMethod):
    """DeepLIFT with the rescale rule (Shrikumar et al., 2017); scores sum to the logits' difference.

    One pass over an input and its reference holds the attention of all heads in full.
    """

    options: DeepLiftOptions = DeepLiftOptions()

    def _at_layer(self, tail: Tail, inputs: Tensor, references: Tensor, randomness: Randomness) -> Tensor:
        def attributions_of(numbers: list[int]) -> list[Tensor]:
            return [_against(tail, inputs, references[number][None]) for number in numbers]

        tokens = 2 * tail.window.ids.size
        return torch.stack(in_batches([tokens] * len(references), 1, attributions_of)).mean(dim=0)


class _Pair(nn.Module):
    """A tail that reads an input and its reference as the two halves of one batch."""

    def __init__(self, tail: Tail) -> None:
        super().__init__()
        self.tail, self.logits = tail, torch.zeros(2)

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits (2,) of the input and its reference, (2, n, d)."""
        with Rescale():
            logits = self.tail.logits(hidden)
        self.logits = logits.detach()
        return logits


def _against(tail: Tail, inputs: Tensor, reference: Tensor) -> Tensor:
    """Attributions (1, n, d) of an input against one reference.

    Raises:
        ModelError: Where they do not sum to the difference of the logits: the model has an operation that no
            rule covers.
    """
    pair = _Pair(tail)
    with warnings.catch_warnings():
        # captum warns of hooks on activation modules; this module has none
        warnings.filterwarnings("ignore", message="Setting forward, backward hooks", category=UserWarning)
        attributions: Tensor = (
            optional("captum.attr").DeepLift(pair).attribute(inputs.detach().requires_grad_(), reference)
        )
    tolerance = 3 * torch.finfo(tail.dtype).eps ** 0.5
    _check_sum(attributions.detach(), pair.logits, tolerance, tail.classifier.identity.name)
    return attributions


def _check_sum(attributions: Tensor, logits: Tensor, tolerance: float, name: str) -> None:
    total, difference = float(attributions.sum()), float(logits[0] - logits[1])
    scale = float(attributions.abs().sum() + logits.abs().sum())
    if abs(total - difference) > tolerance * scale:
        raise ModelError(
            f"DeepLIFT's scores sum to {total:.4g}, and the logits differ by {difference:.4g}",
            where=name,
            remedy="The model has an operation that no rule covers; use integrated_gradients instead.",
        )


METHODS.register("deep_lift")(
    DeepLift(
        "deep_lift",
        "DeepLIFT",
        "(h - h') times DeepLIFT's multipliers of the target's logit (rescale rule; products shared by "
        "half), summed over the width; h enters the layer, h' does for the reference input",
    )
)
