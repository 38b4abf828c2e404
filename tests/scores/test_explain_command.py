"""``rationale explain``: what the terminal shows is what the scores say."""

import re

import pytest
from typer.testing import CliRunner

from rationale.cli import app
from rationale.errors import RationaleError
from rationale.scores import ScoreOptions, score_text
from tests.toys import toy_classifier, toy_folder

TEXT = "a quiet film !"


def invoke(*arguments, **more):
    given = ["explain", "--model", toy_folder("bert"), "--device", "cpu", *arguments]
    result = CliRunner().invoke(app, [str(one) for one in given], catch_exceptions=False, **more)
    assert result.exit_code == 0, result.output
    return result.output


def shown(output):
    """The words and the numbers after them, line breaks of the terminal undone."""
    return re.findall(r"(\S+) (-?\d+\.\d{3})(?!\S)", " ".join(output.split()))


@pytest.mark.parametrize(
    ("method", "layer"), [("input_x_gradient", 0), ("input_x_gradient.sum", 0), ("attention.all", 2)]
)
def test_shows_every_word_with_its_score_in_the_usual_layer(method, layer):
    output = invoke("--text", TEXT, "--query", "is it ?", "--method", method)
    (one,) = score_text(
        toy_classifier("bert"), TEXT, query="is it ?", options=ScoreOptions(methods=(method,))
    )
    expected = one.words[method][one.row(method, layer)]
    assert f"layer {layer}:" in output
    assert one.predicted in output
    assert [word for word, _ in shown(output)[-4:]] == TEXT.split()
    assert [float(number) for _, number in shown(output)[-4:]] == pytest.approx(expected.tolist(), abs=5.1e-4)


def test_reads_standard_input_and_takes_a_layer_and_labels():
    output = invoke("--text", "-", "--layer", 1, "--labels", "no,yes", input=TEXT)
    assert "layer 1:" in output
    assert re.search(r"^(no|yes)  \(no 0\.\d{3}, yes 0\.\d{3}\)", output)
    assert output.count("film") == 1


def test_a_layer_that_is_not_there_is_said():
    with pytest.raises(RationaleError, match="no layer 9"):
        invoke("--text", TEXT, "--layer", 9)
