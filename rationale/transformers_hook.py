"""Tells transformers of token-dropping models as soon as it can be told, and imports nothing before."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from threading import local
from types import ModuleType
from typing import Any

HOME_OF_AUTO_CONFIG = "transformers.models.auto.configuration_auto"
"""Who uses an ``Auto`` class or a pipeline imports this module first; who does not pays nothing."""

log = logging.getLogger(__name__)


class _Watch:
    """A finder that finds nothing itself: it lets the others find, and is told when the module has run."""

    watches = "rationale"

    def __init__(self) -> None:
        self._mine = local()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec the other finders give, its loader calling us afterwards; None for any other module."""
        if name != HOME_OF_AUTO_CONFIG or getattr(self._mine, "asking", False):
            return None
        self._mine.asking = True
        try:
            spec = find_spec(name)
        finally:
            self._mine.asking = False
        if spec is not None and spec.loader is not None:
            self._call_after(spec.loader)
        return spec

    def _call_after(self, loader: Any) -> None:
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            loader.exec_module = run
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _register()

        try:
            loader.exec_module = exec_module
        except AttributeError:  # then the models are unknown until they are imported
            log.debug("the loader of %s takes no hook", HOME_OF_AUTO_CONFIG)


def _register() -> None:
    try:
        import_module("rationale.dropping_config").register(_import_models)
    except ImportError:  # importing transformers must not fail for us
        log.debug("token-dropping models could not be registered", exc_info=True)


def _import_models() -> None:
    import_module("rationale.dropping.model")  # registers the models


def watch() -> None:
    """Registers now where transformers' ``AutoConfig`` is there already, else when it is first imported."""
    if HOME_OF_AUTO_CONFIG in sys.modules:
        _register()
    elif not any(getattr(finder, "watches", None) == _Watch.watches for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())
