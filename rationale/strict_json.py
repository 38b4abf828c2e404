"""Reads JSON strictly: what other readers accept silently (repeated keys, NaN) is an error here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rationale.errors import DataError, RationaleError

Json = Mapping[str, object]
"""A JSON object that nobody has looked into."""

MAX_DEPTH = 100
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # escapes of surrogates, of which one may be alone
_LARGE = re.compile(r"[eE]\+?\d{3}|\d{300}")  # large numbers, of which one may be infinite


class JSONError(ValueError):
    """The text is not JSON, or readers could read it differently.

    Attributes:
        what: What is wrong, with the offending key or value.
        line: The line of the problem, from 1.
        key: The object key at or above it, None at the top.
    """

    def __init__(self, what: str, line: int, key: str | None) -> None:
        self.what, self.line, self.key = what, line, key
        super().__init__(what)


def loads(text: str) -> Any:
    """Parses a JSON text (RFC 8259), stricter than :func:`json.loads`.

    Args:
        text: One JSON value.

    Raises:
        JSONError: On a syntax error, a repeated key in one object, NaN, an infinite number, half a
            surrogate pair, or more than :data:`MAX_DEPTH` levels.

    >>> loads('{"label": "POS", "label": "NEG"}')
    Traceback (most recent call last):
    rationale.strict_json.JSONError: the key 'label' occurs twice in one object
    """
    if _deepest(text) > MAX_DEPTH:
        _check_tokens(text)  # unlike the estimate above, this ignores brackets inside strings
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse,
            parse_float=_finite if _LARGE.search(text) else None,
        )
    except json.JSONDecodeError as error:
        raise JSONError(f"{error.msg} at column {error.colno}", error.lineno, None) from error
    except (_StrictError, RecursionError, ValueError) as error:
        _check_tokens(text)
        raise JSONError(str(error), 1, None) from error
    if _HALF.search(text):
        _check_tokens(text)
    return value


def read_json(
    path: Path, *, error: type[RationaleError] = DataError, what: str = "not valid JSON", remedy: str = ""
) -> dict[str, Any]:
    """Reads the JSON object in a UTF-8 file.

    Args:
        path: The file.
        error: The class of the error to raise.
        what: The beginning of the error's message.
        remedy: What the user can do about it.

    Raises:
        RationaleError: Of class ``error``, naming file, line and key, where the file cannot be read, is not
            UTF-8, or is not one JSON object.
    """
    try:
        value = loads(path.read_text(encoding="utf-8-sig"))
    except JSONError as problem:
        raise error(f"{what} ({problem.what})", where=f"{path}:{problem.line}", remedy=remedy) from problem
    except (OSError, UnicodeDecodeError) as problem:
        reason = (problem.strerror if isinstance(problem, OSError) else None) or problem
        raise error(f"{what} ({reason})", where=path, remedy=remedy) from problem
    if not isinstance(value, dict):
        raise error(f"{what} (expected an object, found {type(value).__name__})", where=path, remedy=remedy)
    return value


class _StrictError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _StrictError("a key occurs twice in one object")
    return members


def _refuse(name: str) -> NoReturn:
    raise _StrictError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _StrictError(f"{text[:30]} is larger than any number of 64 bits")
    return value


def _deepest(text: str) -> int:
    """An upper bound of the depth of nesting: brackets inside strings count, too."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    codes = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    steps = np.isin(codes, (91, 123)).astype(np.int64) - np.isin(codes, (93, 125))
    return int(steps.cumsum().max())


def _check_tokens(text: str) -> None:
    """Raises the first problem that :func:`loads` refuses, with its line; slow, so used only on problems."""
    scanner = _Scanner()
    for match in _TOKEN.finditer(text):
        what = scanner.problem(match.group())
        if what:
            raise JSONError(what, text.count("\n", 0, match.start()) + 1, scanner.keys[-1])


class _Scanner:
    """Follows objects and keys through the tokens of a text, to locate a problem."""

    def __init__(self) -> None:
        self.stack: list[set[str] | None] = []  # the keys of each open object, None for an array
        self.keys: list[str | None] = [None]
        self.wants_key = False

    def problem(self, piece: str) -> str | None:
        """The problem of the next token, or None; :attr:`keys` ends with the key above it."""
        if piece in "[{":
            return self._open(piece)
        if piece in "]}":
            return self._close()
        if piece in ",:":
            self.wants_key = piece == "," and bool(self.stack) and self.stack[-1] is not None
            return None
        return self._text(_string(piece)) if piece[0] == '"' else _number_problem(piece)

    def _open(self, bracket: str) -> str | None:
        self.wants_key = bracket == "{"
        self.stack.append(set() if self.wants_key else None)
        self.keys.append(self.keys[-1])
        return f"nested more than {MAX_DEPTH} levels deep" if len(self.stack) > MAX_DEPTH else None

    def _close(self) -> str | None:
        self.wants_key = False
        if self.stack:
            self.stack.pop()
            self.keys.pop()
        return None

    def _text(self, string: str) -> str | None:
        if _is_half(string):
            return f"half a surrogate pair in {string!r}: no text can hold it"
        known = self.stack[-1] if self.stack and self.wants_key else None
        if known is None:
            return None
        self.wants_key, self.keys[-1] = False, string
        if string in known:
            return f"the key {string!r} occurs twice in one object"
        known.add(string)
        return None


def _string(piece: str) -> str:
    try:
        return str(json.loads(piece))
    except ValueError:
        return piece


def _is_half(string: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in string)


def _number_problem(piece: str) -> str | None:
    if piece in ("NaN", "Infinity", "-Infinity"):
        return f"{piece} is no number in JSON"
    try:
        _finite(piece) if any(c in piece for c in ".eE") else int(piece)
    except _StrictError as error:
        return str(error)
    except ValueError as error:
        return str(error) if piece.lstrip("-").isdecimal() else None
    return None
