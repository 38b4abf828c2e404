"""What README and docs tell people to type exists: commands, options, methods, files, make targets."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
import typer

from rationale.cli import COMMANDS, app
from rationale.dropping import SYSTEMS
from rationale.scores import METHODS
from rationale.study.grid import Setting, known_options

ROOT = Path(__file__).parents[1]
PAGES = (*ROOT.glob("*.md"), *(p for p in ROOT.glob("docs/**/*.md") if "_build" not in p.parts))
SHELL = ("", "sh", "bash", "console")
KNOWN = {"--method": METHODS, "--system": SYSTEMS}
OTHERS = {"--strict", "--nproc_per_node"}
"""Options of mypy and torchrun."""
INVENTED = "rationale train norm"
"""What docs/extending.md adds, and tests/training/test_extending.py executes."""


def split(page: Path) -> tuple[list[str], str]:
    """The page's fenced blocks of shell commands, and its text without any block."""
    blocks, text, block, language = [], [], None, ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("```"):
            (text if block is None else block).append(line)
        elif block is None:
            block, language = [], line[3:].strip()
        else:
            if language in SHELL:
                blocks.append("\n".join(block))
            block = None
    return blocks, "\n".join(text)


def blocks(page: Path) -> list[str]:
    """The page's shell commands: lines that go on joined, variables that a block sets replaced."""
    found = []
    for block in split(page)[0]:
        joined = re.sub(r"\\\n\s*", " ", block)
        for name, value in re.findall(r'^(\w+)="([^"]*)"', joined, re.MULTILINE):
            joined = joined.replace(f"${name}", " ".join(value.split()))
        found.append(joined)
    return found


def inline(page: Path) -> list[str]:
    """What the page's text shows as code."""
    return re.findall(r"`([^`\n]+)`", split(page)[1])


def commands() -> list[tuple[str, str]]:
    """Page and text of every ``rationale ...`` in a shell block or in the text, placeholders apart."""
    shown = [
        (page.relative_to(ROOT).as_posix(), line.strip())
        for page in PAGES
        for line in (*(one for block in blocks(page) for one in block.splitlines()), *inline(page))
    ]
    shown += [(f"{' '.join(path)} --help", text) for path, command in leaves() for text in examples(command)]
    return [
        (page, line)
        for page, line in shown
        if re.match(r"(\S*/bin/)?rationale\s", line)
        and line != INVENTED
        and not re.search(r"\s[A-Z]{2,}\b(?!\S)|\w\|\w", line)
    ]


def examples(command: click.Command) -> list[str]:
    """The commands that a help text gives as its example."""
    found = re.findall(r"Example: `([^`]+)`", command.help or "")
    return [part.strip() for text in found for part in " ".join(text.split()).split(";")]


def leaf(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words name, and its arguments."""
    command: click.Command = typer.main.get_command(app)
    while words and hasattr(command, "resolve_command"):
        context = click.Context(command)
        name, command, words = command.resolve_command(context, words)
        assert command is not None, f"there is no command {name}"
    return command, words


def leaves() -> Iterator[tuple[list[str], click.Command]]:
    """Every command that takes no further one, and the words that name it."""
    for name in COMMANDS:
        command, _ = leaf([name])
        inner = command.list_commands(click.Context(command)) if hasattr(command, "list_commands") else ()
        yield from ((path, leaf(path)[0]) for path in ([[name, one] for one in inner] or [[name]]))


def options(command: click.Command) -> set[str]:
    return {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)} | {"--help"}


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: value[:60])
def test_every_command_has_the_options_it_is_shown_with(page, line):
    words = shlex.split(line.replace("…", ""), comments=True)[1:]
    command, given = leaf(words)
    for word in given:
        if word.startswith("--"):
            assert word.split("=")[0] in options(command), f"{page}: {line}"
    for option, value in pairwise(given):
        if option in KNOWN:
            assert value.split(":")[0] in KNOWN[option], f"{page}: {line}"
        if option == "--system":
            Setting.parse(value)
        if option == "--set":
            known_options([value])


def test_there_are_commands_to_check():
    assert len(commands()) > 100
    assert len(list(leaves())) > 25


def test_every_option_that_a_page_names_is_one_of_a_command_or_of_a_script():
    of_commands = set().union(*(options(command) for _, command in leaves())) | {"--version"}
    scripts = "".join(p.read_text(encoding="utf-8") for p in ROOT.glob("benchmarks/*.py"))
    of_scripts = set(re.findall(r'"(--[a-z][a-z-]*)"', scripts))
    of_scripts |= {"--rounds", "--documents"}  # benchmarks/common.py makes these of keywords
    wrong = [
        (page.relative_to(ROOT).as_posix(), word)
        for page in PAGES
        if page.name != "CHANGELOG.md"  # tells of options that went
        for code in inline(page)
        for word in re.findall(r"(?<!\S)--[a-z][\w-]*", code)
        if word not in of_commands | of_scripts | OTHERS
    ]
    assert not wrong


def test_every_setting_that_a_page_of_results_names_is_an_option():
    shown = [code for page in PAGES if "results" in page.parts for code in inline(page)]
    settings = [code for code in shown if re.fullmatch(r"([a-z-]+:)?([a-z_]+=[\w.,-]+)+", code)]
    for text in settings:
        known_options(re.split(r",(?=[a-z_]+=)", text.rpartition(":")[2]))
    assert len(settings) > 3


def test_every_file_that_a_page_names_is_there():
    ours = re.compile(r"(?<![\w/.])(?:rationale|tests|benchmarks|apps|eraser_data)/[\w./-]*\w/?")
    named = [(page.name, path) for page in PAGES for code in inline(page) for path in ours.findall(code)]
    assert [(page, path) for page, path in named if not (ROOT / path).exists()] == []
    assert len(named) > 30


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
