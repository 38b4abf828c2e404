"""Integrated Gradients and GradientSHAP at a layer's input."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from rationale.encoder.attention import plain_attention
from rationale.errors import ModelError, RationaleError
from rationale.extras import optional
from rationale.loading.classifier import Classifier
from rationale.randomness import Randomness
from rationale.scores.captum.base import (
    CaptumMethod,
    CaptumOptions,
    at_least_one,
    inputs_at_once,
    samples_at_once,
)
from rationale.scores.methods import METHODS
from rationale.strict_json import Json
from rationale.tokens.batches import in_batches
from rationale.tokens.packing import pack
from rationale.tokens.windows import Window

Reference = Literal["pad", "mask"]


@dataclass(frozen=True)
class LayerOptions(CaptumOptions):
    """The layers and references of a gradient method.

    Attributes:
        layers: The layers at whose input it attributes, one row each; None means all. Every layer costs
            about as much as the first.
        references: The special tokens that replace words in the reference input.
    """

    layers: tuple[int, ...] | None = (0,)
    references: tuple[Reference, ...] = ("pad",)

    def __post_init__(self) -> None:
        if not self.references or not set(self.references) <= {"pad", "mask"}:
            raise RationaleError(
                f"the references are {self.references}, expected special tokens", remedy="Known: pad, mask."
            )


class Tail:
    """The target's logit as a function of a layer's input, (P, n, d) -> (P,).

    Values and gradients are computed together, a batch of inputs at a time, and the batch shrinks when memory
    runs out: however many inputs captum passes at once, memory stays that of one batch.

    Args:
        classifier: The model.
        window: The window of which all inputs are versions; n tokens.
        layer: The layer that the inputs enter.
        target: The logit.
    """

    def __init__(self, classifier: Classifier, window: Window, layer: int, target: int) -> None:
        self.classifier, self.window, self.layer, self.target = classifier, window, layer, target
        self.batch = inputs_at_once(window.ids.size, classifier.device)
        self.dtype: torch.dtype = next(classifier.model.parameters()).dtype

    def __call__(self, hidden: Tensor) -> Tensor:
        """The logits (P,), differentiable once."""
        values: Tensor = _InBatches.apply(hidden, self)  # type: ignore[no-untyped-call]
        return values

    def logits(self, hidden: Tensor) -> Tensor:
        """The logits (P,) from the layer's input, (P, n, d), in one batch and in the model's arithmetic."""
        ids, types = [self.window.ids] * len(hidden), [self.window.types] * len(hidden)
        packed = pack(ids, types, device=hidden.device)
        rows = hidden.flatten(0, 1).to(self.dtype)
        logits = self.classifier.finite(self.classifier.forward_from(self.layer, rows, packed))
        return self.classifier.per_class(logits)[:, self.target].to(hidden.dtype)

    def values_and_gradients(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (P,) and their gradients (P, n, d)."""

        def batch(numbers: list[int]) -> list[tuple[Tensor, Tensor]]:
            part = hidden[numbers].requires_grad_()
            with torch.enable_grad():
                values = self.logits(part)
                (gradient,) = torch.autograd.grad(values.sum(), part)
            return list(zip(values.detach(), gradient, strict=True))

        results = in_batches([self.window.ids.size] * len(hidden), self.batch, batch)
        return torch.stack([value for value, _ in results]), torch.stack([g for _, g in results])


class _InBatches(torch.autograd.Function):
    """Computes gradients in the forward pass, batch by batch; the backward pass only returns them."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, tail: Tail) -> Tensor:
        values, gradients = tail.values_and_gradients(hidden.detach())
        ctx.save_for_backward(gradients)
        return values

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None]:
        (gradients,) = ctx.saved_tensors
        return gradients * outer[:, None, None], None


@dataclass(frozen=True)
class LayerMethod(CaptumMethod):
    """Attributes to the inputs of some layers; scores are summed over the width."""

    options: LayerOptions = LayerOptions()

    @property
    def family(self) -> str:
        """``path``: gradients between a reference input and this one."""
        return "path"

    @property
    def settings(self) -> Json:
        """The options, and what the reference input is."""
        rule = "the window's document tokens replaced by the special token, same positions; [CLS], [SEP]"
        return {**super().settings, "reference": f"{rule} and the query unchanged"}

    def layers(self, classifier: Classifier) -> tuple[int, ...]:
        """The layers of the rows.

        Raises:
            ModelError: Where the model has not all of them.
        """
        existing = range(classifier.encoder.layers)
        requested = tuple(existing) if self.options.layers is None else self.options.layers
        for layer in requested:
            if layer not in existing:
                raise ModelError(
                    f"{self.name} is asked for layer {layer} of a model of {len(existing)} layers",
                    where=classifier.identity.name,
                    remedy=f"Layers count from 0 to {len(existing) - 1}.",
                )
        return requested

    def _explain(self, classifier: Classifier, window: Window, target: int, randomness: Randomness) -> Tensor:
        rows = []
        for layer, states in self._entering(classifier, window):
            tail = Tail(classifier, window, layer, target)
            rows.append(self._at_layer(tail, states[:1], states[1:], randomness).detach()[0].sum(dim=-1))
        return torch.stack(rows)

    @abstractmethod
    def _at_layer(self, tail: Tail, inputs: Tensor, references: Tensor, randomness: Randomness) -> Tensor:
        """Attributions (1, n, d) of a layer's input, (1, n, d), against references (R, n, d)."""

    def _entering(self, classifier: Classifier, window: Window) -> list[tuple[int, Tensor]]:
        """The input of each layer for the window and its references, at least float32 (1 + R, n, d)."""
        versions = [window.ids, *_references(classifier, window, self.options.references)]
        packed = pack(versions, [window.types] * len(versions), device=classifier.device)
        layers, encoder, states = self.layers(classifier), classifier.encoder, {}
        with torch.no_grad():
            hidden = encoder.embed(packed)
            for layer in range(max(layers) + 1):
                exact = torch.promote_types(hidden.dtype, torch.float32)
                states[layer] = hidden.view(len(versions), window.ids.size, -1).to(exact)
                hidden = encoder.layer(layer, hidden, packed, plain_attention)
        return [(layer, states[layer]) for layer in layers]


