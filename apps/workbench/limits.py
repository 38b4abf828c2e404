"""Limits of the page Try: texts up to a maximum length, and models of the hub or named at the app's start."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from rationale.errors import DataError, ModelError

Loaded = TypeVar("Loaded")

MOST_WORDS, MOST_CHARACTERS = 20_000, 200_000
SLOW_WORDS = 2_000
"""For this many words or more, the page says that scoring takes a while."""
_SHOWN = 60
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)


def check_text(text: str, query: str = "") -> int:
    """Returns the number of words of text and query.

    Raises:
        DataError: If there are more words or characters than a page can score in reasonable time.
    """
    characters, words = len(text) + len(query), 0
    if characters <= MOST_CHARACTERS:  # what is longer is not even split
        words = len(text.split()) + len(query.split())
    if characters > MOST_CHARACTERS or words > MOST_WORDS:
        size = f"{words:,} words" if words else f"{characters:,} characters"
        raise DataError(
            f"the text has {size}, and this page takes {MOST_WORDS:,} words and {MOST_CHARACTERS:,} "
            "characters",
            remedy="Shorten it, or score it with `rationale score`, which takes documents of any length.",
        )
    return words


def progress_note(words: int) -> str:
    """Returns the text beside the spinner while a text is scored."""
    return f"Scoring {words:,} words; this takes a while …" if words >= SLOW_WORDS else "Scoring …"


def load_named(name: str, known: Collection[str], load: Callable[[str], Loaded]) -> Loaded:
    """Loads a model that the command line or the open scores name, or one of the hub.

    Nothing else of this machine is read, and the error is the same whether a path exists or not.

    Raises:
        ModelError: If it is neither, or cannot be loaded.
    """
    if name in known:
        return load(name)
    if not _HUB_ID.fullmatch(name) or os.path.lexists(Path(name)):
        raise _refusal(name)
    try:
        return load(name)
    except ModelError as error:
        if isinstance(error.__cause__, OSError | ValueError):  # how transformers says that the hub has none
            raise _refusal(name) from None
        raise


def _refusal(name: str) -> ModelError:
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}… ({len(name):,} characters)"
    return ModelError(
        "this model cannot be loaded: it was not named when the app was started, and the hub does not have "
        "it",
        where=shown,
        remedy="Name a hub id such as org/model, or start the app with --model FOLDER.",
    )
