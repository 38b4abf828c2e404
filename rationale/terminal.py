"""Prints to the terminal: control characters in text of data and models are shown, not obeyed."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.segment import Segment

_UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_UNSAFE_IN_A_LINE = re.compile(f"{_UNSAFE.pattern}|\n")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Escapes characters that a terminal would obey.

    These are C0, DEL and C1, marks of the writing direction, and half a surrogate pair (a byte of a file name
    that is not UTF-8).

    Args:
        text: Untrusted text.
        lines: Whether line ends are kept.

    >>> print(visible("red \x1b[31m, hidden \u202e, two\nlines"))
    red \x1b[31m, hidden \u202e, two\nlines
    """
    unsafe = _UNSAFE if lines else _UNSAFE_IN_A_LINE
    return unsafe.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def say(text: object = "", *, err: bool = False, fg: str | None = None) -> None:
    """Prints one line.

    Args:
        text: The line to print.
        err: Whether to print to standard error.
        fg: The colour, on a terminal.
    """
    typer.secho(visible(str(text)), err=err, fg=fg)


def say_json(text: str) -> None:
    """Prints JSON text with control characters escaped in JSON's way."""
    unsafe = re.compile(_UNSAFE.pattern)
    typer.echo(unsafe.sub(lambda match: f"\\u{ord(match.group()):04x}", text))


class _SafeConsole(Console):
    """A console that escapes control characters in all tables and texts."""

    def render(self, renderable: RenderableType, options: Any = None) -> Iterable[Segment]:
        """Rich's segments with escaped text; only Rich's own control codes pass."""
        for segment in super().render(renderable, options):
            if segment.control is not None:
                yield segment
            else:
                yield Segment(visible(segment.text, lines=True), segment.style)


def safe_console(**settings: Any) -> Console:
    """A Rich console for standard output that shows control characters instead of obeying them."""
    return _SafeConsole(**settings)


class _OneLine(logging.Formatter):
    """Escapes control characters in log messages, which name files and labels of data."""

    def format(self, record: logging.LogRecord) -> str:
        """The message with control characters escaped."""
        return visible(super().format(record), lines=True)


def log_to_stderr() -> None:
    """Sends warnings of all libraries, and this library's log from INFO, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("rationale").setLevel(logging.INFO)
