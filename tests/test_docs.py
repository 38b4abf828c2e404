"""What README and docs tell people to type exists: commands, options, methods, files, make targets."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
import typer

from rationale.cli import app
from rationale.dropping import SYSTEMS
from rationale.scores import METHODS

ROOT = Path(__file__).parents[1]
PAGES = (*ROOT.glob("*.md"), *(p for p in ROOT.glob("docs/**/*.md") if "_build" not in p.parts))
FENCE = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.DOTALL | re.MULTILINE)
KNOWN = {"--method": METHODS, "--system": SYSTEMS}


def blocks(page: Path) -> list[str]:
    """The page's fenced blocks of shell commands, lines that go on joined."""
    text = page.read_text(encoding="utf-8")
    return [re.sub(r"\\\n\s*", " ", block) for block in FENCE.findall(text)]


def commands() -> list[tuple[str, str]]:
    lines = ((page, line) for page in PAGES for block in blocks(page) for line in block.splitlines())
    return [
        (page.relative_to(ROOT).as_posix(), line.strip())
        for page, line in lines
        if re.match(r"(\S*/bin/)?rationale\s", line.strip())
    ]


def leaf(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words name, and its arguments."""
    command: click.Command = typer.main.get_command(app)
    while hasattr(command, "resolve_command"):
        context = click.Context(command)
        name, command, words = command.resolve_command(context, words)
        assert command is not None, f"there is no command {name}"
    return command, words


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: value[:60])
def test_every_command_has_the_options_it_is_shown_with(page, line):
    words = shlex.split(line.replace("…", ""), comments=True)[1:]
    command, given = leaf(words)
    options = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)} | {"--help"}
    for word in given:
        if word.startswith("--"):
            assert word.split("=")[0] in options, f"{page}: {line}"
    for option, value in pairwise(given):
        if option in KNOWN:
            assert value.split(":")[0] in KNOWN[option], f"{page}: {line}"


def test_there_are_commands_to_check():
    assert len(commands()) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [unquote(t.split("#")[0]) for t in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [t for t in targets if t and "://" not in t and not (page.parent / t).exists()]
    assert not missing


def test_readme_is_short_and_its_make_targets_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 110
    targets = set(re.findall(r"\bmake ([a-z-]+)", readme)) - {"sure"}
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= targets <= made


def test_the_recipe_of_the_readme_runs(trained_on_sample, tmp_path):
    """As typed, in a folder that looks like a clone after `make demo`; only the environment is another."""
    (recipe,) = (block for block in blocks(ROOT / "README.md") if "rationale score" in block)
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "runs" / "demo" / "classifier-0").symlink_to(trained_on_sample.parent)
    (tmp_path / "eraser_data").symlink_to(ROOT / "eraser_data")
    script = recipe.replace(
        ". .venv/bin/activate", f'rationale() {{ "{sys.executable}" -m rationale "$@"; }}'
    )
    there = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=there, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "drag" in done.stdout
    assert (tmp_path / "runs" / "report.html").stat().st_size > 100_000
