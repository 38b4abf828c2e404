"""The layer that is meant where nobody names one."""

import pytest

from rationale.scores.families import meant_layer


@pytest.mark.parametrize(
    ("method", "layer"),
    [("input_x_gradient", 0), ("gradient_norm", 0), ("attention.all", 5), ("policy_score", 5), ("mine", 5)],
)
def test_a_gradients_is_the_first_and_anothers_the_last(method, layer):
    assert meant_layer(method, range(6)) == layer


@pytest.mark.parametrize("method", ["input_x_gradient", "attention.all"])
@pytest.mark.parametrize("asked", [0, 3])
def test_a_layer_somebody_named_is_it(method, asked):
    assert meant_layer(method, range(6), asked) == asked
