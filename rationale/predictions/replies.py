"""The quotes in what a language model replied: JSON, or nearly, in prose; read as data, never as code."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rationale.errors import DataError

LONGEST = 1 << 20  # characters of one reply
_DEPTH = 5
_ROUNDS = 3  # strings that hold JSON which holds strings
_KEYS = re.compile(r"\W*(rationales?|rationals|text|quotes?|evidences?|spans?)\W*", re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)
_MARK = re.compile(r'\\.|["\[\]{}]', re.DOTALL)  # brackets, quotes, and what a backslash escapes in a string
_OPEN = {"[": "]", "{": "}"}


@dataclass
class Reply:
    """What was read out of a reply.

    Attributes:
        quotes: In order; None where nothing in it could be read as JSON or as a Python literal.
        repaired: Whether a trailing comma or a missing last bracket was mended.
        ignored: How many entries stood under keys that hold no quotes.
    """

    quotes: list[str] | None = None
    repaired: bool = False
    ignored: int = 0


def read_reply(text: str) -> Reply:
    r"""The quotes of a reply.

    The whole text is tried as JSON, then what stands in its first fence, then its longest balanced
    ``[...]`` or ``{...}``, each also as a Python literal and with a trailing comma or a missing last
    bracket mended. Strings that hold such a text themselves are read once more. Quotes are all strings, in
    lists at any depth up to 5 and under the keys rationale(s), text, quote(s), evidence and span(s).

    Args:
        text: At most 2**20 characters.

    Raises:
        DataError: Where it is longer: no reply about one document is.

    >>> read_reply('Sure! Here it is: ```json\n{"rationales": ["a dull plot",]}\n```').quotes
    ['a dull plot']
    >>> read_reply("I would rather not say.").quotes is None
    True
    """
    if len(text) > LONGEST:
        raise DataError(
            f"a reply of {len(text):,} characters, expected at most {LONGEST:,}",
            remedy="Give each document its own row with the reply to it alone.",
        )
    reply = Reply()
    for candidate in _candidates(text):
        for read in (_json, _literal):
            for mended in (False, True):
                value = read(_mend(candidate) if mended else candidate)
                if isinstance(value, list | dict):
                    reply.repaired = mended
                    reply.quotes = list(_quotes(value, reply, 0))
                    return reply
    whole = _value(text)
    if isinstance(whole, str):
        inner = read_reply(whole) if whole != text else Reply()
        return inner if inner.quotes is not None else Reply([whole])
    return reply


def _candidates(text: str) -> Iterator[str]:
    yield text.strip()
    fence = _FENCE.search(text)
    if fence:
        yield fence[1].strip()
    longest = max(_balanced(text), key=len, default="")
    if longest:
        yield longest
    start = min((place for mark in _OPEN if (place := text.find(mark)) >= 0), default=-1)
    if start >= 0:  # the last bracket is missing
        yield text[start:].split("```")[0].strip()


def _balanced(text: str) -> Iterator[str]:
    """Outermost ``[...]`` and ``{...}``; brackets in double-quoted strings do not count."""
    stack, start, quoted = list[str](), 0, False
    for match in _MARK.finditer(text):
        mark, end = match.group(), match.end()
        if quoted:
            quoted = mark != '"'
        elif mark[-1] == '"':
            quoted = bool(stack)
        elif mark[-1] in _OPEN:
            start = start if stack else end - 1
            stack.append(_OPEN[mark[-1]])
        elif stack and mark[-1] == stack[-1]:
            stack.pop()
            if not stack:
                yield text[start:end]


def _mend(text: str) -> str:
    """Without commas before a closing bracket, and with the brackets that are missing at the end."""
    text = re.sub(r",\s*(?=[\]}]|$)", "", text.strip())
    stack, quoted = list[str](), False
    for mark in _MARK.findall(text):
        if quoted:
            quoted = mark != '"'
        elif mark[-1] == '"':
            quoted = True
        elif mark[-1] in _OPEN:
            stack.append(_OPEN[mark[-1]])
        elif stack and mark[-1] == stack[-1]:
            stack.pop()
    return text + ('"' if quoted else "") + "".join(reversed(stack))


def _value(text: str) -> Any:
    """The text as JSON, or as a Python literal; None where it is neither."""
    value = _json(text)
    return _literal(text) if value is None else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _literal(text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know, as in "a\\d"
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _quotes(value: Any, reply: Reply, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        inner = _value(value) if value.strip()[:1] in _OPEN and depth < _ROUNDS else None
        yield from [value] if inner is None else _quotes(inner, reply, depth + 1)
    elif depth >= _DEPTH:
        reply.ignored += 1
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _quotes(entry, reply, depth + 1)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if isinstance(key, str) and _KEYS.fullmatch(key):
                yield from _quotes(entry, reply, depth + 1)
            else:
                reply.ignored += 1
    elif value is not None:
        reply.ignored += 1
