"""What a grid of systems refuses before it trains, and what it finds changed behind its back."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from rationale.errors import DataError, OutputError, RationaleError
from rationale.study.compare import compare
from rationale.study.evaluate import Timing
from rationale.study.grid import Setting, known_options

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from toy_training import planted, save_encoder

COMMON = {"epochs": 1, "fine_tune_epochs": 2, "batch_size": 8, "learning_rate": 2e-3, "device": "cpu"}
TRAIN, DEV, REPORTED = planted(24), planted(8, seed=1), planted(12, seed=2, split="test")


def run(encoder, out, *settings, dev=DEV, **more):
    given = {"common": COMMON, "timing": Timing(0), **more}
    return compare(encoder, TRAIN, dev, REPORTED, out, [Setting.parse(one) for one in settings], **given)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    encoder = save_encoder(root / "encoder", layers=4)
    run(encoder, root / "grid", "first:shares=0.8")
    return root


@pytest.fixture
def again(made, tmp_path):
    """A copy of a finished grid, to be spoilt."""
    return Path(shutil.copytree(made / "grid", tmp_path / "grid"))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("ltp:lam=-1", "lam"),
        ("ltp:lam=NaN", "lam"),
        ("first:shares=0.5/../../../evil", "shares"),
        (
            "first:batch_size=16",
            r"first-batch_size16 changes .* \(batch_size\)\. Give it to all of them with --set",
        ),
        ("first:seed=3", r"\(seed\)\. .*seeds with --seeds"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_anything_is_trained(tmp_path, setting, said):
    with pytest.raises(RationaleError, match=said):
        run(tmp_path / "no encoder", tmp_path / "grid", "first:shares=0.8", setting)
    assert list(tmp_path.iterdir()) == []


def test_a_search_without_dev_too(tmp_path):
    with pytest.raises(DataError, match="lat searches on dev documents"):
        run(tmp_path / "no encoder", tmp_path / "grid", "lat", dev=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("first:rule=random", "first already says rule"), ("ltp:lam=0.1,lam=0.2", "lam is given twice")],
)
def test_a_setting_says_each_thing_once(text, said):
    with pytest.raises(RationaleError, match=said):
        Setting.parse(text)


def test_seeds_are_given_once_and_as_seeds(tmp_path):
    with pytest.raises(RationaleError, match=r"a seed is given twice \(0, 1, 0\)"):
        run(tmp_path / "no encoder", tmp_path / "grid", "first", seeds=(0, 1, 0))
    with pytest.raises(RationaleError, match="--seeds"):
        known_options(["seed=7"])


def test_an_evaluation_of_another_model_is_not_told(made, again):
    """The plain cell's evaluation beside a dropping model: its accuracy would be told as that one's."""
    shutil.copy(again / "plain-seed0/evaluation.json", again / "first-shares0.8-seed0/evaluation.json")
    with pytest.raises(OutputError, match=r"first-shares0.8-seed0/evaluation.json: this is not of the model"):
        run(made / "encoder", again, "first:shares=0.8")


def test_a_plain_model_trained_anew_from_other_weights_makes_no_mixed_grid(made, again):
    """Each step follows the advice of the error before it."""
    path = made / "encoder/model.safetensors"
    kept = path.read_bytes()
    changed = {name: value * (0 if "word_emb" in name else 1) for name, value in load_file(path).items()}
    try:
        save_file(changed, path, metadata={"format": "pt"})
        shutil.rmtree(again / "plain-seed0/model")
        with pytest.raises(OutputError, match=r"plain-seed0/evaluation.json: this is not of the model"):
            run(made / "encoder", again, "first:shares=0.8")
        (again / "plain-seed0/evaluation.json").unlink()
        with pytest.raises(OutputError, match=r"first-.*: this cell was made of something else \(plain"):
            run(made / "encoder", again, "first:shares=0.8")
    finally:
        path.write_bytes(kept)


@pytest.mark.parametrize("name", ["evaluation.json", "seconds.json", "model/training.json"])
def test_a_damaged_file_of_a_cell_is_named(made, again, name):
    path = again / "first-shares0.8-seed0" / name
    path.write_text(path.read_text()[:-3])
    with pytest.raises(OutputError, match=rf"{name}: is damaged"):
        run(made / "encoder", again, "first:shares=0.8")


@pytest.mark.parametrize("name", ["evaluation.json", "seconds.json", "model/training.json"])
def test_a_file_of_a_cell_that_says_something_else_is_named(made, again, name):
    (again / "first-shares0.8-seed0" / name).write_text('{"a": 1}')
    with pytest.raises(OutputError, match=rf"{name}: is damaged"):
        run(made / "encoder", again, "first:shares=0.8")


def test_an_evaluation_that_lost_documents_is_named(made, again):
    path = again / "first-shares0.8-seed0/evaluation.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "predictions": told["predictions"][:-1]}))
    with pytest.raises(OutputError, match=r"evaluation.json: is damaged"):
        run(made / "encoder", again, "first:shares=0.8")


def test_a_grid_does_not_go_where_a_file_is(made, tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OutputError, match="cannot be written"):
        run(made / "encoder", tmp_path / "file", "first:shares=0.8")


def test_times_of_another_model_are_not_told(made, again):
    """The model was replaced and its evaluation made again, as the error says: the old times stay behind."""
    run(made / "encoder", again, "first:shares=0.8", timing=Timing(2, 1, (1,)))
    path = again / "first-shares0.8-seed0/timing.json"
    told = json.loads(path.read_text())
    assert run(made / "encoder", again, "first:shares=0.8")["records"][1]["measured_speedup"]
    path.write_text(json.dumps({**told, "model": "another"}))
    assert run(made / "encoder", again, "first:shares=0.8")["records"][1]["measured_speedup"] == {}


def test_times_measured_otherwise_are_measured_again(made, again):
    for documents in (2, 3):
        run(made / "encoder", again, "first:shares=0.8", timing=Timing(documents, 1, (1,)))
        told = json.loads((again / "first-shares0.8-seed0/timing.json").read_text())
        assert told["documents"] == documents
