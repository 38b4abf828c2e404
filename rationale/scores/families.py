"""Families of score methods: what a result says of its methods, else the registry."""

from __future__ import annotations

from collections.abc import Sequence

from rationale.artifacts.provenance import Provenance

BASELINE = "baseline"
GRADIENT = "gradient"


def first_word(method: str) -> str:
    """What a method's name begins with.

    >>> first_word("attention.cls")
    'attention'
    """
    return method.partition(".")[0]


def family_of(method: str, recipe: Provenance | None = None) -> str:
    """The family of a method.

    Args:
        method: Its name.
        recipe: Of the scores. It says the family, so that a method whose code is not here keeps it; where one
            of an earlier version does not, the registered method does.

    Returns:
        The family; the name's first word where nobody knows the method.

    >>> family_of("attention.cls"), family_of("mine.l1")
    ('attention', 'mine')
    """
    entry = None if recipe is None else recipe.methods.get(method)
    if entry is not None and entry.family is not None:
        return entry.family
    from rationale.scores import METHODS  # imports torch, which newer results do not need

    return METHODS.get(method).family if method in METHODS else first_word(method)


def is_baseline(method: str, recipe: Provenance | None = None) -> bool:
    """Whether a method looks at no model: what every other one is compared with.

    Args:
        method: Its name.
        recipe: As for :func:`family_of`.
    """
    return family_of(method, recipe) == BASELINE


def meant_layer(
    method: str, layers: Sequence[int], asked: int | None = None, recipe: Provenance | None = None
) -> int:
    """The layer asked for; where none is, a gradient's first of ``layers``, the last of others.

    Args:
        method: A score method.
        layers: The layers there are scores of.
        asked: A layer, or None.
        recipe: As for :func:`family_of`.
    """
    if asked is not None:
        return asked
    return layers[0] if family_of(method, recipe) == GRADIENT else layers[-1]
