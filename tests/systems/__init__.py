"""What the tests need of each token-dropping system: one file a system, named as the system is.

The uninformed baselines share one.

A system that is registered and has no file here fails wherever its settings are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from rationale.dropping.system import SYSTEMS, is_uninformed
from rationale.training.recipes import RECIPES

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Toy:
    """Settings of a policy around random weights, and options of trainings that take seconds.

    ``policy`` is for five layers and inputs of up to 60 tokens; of these some are dropped and some kept.
    ``learnt`` names the module of the policy that is drawn at random where nothing is trained.
    ``training`` learns the planted rule, ``rating`` a planted number; ``brief`` is one epoch of each stage.
    ``answering_policy`` is for four layers and up to 20 tokens, ``answering`` learns to answer questions.
    None is for what the system cannot do, or for what its own tests show.
    """

    policy: Options
    rating: Options
    learnt: str | None = None
    training: Options | None = None
    brief: Options | None = None
    answering_policy: Options | None = None
    answering: Options | None = None


def toy_of(system: str) -> Toy:
    """The settings of a registered system."""
    file = "uninformed" if is_uninformed(system) else system.replace("-", "_")
    return import_module(f"{__name__}.{file}").TOY


TOYS: dict[str, Toy] = {name: toy_of(name) for name in SYSTEMS}


def having(field: str) -> list[str]:
    """The systems that say something of this field."""
    return [name for name, toy in TOYS.items() if getattr(toy, field) is not None]


def options(system: str, field: str, **common: Any) -> Any:
    """Training options of a system: those all share, what its recipe fixes, and its own of this field."""
    recipe = RECIPES.get(system)
    return recipe.options(**{**common, **recipe.fixed, **getattr(TOYS[system], field)})
