"""The cells of a comparison: system, settings and seed, each in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rationale.corpus.document import Documents
from rationale.errors import RationaleError
from rationale.training.dropping.options import DroppingOptions
from rationale.training.options import option_name
from rationale.training.recipes import RECIPES, check_dev


@dataclass(frozen=True)
class Setting:
    """A system with its options.

    Attributes:
        system: A name in :data:`RECIPES`.
        given: Options by name; the others are common to all systems, or defaults.
    """

    system: str
    given: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Parses ``SYSTEM`` or ``SYSTEM:name=value,name=value``.

        Raises:
            RationaleError: On an unknown system or option, or a value of the wrong type.

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
        """The name of its folder, without the seed."""
        return "-".join([self.system, *(f"{option_name(name)}{value}" for name, value in self.given.items())])

    def check(self, common: Mapping[str, Any], dev: Documents | None) -> None:
        """Refuses, before any training, what would fail later or change the plain model that all cells share.

        Raises:
            RationaleError: On a value outside its range, or an option of the plain fine-tuning.
            DataError: Where the system searches on dev documents and there are none.
        """
        tuned, plain = self.options(common, 0).fine_tuning(), plain_options(common, 0).fine_tuning()
        shared = [
            entry.name for entry in fields(plain) if getattr(tuned, entry.name) != getattr(plain, entry.name)
        ]
        if shared:
            names = ", ".join(shared)
            raise RationaleError(
                f"{self.name} changes options of the plain fine-tuning that all systems share ({names})",
                remedy="Set them for all systems with --set (seeds with --seeds).",
            )
        check_dev(self.system, dev)

    def options(self, common: Mapping[str, Any], seed: int) -> DroppingOptions:
        """All options; those of the plain fine-tuning are the common ones, so that all systems share it.

        Raises:
            RationaleError: On a value outside its range.
        """
        recipe = RECIPES.get(self.system)
        return recipe.options(**{**_shared(recipe.options, common, seed), **recipe.fixed, **self.given})


def plain_options(common: Mapping[str, Any], seed: int) -> DroppingOptions:
    """The options of the plain fine-tuning."""
    return DroppingOptions(**_shared(DroppingOptions, common, seed))


def _shared(options: type[DroppingOptions], common: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The common options that a type has; the fine-tuning is explicit, so that no default changes it."""
    known = {entry.name for entry in fields(options)}
    shared = {name: value for name, value in common.items() if name in known}
    plain = DroppingOptions(**{k: v for k, v in shared.items() if k in DroppingOptions.__dataclass_fields__})
    fine_tuning = plain.fine_tuning()
    return {
        **shared,
        "fine_tune_epochs": fine_tuning.epochs,
        "fine_tune_rate": fine_tuning.learning_rate,
        "seed": seed,
    }


def _pairs(text: str) -> list[str]:
    """Splits at the commas before ``name=``; other commas belong to the value."""
    parts: list[str] = []
    for part in filter(None, text.split(",")):
        if "=" in part or not parts:
            parts.append(part)
        else:
            parts[-1] += f",{part}"
    return parts


def known_options(given: list[str]) -> dict[str, Any]:
    """Parses ``name=value`` strings of the options of any system.

    Raises:
        RationaleError: On an unknown option, or a value of the wrong type.
    """
    options: dict[str, Any] = {}
    for text in given:
        name = text.partition("=")[0].strip().replace("-", "_")
        kinds = (recipe.options for _, recipe in RECIPES.items())
        if name == "seed":
            raise RationaleError("seed is no option of a grid", remedy="Give the seeds with --seeds.")
        owner = next((kind for kind in kinds if _field(kind.__dataclass_fields__, name)), DroppingOptions)
        options |= values(owner, [text])
    return options


def values(options: type[Any], given: list[str]) -> dict[str, Any]:
    """Parses ``name=value`` strings of the options of one dataclass.

    Raises:
        RationaleError: On an unknown option, or a value of the wrong type.
    """
    types, parsed = get_type_hints(options), dict[str, Any]()
    for text in given:
        name, _, value = text.partition("=")
        name = name.strip().replace("-", "_")
        key = _field(types, name)
        if key is None:
            raise RationaleError(
                f"{name!r} is no option", remedy=f"Known: {', '.join(map(option_name, types))}."
            )
        if key in parsed:
            raise RationaleError(f"{name} is given twice")
        parsed[key] = _value(name, value.strip(), types[key])
    return parsed


def _field(names: Iterable[str], option: str) -> str | None:
    """The one of a dataclass's fields that an option sets; None where there is none."""
    return next((name for name in names if option in (name, option_name(name))), None)


def _value(name: str, text: str, expected: Any) -> Any:
    if get_origin(expected) is Literal:
        return text  # the dataclass refuses other values and names those it takes
    kinds = get_args(expected) if get_origin(expected) in (Union, UnionType) else (expected,)
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
