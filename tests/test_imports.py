"""What is imported when: help and tables cost no torch, and everything can be imported on any system."""

import json
import subprocess
import sys

from rationale.cli import COMMANDS

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
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
from rationale.cli import app
for line in json.loads(sys.argv.pop(1)):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        app(line, standalone_mode=False)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def loaded(*lines, blocked=()):
    """The top packages that are loaded after these commands have run in one process."""
    given = [json.dumps(list(blocked)), json.dumps([list(map(str, line)) for line in lines])]
    ran = subprocess.run([sys.executable, "-c", RUN, *given], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_help_loads_no_heavy_package():
    lines = [["--help"], *([name, "--help"] for name in COMMANDS)]
    lines += [[name, part, "--help"] for name, parts in SUB_COMMANDS.items() for part in parts]
    assert not loaded(*lines) & {*MODELS, *TABLES}


def test_import_rationale_loads_next_to_nothing():
    code = (
        "import sys, rationale; print([n for n in sys.modules if n in ('numpy', 'typer', 'rich', 'torch')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
