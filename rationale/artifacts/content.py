"""Whether two records of what a result was made of mean the same: by content, not by name or path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SINCE = frozenset({"weights", "config"})  # earlier versions did not write these down


def same(earlier: Any, now: Any) -> bool:
    """Whether two records mean the same.

    A name beside a hash, a source and a split beside a fingerprint, and the command that was typed are for
    display: a relative path, a link, a folder that was moved or another spelling change nothing.

    Args:
        earlier: What lies on the disk.
        now: What is asked for.

    >>> one = {"data": {"source": "movies", "fingerprint": "ab"}, "seed": 0}
    >>> same(one, {"data": {"source": "/data/movies/", "fingerprint": "ab"}, "seed": 0})
    True
    >>> same({"seed": 0, "command": "rationale train ltp"}, {"seed": 0})
    True
    """
    old, new = _content(earlier, now)
    return all(old.get(key) == new.get(key) for key in old.keys() | new.keys())


def first_difference(earlier: Any, now: Any) -> str:
    """The first entry that differs.

    >>> first_difference({"options": {"epochs": 3}}, {"options": {"epochs": 4}})
    'options.epochs: 3, now 4'
    """
    return _difference(*_content(earlier, now), name="")


def _content(earlier: Any, now: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = _plain(json.loads(json.dumps(earlier))), _plain(json.loads(json.dumps(now)))
    _fill(old, new)
    return old, new


def _plain(value: Any) -> Any:
    """The value without what is for display."""
    if not isinstance(value, Mapping):
        return value
    shown = {"command"} | ({"name"} if "hash" in value else set())
    shown |= {"source", "split"} if "fingerprint" in value else set()
    shown |= {"model"} if isinstance(value.get("model"), str) else set()
    return {key: _plain(one) for key, one in value.items() if key not in shown}


def _fill(old: Any, new: Any) -> None:
    """Entries that the earlier version did not write down are taken to be the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            if key not in old and key in _SINCE:
                old[key] = value
            else:
                _fill(old.get(key), value)


def _difference(earlier: Any, now: Any, name: str) -> str:
    if isinstance(earlier, Mapping) and isinstance(now, Mapping):
        for key in [*now, *(key for key in earlier if key not in now)]:
            if earlier.get(key) != now.get(key):
                return _difference(earlier.get(key), now.get(key), f"{name}.{key}".lstrip("."))
    return f"{name}: {earlier!r}, now {now!r}"
