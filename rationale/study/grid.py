"""The cells of a comparison: system, settings and seed, each a folder that trains once and reloads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rationale.corpus.document import Documents
from rationale.errors import RationaleError
from rationale.training.dropping.options import DroppingOptions
from rationale.training.recipes import RECIPES, check_dev


@dataclass(frozen=True)
class Setting:
    """A system with options of its own.

    Attributes:
        system: A name in :data:`RECIPES`.
        given: Its options by name; what is missing is common to all or a default.
    """

    system: str
    given: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Setting:
        """From ``SYSTEM`` or ``SYSTEM:name=value,name=value``.

        Raises:
            RationaleError: On a system or option nobody knows, or a value of another kind.

        >>> Setting.parse("ltp:lambda=0.1,soft_epochs=2").name
        'ltp-lambda0.1-soft_epochs2'
        >>> Setting.parse("lead:shares=0.9,0.5").given
        {'shares': '0.9,0.5'}
        """
        system, _, rest = text.partition(":")
        recipe = RECIPES.get(system)
        given = values(recipe.options, _pairs(rest))
        decided = recipe.fixed.keys() & given.keys()
        if decided:
            raise RationaleError(f"{text!r}: {system} already says {', '.join(decided)}")
        return cls(system, given)

    @property
    def name(self) -> str:
        """Names its folder."""
        return "-".join([self.system, *(f"{name.rstrip('_')}{value}" for name, value in self.given.items())])

    def check(self, common: Mapping[str, Any], dev: Documents | None) -> None:
        """Refuses what would fail, or train another plain model than the one all share, hours later.

        Raises:
            RationaleError: On a value outside its range, or an option that the plain fine-tuning has too.
            DataError: Where the system searches by dev documents and there are none.
        """
        own, plain = self.options(common, 0).fine_tuning(), plain_options(common, 0).fine_tuning()
        shared = [
            entry.name for entry in fields(plain) if getattr(own, entry.name) != getattr(plain, entry.name)
        ]
        if shared:
            names = ", ".join(shared)
            raise RationaleError(
                f"{self.name} changes what the plain fine-tuning all share is made of ({names})",
                remedy="Give it to all of them with --set (seeds with --seeds).",
            )
        check_dev(self.system, dev)

    def options(self, common: Mapping[str, Any], seed: int) -> DroppingOptions:
        """All its options; the plain fine-tuning is that of the common ones, so that all can share it.

        Raises:
            RationaleError: On a value outside its range.
        """
        recipe = RECIPES.get(self.system)
        return recipe.options(**{**_shared(recipe.options, common, seed), **recipe.fixed, **self.given})


def plain_options(common: Mapping[str, Any], seed: int) -> DroppingOptions:
    """Those of the plain fine-tuning."""
    return DroppingOptions(**_shared(DroppingOptions, common, seed))


def _shared(options: type[DroppingOptions], common: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The common options that these know; the fine-tuning is said in full, so that no system changes it."""
    known = {entry.name for entry in fields(options)}
    found = {name: value for name, value in common.items() if name in known}
    plain = DroppingOptions(**{k: v for k, v in found.items() if k in DroppingOptions.__dataclass_fields__})
    tuned = plain.fine_tuning()
    return {**found, "fine_tune_epochs": tuned.epochs, "fine_tune_rate": tuned.learning_rate, "seed": seed}


def _pairs(text: str) -> list[str]:
    """``name=value`` parts; a comma before anything else belongs to the value."""
    parts: list[str] = []
    for part in filter(None, text.split(",")):
        if "=" in part or not parts:
            parts.append(part)
        else:
            parts[-1] += f",{part}"
    return parts


def known_options(given: list[str]) -> dict[str, Any]:
    """Options of any system, by name, from ``name=value`` strings.

    Raises:
        RationaleError: On a name that no system knows, or a value of another kind.
    """
    found: dict[str, Any] = {}
    for text in given:
        name = text.partition("=")[0].strip().replace("-", "_")
        kinds = (recipe.options for _, recipe in RECIPES.items())
        if name == "seed":
            raise RationaleError("a grid has seeds", remedy="Give them with --seeds.")
        owner = next(
            (kind for kind in kinds if {name, f"{name}_"} & kind.__dataclass_fields__.keys()), DroppingOptions
        )
        found |= values(owner, [text])
    return found


def values(options: type[Any], given: list[str]) -> dict[str, Any]:
    """Options by name from ``name=value`` strings.

    Raises:
        RationaleError: On a name that is no option, or a value of another kind.
    """
    types, found = get_type_hints(options), dict[str, Any]()
    for text in given:
        name, _, value = text.partition("=")
        name = name.strip().replace("-", "_")
        key = name if name in types else f"{name}_"  # lambda is a keyword of Python
        if key not in types:
            known = ", ".join(one.rstrip("_") for one in types)
            raise RationaleError(f"{name!r} is no option", remedy=f"Known: {known}.")
        if key in found:
            raise RationaleError(f"{name} is given twice")
        found[key] = _value(name, value.strip(), types[key])
    return found


def _value(name: str, text: str, wanted: Any) -> Any:
    if get_origin(wanted) is Literal:
        return text  # the dataclass refuses what is none of them, and names those that are
    kinds = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
    if str in kinds:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if float in kinds and type(value) is int:
        return float(value)
    if type(value) not in kinds:
        raise RationaleError(
            f"{name} is {text!r}", remedy=f"It must be {' or '.join(kind.__name__ for kind in kinds)}."
        )
    return value


def cell(root: Path, name: str, seed: int) -> Path:
    """The folder of a cell."""
    return root / f"{name}-seed{seed}"
