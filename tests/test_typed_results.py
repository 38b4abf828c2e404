"""What crosses rooms is typed: the results that a reader opens are records, and round-trip byte for byte."""

import ast
import json
from pathlib import Path

import pytest

from rationale.artifacts.record import to_json
from rationale.artifacts.seal import read_sealed
from rationale.study.comparison import load_comparison
from rationale.study.topk.stored import StoredStudy

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
COMPARED = sorted(RESULTS.glob("systems/*/comparison.json"))
STUDIED = sorted(RESULTS.glob("study/*/study.json"))
TYPED = ("evaluation", "study")  # rooms whose public functions take and give no JSON-shaped mappings
ALLOWED = {
    "study.cells.claim": "what a cell is made of is compared by content, whatever it holds",
    "study.cells.made_of_what": "the same, read",
    "study.cells.read": "the reader of JSON itself",
    "study.grid.Setting": "options of any system, by name",
    "study.grid.known_options": "the same, parsed",
    "study.grid.values": "the same, parsed",
    "study.grid.plain_options": "the same",
    "study.compare.compare": "the same",
    "study.cell_results.train_cell": "the same",
    "study.topk.gather.gather": "what all cells are made of, compared by content",
    "study.topk.gather.scores_from": "the same, of one cell",
    "study.topk.training.train_condition": "a training procedure, compared by content",
    "study.topk.reading.collate": "batches of the Hugging Face Trainer",
    "study.topk.reading.PartsTrainer": "the same",
    "evaluation.traces.Traced": "a trace as the JSON of `rationale trace`",
    "evaluation.traces.write_traces": "inputs of a seal: any hashes, by name",
}


def untyped(path):
    """The public functions and fields of a module whose annotations are JSON-shaped mappings."""
    module = ".".join(path.relative_to(ROOT / "rationale").with_suffix("").parts)
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in inner:
            said = [one.annotation] if isinstance(one, ast.AnnAssign) else []
            if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
                said = [one.returns, *(a.annotation for a in [*one.args.args, *one.args.kwonlyargs])]
            if any("[str, Any]" in ast.unparse(note) for note in said if note is not None):
                yield f"{module}.{node.name}"


def test_public_signatures_hold_no_untyped_mapping_but_those_with_a_reason():
    paths = [path for room in TYPED for path in (ROOT / "rationale" / room).rglob("*.py")]
    assert {name for path in paths for name in untyped(path)} == set(ALLOWED)


@pytest.mark.parametrize("path", COMPARED, ids=lambda path: path.parent.name)
def test_a_comparison_is_written_as_it_was_read(path):
    assert json.dumps(to_json(load_comparison(path))) == json.dumps(read_sealed(path)[0])


@pytest.mark.parametrize("path", STUDIED, ids=lambda path: path.parent.name)
def test_a_study_is_written_as_it_was_read(path):
    assert json.dumps(to_json(StoredStudy.load(path.parent).results)) == json.dumps(read_sealed(path)[0])
