"""The one reader of JSON: what other readers decide in silence (two equal keys, NaN) is an error here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rationale.errors import DataError, RationaleError

MAX_DEPTH = 100
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # escapes among which a lone one may be
_LARGE = re.compile(r"[eE]\+?\d{3}|\d{300}")  # numbers among which an infinite one may be


class JSONProblem(ValueError):
    """Text that is no JSON, or that two readers could read differently.

    Attributes:
        what: What is wrong, with the offending key or value.
        line: The line it stands on, from 1.
        key: The object key at or above it, None at the top.
    """

    def __init__(self, what: str, line: int, key: str | None) -> None:
        self.what, self.line, self.key = what, line, key
        super().__init__(what)


def loads(text: str) -> Any:
    """The value of a JSON text (RFC 8259), stricter than :func:`json.loads`.

    Args:
        text: One JSON value.

    Raises:
        JSONProblem: On a syntax error, a repeated key in one object, NaN, an infinite number, half a
            surrogate pair, or more than :data:`MAX_DEPTH` levels.

    >>> loads('{"label": "POS", "label": "NEG"}')
    Traceback (most recent call last):
    rationale.strict_json.JSONProblem: the key 'label' stands twice in one object
    """
    if _deepest(text) > MAX_DEPTH:
        _check_tokens(text)  # brackets inside strings are counted above, and not here
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse,
            parse_float=_finite if _LARGE.search(text) else None,
        )
    except json.JSONDecodeError as error:
        raise JSONProblem(f"{error.msg} at column {error.colno}", error.lineno, None) from error
    except (_Strict, RecursionError, ValueError) as error:
        _check_tokens(text)
        raise JSONProblem(str(error), 1, None) from error
    if _HALF.search(text):
        _check_tokens(text)
    return value


def read(
    path: Path, *, error: type[RationaleError] = DataError, what: str = "not valid JSON", remedy: str = ""
) -> dict[str, Any]:
    """The JSON object in a UTF-8 file.

    Args:
        path: The file.
        error: The class of the error to raise.
        what: How the error begins.
        remedy: What the user can do about it.

    Raises:
        RationaleError: Of class ``error``, naming file, line and key, where the file cannot be read, is no
            UTF-8, or is not one JSON object.
    """
    try:
        value = loads(path.read_text(encoding="utf-8-sig"))
    except JSONProblem as problem:
        raise error(f"{what} ({problem.what})", where=f"{path}:{problem.line}", remedy=remedy) from problem
    except (OSError, UnicodeDecodeError) as problem:
        told = (problem.strerror if isinstance(problem, OSError) else None) or problem
        raise error(f"{what} ({told})", where=path, remedy=remedy) from problem
    if not isinstance(value, dict):
        raise error(f"{what} (expected an object, found {type(value).__name__})", where=path, remedy=remedy)
    return value


class _Strict(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Strict("a key stands twice in one object")
    return found


def _refuse(name: str) -> NoReturn:
    raise _Strict(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Strict(f"{text[:30]} is larger than any number of 64 bits")
    return value


def _deepest(text: str) -> int:
    """At least the depth of nesting; brackets inside strings count as well."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    codes = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    steps = np.isin(codes, (91, 123)).astype(np.int64) - np.isin(codes, (93, 125))
    return int(steps.cumsum().max())


def _check_tokens(text: str) -> None:
    """Says where the first thing is that :func:`loads` refuses; slow, so only asked once there is one."""
    for position, key, what in _problems(text):
        raise JSONProblem(what, text.count("\n", 0, position) + 1, key)


def _problems(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Position, key and description of each problem, in order."""
    stack: list[set[str] | None] = []  # the keys of each open object, None for an array
    keys: list[str | None] = [None]
    wants_key = False
    for match in _TOKEN.finditer(text):
        token, at = match.group(), match.start()
        if token in "[{":
            stack.append(set() if token == "{" else None)
            keys.append(keys[-1])
            wants_key = token == "{"
            if len(stack) > MAX_DEPTH:
                yield at, keys[-1], f"nested more than {MAX_DEPTH} levels deep"
        elif token in "]}":
            if stack:
                stack.pop()
                keys.pop()
            wants_key = False
        elif token == ",":
            wants_key = bool(stack) and stack[-1] is not None
        elif token[0] == '"':
            string = _string(token)
            if _is_half(string):
                yield at, keys[-1], f"half a surrogate pair in {string!r}: no text can hold it"
            if wants_key and stack and stack[-1] is not None:
                wants_key, keys[-1] = False, string
                if string in stack[-1]:
                    yield at, string, f"the key {string!r} stands twice in one object"
                stack[-1].add(string)
        elif token != ":":
            problem = _number_problem(token)
            if problem:
                yield at, keys[-1], f"{problem}, under the key {keys[-1]!r}" if keys[-1] else problem


def _string(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token


def _is_half(string: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in string)


def _number_problem(token: str) -> str | None:
    if token in ("NaN", "Infinity", "-Infinity"):
        return f"{token} is no number in JSON"
    try:
        _finite(token) if any(c in token for c in ".eE") else int(token)
    except _Strict as error:
        return str(error)
    except ValueError as error:
        return str(error) if token.lstrip("-").isdecimal() else None
    return None
