"""The parts of a model whose weights are re-drawn one after another, from the head down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rationale.loading.classifier import Classifier
from rationale.scores.methods import METHODS

HEAD, POLICY, EMBEDDINGS = "head", "policy", "embeddings"


@dataclass(frozen=True)
class Part:
    """A part of a model.

    Attributes:
        name: ``head``, ``policy``, ``layer 5``, … or ``embeddings``.
        layer: The layer's number; None for the others.
        parameters: The names of its parameters in the model.
    """

    name: str
    layer: int | None
    parameters: tuple[str, ...]

    def decides(self, method: str, layer: int, classifier: Classifier) -> bool:
        """Whether the scores of a method at ``layer`` depend on this part's weights."""
        last = METHODS.get(method).last_layer_read(layer, classifier.policy)
        if last is None:
            return True
        return self.name != HEAD and (self.layer is None or self.layer <= last)


def parts_of(classifier: Classifier) -> tuple[Part, ...]:
    """The parts of a model in the order of the cascade: head, policy, layers L - 1 to 0, embeddings.

    The policy is what a dropping model decides with, such as AdapLeR's contribution predictors. Its
    thresholds belong to no part: they decide how many tokens are dropped and not which.
    """
    named: dict[str, list[str]] = {}
    for name, part in _placed(classifier):
        named.setdefault(part, []).append(name)
    layers = [f"layer {number}" for number in reversed(range(classifier.encoder.layers))]
    return tuple(
        Part(part, int(part.split()[1]) if part in layers else None, tuple(named[part]))
        for part in (HEAD, POLICY, *layers, EMBEDDINGS)
        if part in named
    )


def _placed(classifier: Classifier) -> Iterator[tuple[str, str]]:
    """Every parameter's name and part, thresholds apart."""
    encoder, policy = classifier.encoder, classifier.policy
    layer_of = {
        id(weights): f"layer {number}"
        for number, block in enumerate(encoder.blocks)
        for weights in block.parameters()
    }
    modules = () if policy is None else policy.children()
    decides = {id(weights) for module in modules for weights in module.parameters()}
    thresholds = set() if policy is None else {id(weights) for weights in policy.parameters()} - decides
    for name, weights in classifier.model.named_parameters():
        if id(weights) in layer_of:
            yield name, layer_of[id(weights)]
        elif id(weights) in decides:
            yield name, POLICY
        elif id(weights) not in thresholds:
            embeds = any(word.startswith(EMBEDDINGS) for word in name.split("."))
            yield name, EMBEDDINGS if embeds else HEAD
