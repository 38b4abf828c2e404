"""What a grid of systems refuses before it trains, and what it finds changed behind its back."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from rationale.artifacts.seal import read_sealed, sealed
from rationale.errors import DataError, OutputError, RationaleError
from rationale.evaluation.evaluate import Timing
from rationale.files import atomic_json
from rationale.study.compare import compare_systems
from rationale.study.grid import Setting, known_options
from tests.children import holder
from tests.training.toy_training import planted, save_encoder

COMMON = {"epochs": 1, "fine_tune_epochs": 2, "batch_size": 8, "learning_rate": 2e-3, "device": "cpu"}
TRAIN, DEV, REPORTED = planted(24), planted(8, seed=1), planted(12, seed=2, split="test")


def run(encoder, out, *settings, dev=DEV, **more):
    given = {"common": COMMON, "timing": Timing(0), **more}
    return compare_systems(
        encoder, TRAIN, dev, REPORTED, out, [Setting.parse(one) for one in settings], **given
    )


@pytest.fixture(scope="module")
def made(trains, tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    encoder = save_encoder(root / "encoder", layers=4)
    run(encoder, root / "grid", "lead:shares=0.8")
    return root


@pytest.fixture
def again(made, tmp_path):
    """A copy of a finished grid, to be spoilt."""
    return Path(shutil.copytree(made / "grid", tmp_path / "grid"))


@pytest.mark.training
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("ltp:lambda=-1", "lambda"),
        ("ltp:lambda=NaN", "lambda"),
        ("lead:shares=0.5/../../../evil", "shares"),
        (
            "lead:batch_size=16",
            r"lead-batch_size16 changes .* \(batch_size\)\. Set them for all systems with --set",
        ),
        ("lead:seed=3", r"\(seed\)\. .*seeds with --seeds"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_anything_is_trained(tmp_path, setting, said):
    with pytest.raises(RationaleError, match=said):
        run(tmp_path / "no encoder", tmp_path / "grid", "lead:shares=0.8", setting)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.training
def test_a_search_without_dev_too(tmp_path):
    with pytest.raises(DataError, match="lat searches on dev documents"):
        run(tmp_path / "no encoder", tmp_path / "grid", "lat", dev=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("lead:rule=random", "lead already says rule"), ("ltp:lambda=0.1,lambda=0.2", "lambda is given twice")],
)
def test_a_setting_says_each_thing_once(text, said):
    with pytest.raises(RationaleError, match=said):
        Setting.parse(text)


@pytest.mark.training
def test_seeds_are_given_once_and_as_seeds(tmp_path):
    with pytest.raises(RationaleError, match=r"a seed is given twice \(0, 1, 0\)"):
        run(tmp_path / "no encoder", tmp_path / "grid", "lead", seeds=(0, 1, 0))
    with pytest.raises(RationaleError, match="--seeds"):
        known_options(["seed=7"])


@pytest.mark.training
def test_an_evaluation_of_another_model_is_not_told(made, again):
    """The plain cell's evaluation beside a dropping model: its accuracy would be told as that one's."""
    shutil.copy(again / "plain-seed0/evaluation.json", again / "lead-shares0.8-seed0/evaluation.json")
    with pytest.raises(
        OutputError, match=r"lead-shares0.8-seed0/evaluation.json: this evaluation is of another model"
    ):
        run(made / "encoder", again, "lead:shares=0.8")


@pytest.mark.training
def test_weights_that_changed_under_their_path_make_no_mixed_grid(made, again):
    path = made / "encoder/model.safetensors"
    kept = path.read_bytes()
    changed = {name: value * (0 if "word_emb" in name else 1) for name, value in load_file(path).items()}
    try:
        save_file(changed, path, metadata={"format": "pt"})
        with pytest.raises(OutputError, match=r"plain-seed0: this cell was made of something else \(weights"):
            run(made / "encoder", again, "lead:shares=0.8")
        shutil.rmtree(again / "plain-seed0")
        with pytest.raises(OutputError, match=r"lead-.*: this cell was made of something else \(weights"):
            run(made / "encoder", again, "lead:shares=0.8")
    finally:
        path.write_bytes(kept)


def cut(path):
    path.write_text(path.read_text()[:-3])


def other(path):
    path.write_text('{"a": 1}')


def better(path):
    path.write_text(re.sub(r"0\.\d+", "0.99", path.read_text()))


@pytest.mark.training
@pytest.mark.parametrize("damage", [cut, other, better])
@pytest.mark.parametrize("name", ["cell.json", "evaluation.json", "seconds.json", "model/training.json"])
def test_a_file_of_a_cell_that_was_damaged_or_edited_is_named(made, again, name, damage):
    path = again / "lead-shares0.8-seed0" / name
    before = path.read_text()
    damage(path)
    if path.read_text() != before:  # a cell.json has no figure
        said = "the saved result is damaged|it was |this cell was made of something else"
        with pytest.raises(RationaleError, match=rf"({name}\S*|seed0): ({said})"):
            run(made / "encoder", again, "lead:shares=0.8")


@pytest.mark.training
def test_an_evaluation_that_lost_documents_is_named(made, again):
    path = again / "lead-shares0.8-seed0/evaluation.json"
    told, _ = read_sealed(path)
    atomic_json(path, sealed({**told, "predictions": told["predictions"][:-1]}, "evaluation"), overwrite=True)
    with pytest.raises(OutputError, match=r"evaluation.json: the saved result is damaged"):
        run(made / "encoder", again, "lead:shares=0.8")


@pytest.mark.training
def test_a_grid_does_not_go_where_a_file_is(made, tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OutputError, match="cannot be written"):
        run(made / "encoder", tmp_path / "file", "lead:shares=0.8")


@pytest.mark.training
def test_times_of_another_model_are_not_told(made, again):
    """The model was replaced and its evaluation made again, as the error says: the old times stay behind."""
    run(made / "encoder", again, "lead:shares=0.8", timing=Timing(2, 1, (1,)))
    path = again / "lead-shares0.8-seed0/timing.json"
    told = json.loads(path.read_text())
    assert run(made / "encoder", again, "lead:shares=0.8").records[1].measured_speedup
    del told["seal"]
    atomic_json(path, sealed({**told, "model": "another"}, "timing"), overwrite=True)
    assert run(made / "encoder", again, "lead:shares=0.8").records[1].measured_speedup == {}


@pytest.mark.training
def test_times_measured_otherwise_are_measured_again(made, again):
    for documents in (2, 3):
        run(made / "encoder", again, "lead:shares=0.8", timing=Timing(documents, 1, (1,)))
        told = json.loads((again / "lead-shares0.8-seed0/timing.json").read_text())
        assert told["documents"] == documents


# by content


def renamed(made, tmp_path, monkeypatch):
    """Relative, through a link, with a trailing slash, and moved: one encoder, other names."""
    monkeypatch.chdir(made)
    yield "encoder/"
    (tmp_path / "link").symlink_to(made / "encoder")
    yield tmp_path / "link"
    yield Path(shutil.copytree(made / "encoder", tmp_path / "moved"))
    yield os.path.relpath(tmp_path / "moved")


@pytest.mark.training
def test_a_grid_is_recognised_by_content_and_not_by_paths(made, again, tmp_path, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in again.glob("*/model/**/*") if path.is_file()}
    for name in renamed(made, tmp_path, monkeypatch):
        found = run(name, again, "lead:shares=0.8")
        assert found.recipe.model == str(name)
    assert before == {p: p.stat().st_mtime_ns for p in again.glob("*/model/**/*") if p.is_file()}


@pytest.mark.training
def test_the_tokenizer_is_part_of_a_model(made, again, tmp_path):
    """The same weights under the same path read other tokens."""
    encoder = Path(shutil.copytree(made / "encoder", tmp_path / "encoder"))
    tokenizer = json.loads((encoder / "tokenizer.json").read_text())
    tokenizer["normalizer"] = None
    (encoder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(OutputError, match=r"this cell was made of something else \(config"):
        run(encoder, again, "lead:shares=0.8")


# swapped models


@pytest.mark.training
def test_a_swapped_model_is_refused_also_where_its_evaluation_was_removed(made, again):
    """Another cell's model, whole and sealed, would be told as this one's."""
    run(made / "encoder", again, "lead:shares=0.4")
    shutil.rmtree(again / "lead-shares0.8-seed0/model")
    shutil.copytree(again / "lead-shares0.4-seed0/model", again / "lead-shares0.8-seed0/model")
    for name in ("evaluation.json", "timing.json"):
        (again / "lead-shares0.8-seed0" / name).unlink(missing_ok=True)
        with pytest.raises(OutputError, match=r"not the model that the cell trains \(options\.shares"):
            run(made / "encoder", again, "lead:shares=0.8")


@pytest.mark.training
def test_swapped_weights_are_refused(made, again):
    path = again / "lead-shares0.8-seed0/model/model.safetensors"
    changed = {name: value * 2 for name, value in load_file(path).items()}
    save_file(changed, path, metadata={"format": "pt"})
    with pytest.raises(RationaleError, match=r"model\.safetensors: it was changed after it was written"):
        run(made / "encoder", again, "lead:shares=0.8")


# two writers


@pytest.mark.training
def test_two_processes_do_not_make_one_cell(made, again):
    (again / "plain-seed0/evaluation.json").unlink()  # a finished one is only read
    with (
        holder(again / "plain-seed0", "comparing"),
        pytest.raises(OutputError, match="plain-seed0: another process is comparing there"),
    ):
        run(made / "encoder", again, "lead:shares=0.8")


# from before there were seals


@pytest.mark.training
def test_cells_without_a_seal_are_not_continued(made, again):
    path = again / "plain-seed0/cell.json"
    told, _ = read_sealed(path)
    path.write_text(json.dumps(told))
    with pytest.raises(OutputError, match=r"plain-seed0: it has no seal.*rationale verify --seal"):
        run(made / "encoder", again, "lead:shares=0.8")
