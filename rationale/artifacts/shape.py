"""Checks of the structure of JSON, which name the first unexpected value and its place.

A check takes a value and its place, and returns the first problem as text, or None.

>>> check = record(method=text, layer=integer, value=maybe(number))
>>> check({"method": "input_x_gradient", "layer": 0, "value": "0.5"}, "records[3]")
"records[3].value: expected a number, found '0.5'"
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rationale.errors import RationaleError

Check = Callable[[Any, str], str | None]
_LONGEST = 60


def require(
    value: Any, check: Check, where: Path, *, error: type[RationaleError], what: str, remedy: str
) -> None:
    """Raises an error of class ``error`` that starts with ``what`` where ``value`` does not pass."""
    problem = check(value, "")
    if problem:
        raise error(f"{what}: {problem}", where=where, remedy=remedy)


def misfit(place: str, expected: str, value: Any) -> str:
    """Describes a value that a check did not expect."""
    shown = repr(value)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return f"{place.lstrip('.') or 'the whole'}: expected {expected}, found {shown}"


def of(kind: type | tuple[type, ...], expected: str) -> Check:
    """Checks for a value of a type; booleans are not numbers."""
    kinds = kind if isinstance(kind, tuple) else (kind,)

    def check(value: Any, place: str) -> str | None:
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        return None if fits else misfit(place, expected, value)

    return check


text = of(str, "text")
boolean = of(bool, "true or false")
scalar = of((str, int, float, bool, type(None)), "a text, a number, true, false or null")
anything: Check = lambda value, place: None  # noqa: E731 - a check like the others


def number(value: Any, place: str) -> str | None:
    """Checks for a finite number."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return None if fits else misfit(place, "a number", value)


def integer(value: Any, place: str) -> str | None:
    """Checks for an integer of at most 64 bits."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
    return None if fits else misfit(place, "a whole number", value)


def count(value: Any, place: str) -> str | None:
    """Checks for an integer of at least 0."""
    problem = integer(value, place)
    return problem or (None if value >= 0 else misfit(place, "a whole number from 0", value))


def among(*values: Any) -> Check:
    """Checks for one of ``values``."""
    expected = "one of " + ", ".join(map(repr, values))

    def check(value: Any, place: str) -> str | None:
        fits = isinstance(value, str | int | float | None) and value in values
        return None if fits else misfit(place, expected, value)

    return check


def maybe(inner: Check) -> Check:
    """Checks for null or a value that passes ``inner``."""
    return lambda value, place: None if value is None else inner(value, place)


def every(inner: Check, *, least: int = 0) -> Check:
    """Checks for a list whose items all pass ``inner``."""

    def check(value: Any, place: str) -> str | None:
        if not isinstance(value, list):
            return misfit(place, "a list", value)
        if len(value) < least:
            return misfit(place, f"at least {least} items", value)
        problems = (inner(item, f"{place}[{number}]") for number, item in enumerate(value))
        return next(filter(None, problems), None)

    return check


def mapping(inner: Check) -> Check:
    """Checks for an object with any keys whose values all pass ``inner``."""

    def check(value: Any, place: str) -> str | None:
        if not isinstance(value, dict):
            return misfit(place, "an object", value)
        problems = (inner(item, f"{place}.{name}") for name, item in value.items())
        return next(filter(None, problems), None)

    return check


def record(optional: Mapping[str, Check] | None = None, /, **needed: Check) -> Check:
    """Checks for an object by key; further keys are ignored.

    Args:
        optional: Checks of optional keys.
        needed: Checks of required keys.
    """
    checks = {**(optional or {}), **needed}

    def check(value: Any, place: str) -> str | None:
        if not isinstance(value, dict):
            return misfit(place, "an object", value)
        missing = next((name for name in needed if name not in value), None)
        if missing is not None:
            return f"{place.lstrip('.') or 'the whole'}: {missing!r} is missing"
        problems = (inner(value[name], f"{place}.{name}") for name, inner in checks.items() if name in value)
        return next(filter(None, problems), None)

    return check


def both(*checks: Check) -> Check:
    """Checks for a value that passes all checks."""
    return lambda value, place: next(filter(None, (check(value, place) for check in checks)), None)


def either(*checks: Check) -> Check:
    """Checks for a value that passes one of several checks; reports the problem of the last."""

    def check(value: Any, place: str) -> str | None:
        problems = [inner(value, place) for inner in checks]
        return None if None in problems else problems[-1]

    return check
