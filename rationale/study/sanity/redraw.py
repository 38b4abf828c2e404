"""Re-draws the weights of a copy of a model: as before training, or permuted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor

from rationale.dropping.model import DroppingModel
from rationale.loading.classifier import Classifier
from rationale.randomness import Randomness
from rationale.study.sanity.names import Draw
from rationale.study.sanity.parts import POLICY, Part


class Redrawing:
    """A copy of a classifier whose parts are re-drawn; the classifier itself is never written to.

    Args:
        classifier: The model.
        draw: ``init``, the family's own initialisation (norms 1 and 0, biases 0); ``shuffle``, the numbers of
            each parameter in random order.
    """

    def __init__(self, classifier: Classifier, draw: Draw) -> None:
        self._original, self._draw = classifier, draw
        model = deepcopy(classifier.model)
        drops = isinstance(model, DroppingModel)
        encoder = type(classifier.encoder)(model.backbone if drops else model)
        self._copy = replace(classifier, model=model, encoder=encoder, policy=model.system if drops else None)
        self._prefix = "backbone." if drops else ""

    def __call__(self, parts: Iterable[Part], seed: int) -> Classifier:
        """The copy with the weights of ``parts`` re-drawn and all others as they were.

        The weights of a part depend only on the seed, and not on which other parts are re-drawn. Each call
        changes the copy that the call before it returned.

        Args:
            parts: The parts to re-draw.
            seed: Random seed.
        """
        original = dict(self._original.model.named_parameters())
        drawn = {name: part for part in parts for name in part.parameters}
        with torch.no_grad():
            for name, weights in self._copy.model.named_parameters():
                fresh = original[name]
                if name in drawn:
                    generator = Randomness.of(seed, self._draw, name).torch()
                    fresh = self._fresh(name, fresh, drawn[name], generator)
                weights.copy_(fresh)
        return self._copy

    def _fresh(self, name: str, trained: Tensor, part: Part, generator: torch.Generator) -> Tensor:
        """New numbers for one parameter, on the CPU."""
        if self._draw == "shuffle":
            order = torch.randperm(trained.numel(), generator=generator)
            return trained.detach().cpu().flatten()[order].reshape(trained.shape)
        if part.name == POLICY:
            return _as_linear(self._copy.model, name, generator)
        if trained.dim() > 1:
            fresh = torch.empty(trained.shape, dtype=torch.float32)
            self._copy.encoder.initialise(name.removeprefix(self._prefix), fresh, generator)
            return fresh
        return torch.ones(trained.shape) if name.endswith("weight") else torch.zeros(trained.shape)


def _as_linear(model: torch.nn.Module, name: str, generator: torch.Generator) -> Tensor:
    """A weight or bias as torch initialises linear layers: uniform within 1 / sqrt(inputs)."""
    layer = model.get_submodule(name.rpartition(".")[0])
    shape, inputs = model.get_parameter(name).shape, int(layer.get_parameter("weight").shape[-1])
    return torch.empty(shape).uniform_(-1.0, 1.0, generator=generator) / math.sqrt(inputs)
