"""The layer that is meant where nobody names one."""

import pytest

from rationale.scores.methods import usual_layer


@pytest.mark.parametrize(
    ("method", "layer"),
    [("saliency", 0), ("sensitivity", 0), ("attention.all", 5), ("contribution", 5), ("mine", 5)],
)
def test_a_gradients_is_the_first_and_anothers_the_last(method, layer):
    assert usual_layer(method, range(6)) == layer