def _references(
    classifier: Classifier, window: Window, names: Sequence[Reference]
) -> list[np.ndarray[Any, np.dtype[np.int32]]]:
    """The window's ids with its document tokens replaced, one for each special token that exists."""
    known = {name: getattr(classifier.tokenizer, f"{name}_token_id", None) for name in names}
    token_ids = [int(token_id) for token_id in known.values() if token_id is not None]
    if not token_ids:
        raise ModelError(
            f"the tokenizer has no {' or '.join(names)} token, the reference of this method",
            where=classifier.identity.name,
            remedy="Choose another reference in the method's options, or another method.",
        )
    return [np.where(window.word >= 0, np.int32(token_id), window.ids) for token_id in token_ids]


@dataclass(frozen=True)
class IntegratedGradientsOptions(LayerOptions):
    """How Integrated Gradients is run.

    Attributes:
        steps: Points on the path from each reference.
        rule: The quadrature rule, as captum names it.
    """

    steps: int = 50
    rule: str = "gausslegendre"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one(steps=self.steps)


@dataclass(frozen=True)
class IntegratedGradients(LayerMethod):
    """Integrated Gradients (Sundararajan et al., 2017); the mean over several references."""

    options: IntegratedGradientsOptions = IntegratedGradientsOptions()

    def _at_layer(self, tail: Tail, inputs: Tensor, references: Tensor, randomness: Randomness) -> Tensor:
        count, options = len(references), self.options
        attributions: Tensor = (
            optional("captum.attr")
            .IntegratedGradients(tail)
            .attribute(
                inputs.expand(count, -1, -1),
                references,
                n_steps=options.steps,
                method=options.rule,
                internal_batch_size=max(count, tail.batch),
            )
        )
        return attributions.mean(dim=0, keepdim=True)


@dataclass(frozen=True)
class GradientShapOptions(LayerOptions):
    """How GradientSHAP is run.

    Attributes:
        samples: Random points, each on the path from a reference drawn at random.
    """

    references: tuple[Reference, ...] = ("pad", "mask")
    samples: int = 25

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one(samples=self.samples)


@dataclass(frozen=True)
class GradientShap(LayerMethod):
    """GradientSHAP, or expected gradients (Lundberg and Lee, 2017); no noise is added to the input."""

    options: GradientShapOptions = GradientShapOptions()

    def _at_layer(self, tail: Tail, inputs: Tensor, references: Tensor, randomness: Randomness) -> Tensor:
        random, remaining = randomness.legacy(), self.options.samples
        total = torch.zeros_like(inputs)
        at_once = samples_at_once(tail.window.ids.size)
        while remaining:
            count = min(remaining, at_once)
            total += _on_random_paths(tail, inputs, references, count, random)
            remaining -= count
        return total / self.options.samples


def _on_random_paths(
    tail: Tail, inputs: Tensor, references: Tensor, count: int, random: np.random.RandomState
) -> Tensor:
    """The sum over random points of (h - h') times the gradient there, (1, n, d).

    Points are drawn as in captum, but not from the process's generators, which every thread uses.
    """
    drawn_references = references[random.choice(len(references), count)]
    position = torch.from_numpy(random.uniform(0.0, 1.0, count)).to(inputs)[:, None, None]
    _, gradients = tail.values_and_gradients(position * inputs + (1.0 - position) * drawn_references)
    return ((inputs - drawn_references) * gradients).sum(dim=0, keepdim=True)


METHODS.register("integrated_gradients")(
    IntegratedGradients(
        "integrated_gradients",
        "Integrated Gradients",
        "(h - h') times the mean gradient of the target's logit on the straight path from h' to h, summed "
        "over the width; h enters the layer, h' does for the reference input",
    )
)
METHODS.register("gradient_shap")(
    GradientShap(
        "gradient_shap",
        "GradientSHAP",
        "Mean over random points between h' and h of (h - h') times the gradient of the target's logit, "
        "summed over the width; h enters the layer, h' does for a reference input drawn at random",
    )
)
