"""Reads checkpoints with transformers quietly, and turns its exceptions into one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import logging

from rationale.encoder.base import FAMILIES
from rationale.errors import ModelError, RationaleError


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Turns off the loading reports and progress bars of transformers inside the block."""
    logs: Any = logging  # its functions carry no annotations
    verbosity, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(verbosity)
        if bars:
            logs.enable_progress_bar()


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns any exception of transformers on a damaged checkpoint into a ModelError that names it."""
    try:
        yield
    except RationaleError as error:
        if error.where is not None:
            raise
        raise type(error)(error.what, where=name, remedy=error.remedy) from error
    except Exception as error:
        if "custom code" in str(error):  # transformers' words for a model that runs only with its own code
            raise ModelError(
                "this model needs custom code (auto_map in config.json or tokenizer_config.json), "
                "and code that comes with a model is never run",
                where=name,
                remedy=f"Use a model of a known family: {', '.join(FAMILIES)}.",
            ) from error
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"this model cannot be loaded ({first_line})",
            where=name,
            remedy="Expected a hub id, or a folder with config.json, model.safetensors and tokenizer.json.",
        ) from error
