"""Registers token-dropping models when transformers is imported, and imports nothing before."""

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
"""Every use of an ``Auto`` class or a pipeline imports this module first."""

log = logging.getLogger(__name__)


class _Watch:
    """A finder that delegates to the others and registers the models once the module has run."""

    watches = "rationale"

    def __init__(self) -> None:
        self._state = local()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The other finders' spec, with a loader that registers the models; None for any other module."""
        if name != HOME_OF_AUTO_CONFIG or getattr(self._state, "searching", False):
            return None
        self._state.searching = True
        try:
            spec = find_spec(name)
        finally:
            self._state.searching = False
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
        except AttributeError:  # the models are then registered when they are imported
            log.debug("the loader of %s takes no hook", HOME_OF_AUTO_CONFIG)


def _register() -> None:
    try:
        import_module("rationale.dropping_config").register(_import_models)
    except ImportError:  # importing transformers must not fail because of us
        log.debug("token-dropping models could not be registered", exc_info=True)


def _import_models() -> None:
    import_module("rationale.dropping.model")  # registers the models


def watch() -> None:
    """Registers the models now if transformers' ``AutoConfig`` is imported, else once it is."""
    if HOME_OF_AUTO_CONFIG in sys.modules:
        _register()
    elif not any(getattr(finder, "watches", None) == _Watch.watches for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())
