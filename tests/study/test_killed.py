"""Trainings, comparisons and studies that are killed at any moment end, repeated, with equal bytes."""

import json
import os

import pytest

from tests.children import python


@pytest.fixture(scope="module")
def told(trains, tmp_path_factory):
    """What killed.py saw; RATIONALE_KILL_SEED tries other moments, RATIONALE_KILLS more of them."""
    trials = json.loads(os.environ.get("RATIONALE_KILLS", '{"train": 3, "compare": 1, "study": 1}'))
    seed = os.environ.get("RATIONALE_KILL_SEED", "0")
    done = python("-m", "tests.study.killed", tmp_path_factory.mktemp("killed"), json.dumps(trials), seed)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == sum(trials.values())
    return found


def test_the_same_command_ends_with_equal_bytes(told):
    for trial in told:
        assert trial["ended"], trial
        assert trial["same"], trial


def test_nothing_is_left_of_the_killed_process(told):
    for trial in told:
        assert not trial["left"], trial


def test_most_were_killed_before_their_end(told):
    assert sum(trial["killed"] for trial in told) > len(told) // 2
