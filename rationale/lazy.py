"""Imports the public names of a package when they are first used, so that importing it is fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_attributes(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Builds a package's ``__getattr__``.

    No name may equal that of one of the package's modules: importing the module would hide it.

    Args:
        package: The package's ``__name__``.
        homes: The module that defines each public name.

    >>> lazy_attributes("here", {"dumps": "json"})("dumps")({})
    '{}'
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return load
