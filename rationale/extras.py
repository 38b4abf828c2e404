"""Imports optional packages: where one is missing, the message names the extra that installs it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rationale.errors import RationaleError

EXTRAS = {"streamlit": "app", "captum": "captum", "datasets": "datasets", "accelerate": "train"}
"""For each optional package, the extra of ``pip install 'rationale[EXTRA]'`` that installs it."""


def optional(module: str) -> Any:
    """Imports a module of an optional package.

    Args:
        module: The module's name; its package is one of :data:`EXTRAS`.

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
