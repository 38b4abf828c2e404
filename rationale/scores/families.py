"""Families of score methods, from the provenance of a result, or else from the registry."""

from __future__ import annotations

from collections.abc import Sequence

from rationale.artifacts.provenance import Provenance

BASELINE = "baseline"
GRADIENT = "gradient"
IMPORTED = "imported"
HUMAN = "human"
CHANCE = "chance"


def first_word(method: str) -> str:
    """The part of a method's name before the first dot.

    >>> first_word("attention.cls")
    'attention'
    """
    return method.partition(".")[0]


def family_of(method: str, recipe: Provenance | None = None) -> str:
    """The family of a method.

    Args:
        method: Its name.
        recipe: The scores' recipe. It names the family, also of methods that are not registered here. Recipes
            of an earlier version do not: then the registered method does.

    Returns:
        The family; for an unknown method, the name's first word.

    >>> family_of("attention.cls"), family_of("mine.l1")
    ('attention', 'mine')
    """
    entry = None if recipe is None else recipe.methods.get(method)
    if entry is not None and entry.family is not None:
        return entry.family
    from rationale.scores import METHODS  # imports torch, which newer results do not need

    return METHODS.get(method).family if method in METHODS else first_word(method)


def is_baseline(method: str, recipe: Provenance | None = None) -> bool:
    """Whether a method is an uninformed baseline: it ignores the model, and others are compared with it.

    Args:
        method: Its name.
        recipe: As for :func:`family_of`.
    """
    return family_of(method, recipe) in (BASELINE, CHANCE)


def is_reference(method: str, recipe: Provenance | None = None) -> bool:
    """Whether a method is what others are held against: a baseline, chance, or the human ceiling."""
    return is_baseline(method, recipe) or family_of(method, recipe) == HUMAN


def is_imported(recipe: Provenance, method: str | None = None) -> bool:
    """Whether a method, or every method of these scores, was imported as a prediction."""
    entries = recipe.methods.values() if method is None else (recipe.methods[method],)
    return all(entry.family == IMPORTED for entry in entries)


def meant_layer(
    method: str, layers: Sequence[int], asked: int | None = None, recipe: Provenance | None = None
) -> int:
    """The requested layer; by default the first of ``layers`` for a gradient method, the last for others.

    Args:
        method: A score method.
        layers: The layers of its scores.
        asked: The requested layer; None for the default.
        recipe: As for :func:`family_of`.
    """
    if asked is not None:
        return asked
    return layers[0] if family_of(method, recipe) == GRADIENT else layers[-1]
