"""Packages that not everybody needs: where one is missing, the message names the extra that brings it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rationale.errors import RationaleError

EXTRAS = {"streamlit": "app", "captum": "captum", "datasets": "datasets", "accelerate": "train"}
"""The extra of ``pip install 'rationale[EXTRA]'`` that brings a package."""


def optional(module: str) -> Any:
    """A module of an optional package.

    Args:
        module: Its name; the package is one of :data:`EXTRAS`.

    Raises:
        RationaleError: Where the package is not installed.

    >>> EXTRAS["nowhere"] = "none"
    >>> optional("nowhere.deep")
    Traceback (most recent call last):
    rationale.errors.RationaleError: this needs the package nowhere. Run: pip install 'rationale[none]'.
    >>> del EXTRAS["nowhere"]
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise RationaleError(
            f"this needs the package {package}",
            remedy=f"Run: pip install 'rationale[{EXTRAS[package]}]'.",
        ) from None
