"""What commands say at their end of a model that has learned nothing, or drops nothing."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from rationale.artifacts.record import to_json
from rationale.cli import app
from rationale.commands.evaluate import evaluation_warnings
from rationale.demo import sample_folder
from rationale.dropping.system import SYSTEMS
from rationale.metrics.classification import classification
from tests.study.made import evaluation as handmade
from tests.toys import save_model

GOLD = ["NEG"] * 50 + ["POS"] * 50
LEARNED = to_json(classification(GOLD, ["POS", *GOLD[1:98], "NEG", "NEG"], ["NEG", "POS"], resamples=9))
CONSTANT = to_json(classification(GOLD, ["POS"] * 100, ["NEG", "POS"], resamples=9))


def evaluation(metrics, speedup, system=None):
    made = handmade(right=50)
    recipe = replace(made.recipe, model=replace(made.recipe.model, system=system))
    return replace(made, metrics=metrics, flops_speedup=speedup, recipe=recipe)


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_evaluate_says_that_a_model_drops_nothing_and_what_makes_it_drop(system):
    assert evaluation_warnings(evaluation(LEARNED, 1.06, system)) == []
    [said] = evaluation_warnings(evaluation(LEARNED, 1.04, system))
    assert (
        said == f"The model drops next to nothing (1.04x fewer operations): {SYSTEMS.get(system).drop_more}."
    )


def test_adapler_is_told_of_phi_and_the_predictors_rate():
    [said] = evaluation_warnings(evaluation(LEARNED, 1.015, "adapler"))
    assert "raise --phi or --predictor-rate" in said


def test_evaluate_says_that_a_model_is_at_chance_and_a_plain_one_is_not_asked_to_drop():
    [said] = evaluation_warnings(evaluation(CONSTANT, 1.0))
    assert "0.500 is not significantly above always answering NEG (0.500" in said
    assert evaluation_warnings(evaluation(LEARNED, 1.0)) == []
    both = evaluation_warnings(evaluation(CONSTANT, 1.0, "ltp"))
    assert len(both) == 2


def test_evaluation_of_numbers_and_answers_says_nothing_of_chance():
    assert evaluation_warnings(evaluation({"pearson": 0.1, "n": 9}, 1.0)) == []


def test_evaluate_and_agree_say_it_where_they_are_run(tmp_path):
    """A model of random weights; agree's findings come before its tables."""
    model = save_model(tmp_path / "model", "bert", scale=0.05, seed=1)
    where = ["--data", str(sample_folder()), "--split", "val"]

    def run(*words):
        result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    said = run(
        "evaluate", "--model", model, *where, "--limit", 24, "--out", tmp_path / "e.json", "--device", "cpu"
    )
    assert "not significantly above always answering" in said
    scores = tmp_path / "scores"
    given = ["--limit", 8, "--method", "input_x_gradient", "--method", "random", "--device", "cpu"]
    run("score", "--model", model, *where, *given, "--out", scores)
    said = run("agree", "--scores", scores, *where, "--out", tmp_path / "a.json")
    assert said.index("In short") < said.index("AP with its 95 % interval")
    assert "not significantly above always answering" in said
    assert "142 of the 150 documents of the split were not scored" in " ".join(said.split())


@pytest.mark.parametrize("option", [["--seed", "1"], ["--device", "cpu"], ["--overwrite"]])
def test_the_demo_refuses_what_it_would_ignore(option):
    result = CliRunner().invoke(app, ["demo", *option])
    assert result.exit_code == 2
    assert "No such option" in result.output
