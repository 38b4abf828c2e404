"""Evolutionary search of length configurations (LAT, section 3.3): the best metric at every cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rationale.dropping.lat import smallest

Lengths = tuple[int, ...]
Measure = Callable[[Lengths], float]
"""The cost or the metric of a configuration."""

_TRIES = 50  # attempts per offspring, before a generation ends with fewer


@dataclass(frozen=True)
class Bounds:
    """The bounds of a search.

    Attributes:
        layers: Number of layers, L.
        longest: The length at which nothing is dropped.
        share: Share of the remaining tokens that the smallest configuration drops in every layer.
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
        """The configuration that drops nothing."""
        return (self.longest,) * self.layers


def search(
    cost: Measure,
    metric: Measure,
    bounds: Bounds,
    *,
    iterations: int,
    population: int = 20,
    offspring: int = 30,
    seed: int = 0,
) -> dict[Lengths, tuple[float, float]]:
    """Searches for the Pareto front of cost and metric.

    Every generation mutates and crosses the Pareto front. An offspring is kept where it is new and its cost
    lies between those of the bounds; it may be a parent at once.

    Args:
        cost: Cost of a configuration; called often, so it should be cheap.
        metric: Metric of a configuration; called once for each that is kept.
        bounds: The smallest and the largest configuration.
        iterations: Number of generations.
        population: Number of initial configurations, evenly spaced between the bounds.
        offspring: Number of mutations, and of crossovers, per generation.
        seed: Random seed; equal seeds, costs and metrics give equal results.

    Returns:
        Cost and metric of every configuration that was measured.
    """
    rng = np.random.default_rng(seed)
    start = (bounds.lower, bounds.upper, *_even(bounds, population))
    configurations = {lengths: (cost(lengths), metric(lengths)) for lengths in dict.fromkeys(start)}
    least, most = configurations[bounds.lower][0], configurations[bounds.upper][0]
    for _ in range(iterations):
        parents = [lengths for lengths, _ in front(configurations)]
        for vary in (_mutated, _crossed):
            size = len(configurations) + offspring
            for _ in range(_TRIES * offspring):
                if len(configurations) == size:
                    break
                child = vary(parents, bounds, rng)
                if child not in configurations and least <= cost(child) <= most:
                    configurations[child] = cost(child), metric(child)
                    parents.append(child)
    return configurations


def front(
    configurations: Mapping[Lengths, tuple[float, float]],
) -> list[tuple[Lengths, tuple[float, float]]]:
    """The Pareto front: sorted by cost, each with a better metric than all cheaper configurations.

    >>> front({(4,): (1.0, 0.5), (5,): (2.0, 0.4), (6,): (3.0, 0.9)})
    [((4,), (1.0, 0.5)), ((6,), (3.0, 0.9))]
    """
    kept: list[tuple[Lengths, tuple[float, float]]] = []
    for lengths, (cost, metric) in sorted(configurations.items(), key=lambda item: (item[1][0], -item[1][1])):
        if not kept or metric > kept[-1][1][1]:
            kept.append((lengths, (cost, metric)))
    return kept


def _even(bounds: Bounds, count: int) -> list[Lengths]:
    """Configurations that drop the same share in every layer, evenly spaced by mean length."""
    low, high = sum(bounds.lower), sum(bounds.upper)
    totals = [low + (high - low) * step / (count + 1) for step in range(1, count + 1)]
    return [_of_sum(total, bounds) for total in totals]


def _of_sum(total: float, bounds: Bounds) -> Lengths:
    low, high = 0.0, bounds.share
    for _ in range(40):
        middle = (low + high) / 2
        if sum(smallest(bounds.longest, bounds.layers, middle)) > total:
            low = middle
        else:
            high = middle
    return smallest(bounds.longest, bounds.layers, high)


def _mutated(parents: Sequence[Lengths], bounds: Bounds, rng: np.random.Generator) -> Lengths:
    """Resamples each layer with probability 1/2, between the lengths of its neighbours."""
    parent, child = parents[int(rng.integers(len(parents)))], list[int]()
    for layer, length in enumerate(parent):
        before = child[-1] if child else bounds.longest
        after = parent[layer + 1] if layer + 1 < len(parent) else 2
        if rng.random() < 0.5:
            length = int(rng.integers(min(after, before), before, endpoint=True))
        child.append(min(length, before))
    return tuple(child)


def _crossed(parents: Sequence[Lengths], bounds: Bounds, rng: np.random.Generator) -> Lengths:
    """The rounded-up mean of two parents."""
    if len(parents) < 2:
        return parents[0]
    first, second = (parents[i] for i in rng.choice(len(parents), 2, replace=False))
    return tuple((a + b + 1) // 2 for a, b in zip(first, second, strict=True))
