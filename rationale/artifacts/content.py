"""Comparison of two records of inputs and settings, by content and not by name or path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_ADDED_LATER = frozenset({"weights", "config"})  # entries that earlier versions did not write


def same(earlier: Any, now: Any) -> bool:
    """Whether two records are equal in content.

    Ignores a name beside a hash, a source and a split beside a fingerprint, and the typed command: they are
    for display, so that relative paths, links, moved folders and other spellings change nothing.

    Args:
        earlier: The record on disk.
        now: The requested record.

    >>> one = {"data": {"source": "movies", "fingerprint": "ab"}, "seed": 0}
    >>> same(one, {"data": {"source": "/data/movies/", "fingerprint": "ab"}, "seed": 0})
    True
    >>> same({"seed": 0, "command": "rationale train ltp"}, {"seed": 0})
    True
    """
    old, new = _content(earlier, now)
    return all(old.get(key) == new.get(key) for key in old.keys() | new.keys())


def first_difference(earlier: Any, now: Any) -> str:
    """Describes the first entry that differs.

    >>> first_difference({"options": {"epochs": 3}}, {"options": {"epochs": 4}})
    'options.epochs: 3, now 4'
    """
    return _difference(*_content(earlier, now), name="")


def _content(earlier: Any, now: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = _plain(json.loads(json.dumps(earlier))), _plain(json.loads(json.dumps(now)))
    _fill(old, new)
    return old, new


def _plain(value: Any) -> Any:
    """The value without the entries for display."""
    if not isinstance(value, Mapping):
        return value
    for_display = {"command"} | ({"name"} if "hash" in value else set())
    for_display |= {"source", "split"} if "fingerprint" in value else set()
    for_display |= {"model"} if isinstance(value.get("model"), str) else set()
    return {key: _plain(item) for key, item in value.items() if key not in for_display}


def _fill(old: Any, new: Any) -> None:
    """Copies entries that earlier versions did not write, so that they count as equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            if key not in old and key in _ADDED_LATER:
                old[key] = value
            else:
                _fill(old.get(key), value)


def _difference(earlier: Any, now: Any, name: str) -> str:
    if isinstance(earlier, Mapping) and isinstance(now, Mapping):
        for key in [*now, *(key for key in earlier if key not in now)]:
            if earlier.get(key) != now.get(key):
                return _difference(earlier.get(key), now.get(key), f"{name}.{key}".lstrip("."))
    return f"{name}: {earlier!r}, now {now!r}"
