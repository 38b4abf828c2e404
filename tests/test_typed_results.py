"""What crosses rooms is typed: the results that a reader opens are records, and round-trip byte for byte."""

import ast
import json
import re
from pathlib import Path

import pytest

from rationale.artifacts.record import to_json
from rationale.artifacts.seal import read_sealed
from rationale.errors import ModelError
from rationale.study.comparison import load_comparison
from rationale.study.topk.stored import StoredStudy
from rationale.training.record import Trained, read_training

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
COMPARED = sorted(RESULTS.glob("systems/*/comparison.json"))
STUDIED = sorted(RESULTS.glob("study/*/study.json"))
TRAINED = sorted(RESULTS.rglob("training.json"))
MAPPING = re.compile(r"\b(dict|Mapping)\[str, Any\]")
LATER = {"artifacts"}  # rooms that are not held to it yet
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
    **dict.fromkeys(
        (
            "rationale.training.adapler.trainer.AdapLeRTrainer",
            "rationale.training.dropping.trainer.PackedPassTrainer",
            "rationale.training.lat.trainer.LATTrainer",
            "rationale.training.progress.Progress",
            "rationale.training.tr_bert.trainer.PolicyTrainer",
            "rationale.training.trainer.ClassifierTrainer",
        ),
        "batches and logs of the Hugging Face Trainer",
    ),
    "rationale.training.adapler.options.PRESETS": "options of AdapLeR by name, for its constructor",
    "rationale.training.recipe.history": "the state of the Hugging Face Trainer",
    "rationale.training.saved.TrainerCheckpoint": "the same",
    "rationale.training.saved.read_checkpoint": "what a training is made of: compared by content",
    "rationale.training.dropping.stage.stage": "the same",
    "rationale.training.dropping.stage.check_made": "the same",
    "rationale.training.dropping.stage.outcome": "the same, read",
    "rationale.training.recipes.Recipe": "options of any system, by name",
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


@pytest.mark.parametrize("path", TRAINED, ids=lambda path: str(path.parent.relative_to(RESULTS)))
def test_a_training_of_an_earlier_version_says_what_its_file_does(path):
    trained, content = read_training(path.parent), json.loads(path.read_text())
    assert isinstance(trained, Trained)
    assert trained.command is None
    said = {name: value for name, value in to_json(trained).items() if name in content and name != "model"}
    assert said == {name: content[name] for name in said}
    assert said.keys() >= {"kind", "labels", "options", "train", "epochs", "best", "versions"}
    if isinstance(content["model"], str):  # a study's
        assert (trained.model.name, trained.model.hash) == (content["model"], content["weights"])
    else:
        assert to_json(trained)["model"].items() >= content["model"].items()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("epochs", "three", "epochs: expected a list, found 'three'"),
        ("model", {"name": "encoder"}, "model: 'hash' is missing"),
        ("options", None, "options: expected an object, found None"),
        ("command", 3, "command: expected text, found 3"),
    ],
)
def test_a_training_that_is_none_says_what_was_expected(tmp_path, name, value, told):
    content = {**json.loads(TRAINED[0].read_text()), name: value}
    (tmp_path / "training.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=re.escape(f"{tmp_path / 'training.json'}: ") + f".*{told}"):
        read_training(tmp_path)
