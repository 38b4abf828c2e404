"""The command ``rationale``: loads only the command that runs, and turns errors into messages."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup

from rationale.errors import RationaleError

COMMANDS = {
    "demo": "The whole road on the embedded sample, in a few minutes.",
    "data": "Get, check and list data sets.",
    "train": "Fine-tune models.",
    "score": "Score every word of a data set with several methods.",
    "agree": "Compare scores with human rationales.",
    "report": "Write scores and agreement as one page, or as tables.",
    "export": "Write scores in another tool's format.",
    "explain": "Score one text, in the terminal.",
    "evaluate": "What a token-dropping model costs and saves.",
    "compare": "Train and evaluate token-dropping systems beside each other.",
    "study": "Experiments: are these words enough?",
    "trace": "Which token a dropping model lets go in which layer.",
    "verify": "What a saved result is, and whether it is what was written.",
    "app": "Look at scores in the browser.",
    "list": "List score methods, metrics, encoder families, systems.",
}


class _Lazy(TyperGroup):
    """Knows every command's name and line of help; imports a command's module when it runs."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of a first session."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in that carries the line of help."""
        return click.Command(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself, loaded."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name not in COMMANDS:
            return name, stand_in, rest
        return name, _load(import_module(f"rationale.commands.{name}"), name), rest


def _load(module: ModuleType, name: str) -> Any:
    """A module's sub-commands, its ``app``, or the one command it defines, a function of its own name."""
    if hasattr(module, "app") and isinstance(module.app, typer.Typer):
        return typer.main.get_command(module.app)
    single = typer.Typer(rich_markup_mode="markdown")
    single.command(name)(getattr(module, f"{name}_", None) or getattr(module, name))
    return typer.main.get_command(single)


app = typer.Typer(
    cls=_Lazy, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)


@app.callback(invoke_without_command=True)
def rationale(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Do the tokens a transformer ranks high, or keeps, agree with what humans marked as the reason?

    First time here? `rationale demo` runs everything on a small corpus of its own.
    """
    if show_version:
        typer.echo(version("rationale"))
        raise typer.Exit


def main() -> None:
    """Runs the command line; an error of this library is one message on stderr and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("rationale").setLevel(logging.INFO)
    try:
        app()
    except RationaleError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(2)
