"""What crosses rooms is typed: the results that a reader opens are records, and round-trip byte for byte."""

import ast
import json
import re
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
MAPPING = re.compile(r"\b(dict|Mapping)\[str, Any\]")
LATER = {"artifacts", "commands", "training"}  # rooms that are not held to it yet
ALLOWED = {
    "rationale.dropping_config.Keywords": "keyword arguments of transformers and of systems' constructors",
    "rationale.demo.start.SHAPE": "keyword arguments of a transformers config",
    "rationale.strict_json.read_json": "the reader of JSON itself",
    "rationale.study.grid.Setting": "options of any system, by name",
    "rationale.study.grid.known_options": "the same, parsed",
    "rationale.study.grid.values": "the same, parsed",
    "rationale.study.grid.plain_options": "the same",
    "rationale.study.compare.compare_systems": "the same",
    "rationale.study.cell_results.train_cell": "the same",
    "rationale.study.topk.gather.gather": "what all cells are made of, compared by content",
    "rationale.study.topk.gather.scores_from": "the same, of one cell",
    "rationale.study.topk.training.train_condition": "a training procedure, compared by content",
    "rationale.study.topk.predict.collate": "batches of the Hugging Face Trainer",
    "rationale.study.topk.predict.PartsTrainer": "the same",
}


def annotations(node):
    """All that a public name of a module says of types: of its fields and methods, where it is a class."""
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            yield from annotations(inner)
    elif isinstance(node, ast.FunctionDef) and (not node.name.startswith("_") or node.name == "__init__"):
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        yield from filter(None, [node.returns, *(one.annotation for one in given)])
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.Assign):  # a type by another name
        yield node.value


def public_names(path):
    """What a module defines that others may use: name and node."""
    for node in ast.parse(path.read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        names += [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        yield from ((name, node) for name in names if not name.startswith("_"))


def untyped(path):
    """The public names of a module that hold, take or give JSON-shaped mappings."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for name, node in public_names(path):
        if any(MAPPING.search(ast.unparse(one)) for one in annotations(node)):
            yield f"{module}.{name}"


def test_public_signatures_hold_no_untyped_mapping_but_those_with_a_reason():
    paths = [*(ROOT / "rationale").rglob("*.py"), *(ROOT / "apps").rglob("*.py")]
    held = [path for path in paths if not LATER & set(path.relative_to(ROOT).parts[1:2])]
    assert {name for path in held for name in untyped(path)} == set(ALLOWED)


@pytest.mark.parametrize("path", COMPARED, ids=lambda path: path.parent.name)
def test_a_comparison_is_written_as_it_was_read(path):
    assert json.dumps(to_json(load_comparison(path))) == json.dumps(read_sealed(path)[0])


@pytest.mark.parametrize("path", STUDIED, ids=lambda path: path.parent.name)
def test_a_study_is_written_as_it_was_read(path):
    assert json.dumps(to_json(StoredStudy.load(path.parent).results)) == json.dumps(read_sealed(path)[0])
