"""Evolutionary search of length configurations (LAT, section 3.3): the best figure at every cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rationale.dropping.lat import smallest

Lengths = tuple[int, ...]
Of = Callable[[Lengths], float]
"""A number of a configuration: what it costs, or how good it is."""

_TRIES = 50  # for each offspring wanted, before a generation is called complete


@dataclass(frozen=True)
class Bounds:
    """Where a search looks.

    Attributes:
        layers: L.
        longest: The length at which nothing is dropped.
        share: What the smallest configuration drops of what is left, in every layer.
    """

    layers: int
    longest: int
    share: float

    @property
    def lower(self) -> Lengths:
        """The smallest configuration."""
        return smallest(self.longest, self.layers, self.share)

    @property
    def upper(self) -> Lengths:
        """The one that drops nothing."""
        return (self.longest,) * self.layers


def search(
    cost: Of,
    figure: Of,
    bounds: Bounds,
    *,
    iterations: int,
    population: int = 20,
    offspring: int = 30,
    seed: int = 0,
) -> dict[Lengths, tuple[float, float]]:
    """Configurations with their cost and figure, the good ones among them.

    In every generation the Pareto front is kept, changed and crossed; an offspring counts where its cost lies
    between those of the bounds and nobody had it before, and may be a parent at once.

    Args:
        cost: Of a configuration; asked often, so it should need no run.
        figure: Of a configuration whose cost counts; asked once of each.
        bounds: The two ends.
        iterations: Generations.
        population: Configurations to begin with, evenly spaced between the bounds.
        offspring: Mutations, and as many crossovers, a generation.
        seed: Of the draws; the same seed, costs and figures find the same.
    """
    drawn = np.random.default_rng(seed)
    start = (bounds.lower, bounds.upper, *_even(bounds, population))
    found = {lengths: (cost(lengths), figure(lengths)) for lengths in dict.fromkeys(start)}
    least, most = found[bounds.lower][0], found[bounds.upper][0]
    for _ in range(iterations):
        parents = [lengths for lengths, _ in front(found)]
        for make in (_mutated, _crossed):
            wanted = len(found) + offspring
            for _ in range(_TRIES * offspring):
                if len(found) == wanted:
                    break
                child = make(parents, bounds, drawn)
                if child not in found and least <= cost(child) <= most:
                    found[child] = cost(child), figure(child)
                    parents.append(child)
    return found


def front(
    found: Mapping[Lengths, tuple[float, float]],
) -> list[tuple[Lengths, tuple[float, float]]]:
    """What no other beats: sorted by cost, each with a better figure than all cheaper ones.

    >>> front({(4,): (1.0, 0.5), (5,): (2.0, 0.4), (6,): (3.0, 0.9)})
    [((4,), (1.0, 0.5)), ((6,), (3.0, 0.9))]
    """
    kept: list[tuple[Lengths, tuple[float, float]]] = []
    for lengths, (cost, figure) in sorted(found.items(), key=lambda one: (one[1][0], -one[1][1])):
        if not kept or figure > kept[-1][1][1]:
            kept.append((lengths, (cost, figure)))
    return kept


def _even(bounds: Bounds, count: int) -> list[Lengths]:
    """Configurations that drop one share in every layer, their mean lengths evenly spaced."""
    low, high = sum(bounds.lower), sum(bounds.upper)
    wanted = [low + (high - low) * step / (count + 1) for step in range(1, count + 1)]
    return [_of_sum(total, bounds) for total in wanted]


def _of_sum(total: float, bounds: Bounds) -> Lengths:
    low, high = 0.0, bounds.share
    for _ in range(40):
        middle = (low + high) / 2
        if sum(smallest(bounds.longest, bounds.layers, middle)) > total:
            low = middle
        else:
            high = middle
    return smallest(bounds.longest, bounds.layers, high)


def _mutated(parents: Sequence[Lengths], bounds: Bounds, drawn: np.random.Generator) -> Lengths:
    """Each layer with even chance anew, between the next layer's length and the one before."""
    parent, child = parents[int(drawn.integers(len(parents)))], list[int]()
    for layer, length in enumerate(parent):
        before = child[-1] if child else bounds.longest
        after = parent[layer + 1] if layer + 1 < len(parent) else 2
        if drawn.random() < 0.5:
            length = int(drawn.integers(min(after, before), before, endpoint=True))
        child.append(min(length, before))
    return tuple(child)


def _crossed(parents: Sequence[Lengths], bounds: Bounds, drawn: np.random.Generator) -> Lengths:
    """The rounded-up mean of two."""
    if len(parents) < 2:
        return parents[0]
    one, other = (parents[i] for i in drawn.choice(len(parents), 2, replace=False))
    return tuple((a + b + 1) // 2 for a, b in zip(one, other, strict=True))
