"""Packages whose names are loaded when they are first used: no one pays for what they do not use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_attributes(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's ``__getattr__``.

    No name may be that of one of the package's modules: importing that module would hide it.

    Args:
        package: The package's ``__name__``.
        homes: Where each name it offers is defined.

    >>> lazy_attributes("here", {"dumps": "json"})("dumps")({})
    '{}'
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return load
