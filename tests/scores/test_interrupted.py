"""A killed run, a full disk: the same command then finishes, byte for byte, and earlier scores stay."""

import json
import os

import pytest

from tests.children import python
from tests.toys import toy_folder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What interrupted.py saw; RATIONALE_KILL_SEED tries other moments."""
    seed = os.environ.get("RATIONALE_KILL_SEED", "0")
    done = python(
        "-m", "tests.scores.interrupted", toy_folder("bert"), tmp_path_factory.mktemp("killed"), seed
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_uninterrupted_run_has_three_parts(told):
    names = ("documents.parquet", "perturbed.parquet", "scores.parquet", "seal.json")
    tables = [f"part-0000{i}/{name}" for i in range(3) for name in names]
    assert told["files"] == ["COMPLETE", *tables, "recipe.json"]


def test_after_a_kill_the_same_command_ends_byte_for_byte_equal(told):
    assert len(told["step"]) == 11
    assert len(told["after"]) == 2
    for trial in told["step"] + told["after"]:
        assert trial["same"], trial


def test_a_reader_never_sees_half_of_the_scores(told):
    trials = told["step"] + told["after"]
    for trial in trials:
        if trial["marked"]:
            assert trial["left"] == 6, trial
        else:
            assert trial["left"].startswith("ScoresError"), trial
            assert "unfinished" in trial["left"] or "no score folder" in trial["left"], trial
    assert any("unfinished" in str(trial["left"]) for trial in trials)


def test_overwriting_keeps_the_earlier_scores_until_the_new_ones_stand(told):
    """Between the two renames of the swap, and only there, the name is free; the same command mends that."""
    assert len(told["replaced"]) == 7
    for trial in told["replaced"]:
        assert trial["readable"] or trial["gone"], trial
        assert trial["same"], trial
        assert trial["alone"], trial
    assert sum(trial["gone"] for trial in told["replaced"]) == 1


def test_a_full_disk_is_an_output_error_and_the_same_command_finishes_later(told):
    assert told["full"].startswith("OutputError: ")
    assert "cannot be written" in told["full"]
    assert told["full, state"].startswith("ScoresError")
    assert told["full, repeated"]


def test_a_full_disk_leaves_the_scores_that_were_to_be_overwritten(told):
    assert told["full, overwriting"].startswith("OutputError: ")
    assert told["full, kept"]
