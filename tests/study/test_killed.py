"""Trainings, comparisons and studies that are killed at any moment end, repeated, with equal bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What killed.py saw; RATIONALE_KILL_SEED tries other moments, RATIONALE_KILLS more of them."""
    trials = json.loads(os.environ.get("RATIONALE_KILLS", '{"train": 3, "compare": 1, "study": 1}'))
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(
            [str(TESTS / "training"), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
        ),
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }
    script, root = Path(__file__).with_name("killed.py"), tmp_path_factory.mktemp("killed")
    command = [sys.executable, script, root, json.dumps(trials), os.environ.get("RATIONALE_KILL_SEED", "0")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
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
