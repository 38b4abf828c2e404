"""Every option of every command is used: one that does nothing is an error to pass, not to ignore."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rationale.cli import COMMANDS, app

STEPS = ("agree", "report", "export")
OF_A_MODEL = ("--device=cpu", "--dtype=float32", "--batch-size=4")


def functions(name):
    """The functions of a command's module that the command line calls, as syntax trees."""
    source = Path(find_spec(f"rationale.commands.{name}").origin).read_text(encoding="utf-8")
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    if isinstance(getattr(import_module(f"rationale.commands.{name}"), "app", None), typer.Typer):
        return [
            node
            for node in found
            if any(ast.unparse(each).startswith("app.command") for each in node.decorator_list)
        ]
    return [node for node in found if node.name in (name, f"{name}_")]


def registers(decorator):
    return ast.unparse(decorator).startswith("app.command")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_reads_each_of_its_options(name):
    commands = functions(name)
    assert commands
    for command in commands:
        given = {argument.arg for argument in (*command.args.args, *command.args.kwonlyargs)}
        read = {
            node.id
            for statement in command.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        assert given <= read, f"{name}: {command.name} never reads {sorted(given - read)}"


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *(
            (name, option)
            for name in STEPS
            for option in ("--device=cpu", "--dtype=float32", "--batch-size=4")
        ),
        ("report", "--seed=1"),
        ("export", "--seed=1"),
        ("app", "--overwrite"),
        ("explain", "--overwrite"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(name, option):
    result = CliRunner().invoke(app, [name, option])
    assert result.exit_code == 2
    assert f"No such option: {option.partition('=')[0]}" in result.output
