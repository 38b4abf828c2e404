"""The command ``rationale``: imports only the command that runs, and turns errors into messages."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandInfo

from rationale.commands.options import TYPED
from rationale.errors import RationaleError
from rationale.files import home
from rationale.terminal import log_to_stderr, say

COMMANDS = {
    "demo": "Run the full pipeline on the embedded sample, in minutes.",
    "data": "Get, check, convert and list data sets.",
    "train": "Train classifiers and token-dropping models.",
    "score": "Score every word of a data set with several methods.",
    "agree": "Compare scores with human rationales.",
    "report": "Write scores and agreement as one HTML page, and as tables.",
    "export": "Write scores in another tool's format.",
    "words": "Count which words push each class, over a corpus.",
    "explain": "Score the words of one text, in the terminal.",
    "evaluate": "Measure what a token-dropping model costs and saves.",
    "compare": "Train, evaluate and compare token-dropping methods.",
    "sanity": "Check that scores change when the model's weights are re-drawn.",
    "study": "Run experiments: are these words enough?",
    "trace": "Show the layer at which each token is dropped.",
    "verify": "Identify saved results, and check that they are unchanged.",
    "app": "Look at scores in the browser.",
    "list": "List score methods, metrics, encoder families, dropping methods.",
}


_PATHS = ("data", "model", "source", "adapler")
"""Options and arguments of type text that may hold a path."""


class _Group(TyperGroup):
    """A group whose flags default to False.

    Typer leaves ``--help`` and the flags of completion at None and imports pydantic to convert that: a third
    of the time of a help text.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """The group's options."""
        parameters = list(super().get_params(ctx))
        for parameter in parameters:
            if parameter.default is None and getattr(parameter, "is_flag", False):
                parameter.default = False
        return parameters


class _LazyGroup(_Group):
    """Knows the name and the line of help of every command; imports a command's module when it runs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Stores the typed arguments for the provenance of results."""
        ctx.meta[__name__] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command, with :func:`rationale.commands.options.typed_command` available to it."""
        token = TYPED.set(ctx.meta[__name__])
        try:
            return super().invoke(ctx)
        finally:
            TYPED.reset(token)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands, in the order of a first session."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A placeholder with the line of help."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself, imported."""
        name, placeholder, remaining = super().resolve_command(ctx, args)
        if name not in COMMANDS:
            return name, placeholder, remaining
        return name, _load(import_module(f"rationale.commands.{name}"), name, remaining[:1]), remaining


def _load(module: ModuleType, name: str, words: Sequence[str]) -> Any:
    """A module's ``app`` of sub-commands, or its one command, the function named after the module.

    Args:
        module: Of ``rationale.commands``.
        name: The command.
        words: The next word of the command line: where it names a sub-command, the others are not built.
    """
    commands, chosen = getattr(module, "app", None), []
    if isinstance(commands, typer.Typer):
        commands = copy(commands)
        commands.info.cls = _Group
        chosen = [c for c in commands.registered_commands if _name(c) in words]
        commands.registered_commands = chosen or commands.registered_commands
    else:
        commands = typer.Typer(rich_markup_mode="markdown", add_completion=False)
        commands.command(name)(getattr(module, f"{name}_", None) or getattr(module, name))
    for registered in commands.registered_commands:
        if registered.callback is not None and not hasattr(registered.callback, "at_home"):
            registered.callback = _expand_home(registered.callback)
    return typer.main.get_group(commands) if chosen else typer.main.get_command(commands)


def _name(registered: CommandInfo) -> str:
    return registered.name or typer.main.get_command_name(getattr(registered.callback, "__name__", ""))


def _expand_home(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with ``~`` replaced in its paths: no shell does that in ``--out=~/scores``."""

    @wraps(command)
    def call(**arguments: Any) -> Any:
        return command(**{name: _expanded(name, value) for name, value in arguments.items()})

    call.at_home = True  # type: ignore[attr-defined]
    return call


def _expanded(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_expanded(name, item) for item in value]
    if isinstance(value, Path):
        return home(value)
    if isinstance(value, str) and value[:1] == "~" and name in _PATHS:
        return str(home(value))
    return value


app = typer.Typer(
    cls=_LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)


@app.callback(invoke_without_command=True)
def rationale(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Do the tokens a transformer ranks high, or keeps, agree with what humans marked as the reason?

    Start with `rationale demo`: it runs everything on an embedded sample.
    """
    if show_version:
        from importlib.metadata import version  # imports the email package

        say(version("rationale"))
        raise typer.Exit


def main() -> None:
    """Runs the command line; an error of this library prints one message to stderr and exits with 2."""
    if sys.stdout is None or sys.stderr is None:  # closed by the parent process
        sys.stdout, sys.stderr = (stream or _null_stream() for stream in (sys.stdout, sys.stderr))
    log_to_stderr()
    gc.set_threshold(100_000, 20, 20)  # imports and parsed files make many objects and no garbage
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except RationaleError as error:
        _exit_with(str(error))
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        _exit_with(
            f"standard output is {error.encoding} and cannot show U+{ord(character):04X}. "
            "Set PYTHONIOENCODING=utf-8, or write to a file."
        )
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader of the pipe has closed it
            _drop_output()
            sys.exit(1)
        where = f"{error.filename}: " if error.filename else ""
        _exit_with(f"{where}{error.strerror or error}. Free space, or check the path and its permissions.")


def _exit_with(message: str) -> NoReturn:
    with suppress(OSError, ValueError):  # standard error may be full or closed, too
        say(f"error: {message}", fg="red", err=True)
    _drop_output()
    sys.exit(2)


def _drop_output() -> None:
    """Drops unwritten output, so that Python does not try to flush it again at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        sys.stdout = _null_stream()


def _null_stream() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  (open until the process ends)
