"""What reaches the terminal: text of data and models is shown, and never obeyed."""

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
    r"""Text with what could steer a terminal written out.

    That is C0, DEL and C1, what turns the writing direction, and half a surrogate pair (a byte of a file name
    that is no UTF-8).

    Args:
        text: Anything, from anywhere.
        lines: Whether line ends stay line ends.

    >>> print(visible("red \x1b[31m, hidden \u202e, two\nlines"))
    red \x1b[31m, hidden \u202e, two\nlines
    """
    unsafe = _UNSAFE if lines else _UNSAFE_IN_A_LINE
    return unsafe.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def say(text: object = "", *, err: bool = False, fg: str | None = None) -> None:
    """Prints one line.

    Args:
        text: What to print.
        err: Whether it goes to standard error.
        fg: Its colour, on a terminal.
    """
    typer.secho(visible(str(text)), err=err, fg=fg)


def say_json(text: str) -> None:
    """Prints JSON text, whose strings have their control characters escaped as JSON escapes them."""
    unsafe = re.compile(_UNSAFE.pattern)
    typer.echo(unsafe.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


class _SafeConsole(Console):
    """A console that writes control characters out, wherever in a table or a text they stand."""

    def render(self, renderable: RenderableType, options: Any = None) -> Iterable[Segment]:
        """Segments as Rich makes them, their text made visible; only Rich's own control codes pass."""
        for segment in super().render(renderable, options):
            if segment.control is not None:
                yield segment
            else:
                yield Segment(visible(segment.text, lines=True), segment.style)


def safe_console(**settings: Any) -> Console:
    """A Rich console for standard output that shows control characters instead of obeying them."""
    return _SafeConsole(**settings)


class _OneLine(logging.Formatter):
    """Log messages name files and labels too."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, its control characters written out."""
        return visible(super().format(record), lines=True)


def log_to_stderr() -> None:
    """Sends warnings of all libraries, and notes of this one, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("rationale").setLevel(logging.INFO)
