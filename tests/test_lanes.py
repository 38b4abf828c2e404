"""The lanes: who is in which, and that nothing trains outside its own."""

import pytest
from transformers import Trainer


def test_nothing_trains_outside_its_lane():
    with pytest.raises(pytest.fail.Exception, match="mark the test `training`"):
        Trainer.train(None)


def test_whoever_needs_a_trained_model_or_a_browser_is_in_that_lane(pytester):
    """By its fixtures, however far down the one that trains is."""
    pytester.makeconftest(
        "from tests.conftest import pytest_collection_modifyitems, trains\n"
        "import pytest\n"
        "@pytest.fixture\n"
        "def model(trains): ...\n"
        "@pytest.fixture\n"
        "def scores(model): ...\n"
        "@pytest.fixture\n"
        "def browser(): ...\n"
    )
    pytester.makepyfile("def test_a(scores): ...\ndef test_b(browser): ...\ndef test_c(tmp_path): ...")
    pytester.makeini("[pytest]\nmarkers =\n  training\n  browser\n")
    for lane, count in (("training", 1), ("browser", 1), ("not training and not browser", 1)):
        pytester.runpytest("-m", lane).assert_outcomes(passed=count, deselected=3 - count)
