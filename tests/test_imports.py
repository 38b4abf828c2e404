"""What is imported when: help and tables cost no torch, and everything can be imported on any system."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rationale.cli import COMMANDS
from rationale.corpus import load_documents, write_eraser
from rationale.errors import RationaleError
from rationale.extras import EXTRAS, optional
from rationale.scores.writer import ScoreWriter
from tests.agreement.making import random_corpus
from tests.toys import toy_folder

ROOT = Path(__file__).parents[1]

MODELS = ("torch", "transformers", "tokenizers", "captum", "accelerate", "datasets")
TABLES = ("streamlit", "plotly", "pandas", "sklearn", "scipy")
SUB_COMMANDS = {
    "data": ("get", "check", "convert", "list"),
    "list": ("methods", "metrics", "families", "systems"),
    "train": ("classifier", "adapler", "ltp"),
    "study": ("topk", "faithfulness"),
}

RUN = """
import contextlib, io, json, sys
blocked = set(json.loads(sys.argv.pop(1)))
sys.modules |= dict.fromkeys(blocked)  # as if they were not installed
from rationale.cli import app
for line in json.loads(sys.argv.pop(1)):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        app(line, standalone_mode=False)
print(json.dumps([name for name, module in sys.modules.items() if module is not None]))
"""


def loaded(*lines, blocked=()):
    """The top packages that are loaded after these commands have run in one process."""
    given = [json.dumps(list(blocked)), json.dumps([list(map(str, line)) for line in lines])]
    ran = subprocess.run([sys.executable, "-c", RUN, *given], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_help_loads_no_heavy_package():
    lines = [["--help"], *([name, "--help"] for name in COMMANDS)]
    lines += [[name, part, "--help"] for name, parts in SUB_COMMANDS.items() for part in parts]
    assert not loaded(*lines) & {*MODELS, *TABLES, "pydantic", "click"}  # typer's own, and not of the base


def test_import_rationale_loads_next_to_nothing():
    code = (
        "import sys, rationale; print([n for n in sys.modules if n in ('numpy', 'typer', 'rich', 'torch')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Scores of a model that drops nothing, and their documents, on disk."""
    scores, documents = random_corpus()
    root = tmp_path_factory.mktemp("saved")
    write_eraser({"val": documents}, root / "data")
    own = load_documents(str(root / "data"), "val")
    items = {item.key: item for item in scores}
    with ScoreWriter(root / "scores", scores.recipe) as writer:
        writer.write(0, [items[document.key] for document in own])
        writer.finish()
    return root


@pytest.mark.slow
def test_agree_report_and_export_load_only_what_they_use(saved):
    """And run without any extra. Of SciPy they load what one number needs, and not its statistics."""
    given = ["--scores", saved / "scores", "--data", saved / "data", "--split", "val"]
    agree = ["agree", *given, "--out", saved / "a.json", "--resamples", 100]
    report = ["report", *given, "--agreement", saved / "a.json", "--out", saved / "r.html"]
    export = ["export", *given, "--out", saved / "p.jsonl"]
    models = {"torch", "transformers", "captum", "accelerate", "datasets"}
    heavy = models | {"streamlit", "sklearn", "scipy.stats", "pyarrow.dataset", "pyarrow.acero"}
    assert not loaded(agree, export, blocked=EXTRAS) & {*heavy, "plotly", "jinja2"}
    assert not loaded(report, blocked=EXTRAS) & heavy
    assert all((saved / name).exists() for name in ("a.json", "r.html", "p.jsonl"))


@pytest.mark.slow
def test_scoring_needs_no_extra(saved):
    model, out = toy_folder("bert"), saved / "own"
    given = ["score", "--model", model, "--data", saved / "data", "--split", "val", "--device", "cpu"]
    given += ["--labels", "NEG,POS", "--limit", 2, "--out", out]
    assert "torch" in loaded(given, blocked=EXTRAS)


@pytest.mark.parametrize(("package", "extra"), EXTRAS.items())
def test_a_missing_package_is_named_with_its_extra(monkeypatch, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.web", raising=False)
    with pytest.raises(RationaleError, match=rf"needs the package {package}\. .*'rationale\[{extra}\]'"):
        optional(package)


def test_no_module_needs_posix():
    """Windows has none of these; what other packages import is their own affair."""
    posix = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"}
    found = set()
    for path in (ROOT / "rationale").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {(path.name, name) for name in names if name.partition(".")[0] in posix}
    assert not found
