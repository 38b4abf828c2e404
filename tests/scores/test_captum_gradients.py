"""Integrated Gradients and GradientSHAP against captum run the plain way and plain transformers."""

import numpy as np
import pytest
import torch
from captum.attr import GradientShap, LayerIntegratedGradients

from rationale.randomness import Randomness
from rationale.scores import METHODS
from rationale.scores.captum import gradients
from rationale.scores.captum.gradients import Tail
from tests.lanes import first_fast
from tests.scores.captum_cases import NAMES, TARGET, difference, method, padded, window_of
from tests.toys import MODELS, toy_classifier

pytestmark = pytest.mark.slow  # captum's methods run the model hundreds of times


@pytest.fixture(params=first_fast(MODELS))
def classifier(request):
    return toy_classifier(request.param, scale=0.2)


@pytest.fixture
def bert():
    return toy_classifier("bert", scale=0.2)


def test_integrated_gradients_are_complete_at_every_layer(classifier):
    window = window_of(classifier)
    scores = method("integrated_gradients", steps=150, layers=None).attribute(classifier, window, TARGET, 0)
    assert scores.shape == (classifier.encoder.layers, window.ids.size)
    gap = difference(classifier, window)
    assert abs(gap) > 0.01
    assert scores.sum(axis=1) == pytest.approx([gap] * len(scores), rel=0.02, abs=2e-3)


def test_integrated_gradients_equal_captums_own_on_the_plain_model(classifier):
    window, model = window_of(classifier), classifier.encoder.model
    family = classifier.encoder.config.model_type
    layer = model.base_model.embeddings_project if family == "electra" else model.base_model.embeddings
    extra = {"position_ids": torch.arange(2, 2 + window.ids.size)[None]} if family == "roberta" else {}
    if family in ("bert", "electra"):
        extra = {"token_type_ids": torch.tensor(window.types[None]).long()}

    def forward(ids):
        return model(
            input_ids=ids, **{name: value.expand(len(ids), -1) for name, value in extra.items()}
        ).logits

    expected = LayerIntegratedGradients(forward, layer).attribute(
        torch.tensor(window.ids[None]).long(),
        baselines=torch.tensor(padded(classifier, window)[None]).long(),
        target=TARGET,
        n_steps=20,
    )
    scores = method("integrated_gradients", steps=20).attribute(classifier, window, TARGET, 0)
    np.testing.assert_allclose(scores[0], expected[0].sum(dim=-1).detach(), atol=1e-5)


def test_integrated_gradients_average_over_references(bert):
    window = window_of(bert)
    both, pad, mask = (
        method("integrated_gradients", steps=10, references=names).attribute(bert, window, TARGET, 0)
        for names in (("pad", "mask"), ("pad",), ("mask",))
    )
    np.testing.assert_allclose(both, (pad + mask) / 2, atol=1e-6)
    assert np.abs(pad - mask).max() > 1e-3


def test_special_tokens_and_query_get_nothing_at_the_embeddings(classifier):
    window = window_of(classifier)
    assert (window.word < 0).sum() > 4
    for name in NAMES:
        scores = METHODS.get(name).attribute(classifier, window, TARGET, 0)
        assert not scores[:, window.word < 0].any()
        assert scores[:, window.word >= 0].any()


def test_gradients_computed_in_batches_are_the_gradients(bert):
    window = window_of(bert)
    tail = Tail(bert, window, 1, TARGET)
    hidden = torch.randn(5, window.ids.size, bert.encoder.config.hidden_size, requires_grad=True)
    weights = torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0])
    (expected,) = torch.autograd.grad((tail.logits(hidden) * weights).sum(), hidden)
    tail.batch = 2
    (found,) = torch.autograd.grad((tail(hidden) * weights).sum(), hidden)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


def test_gradient_shap_expects_integrated_gradients(bert):
    window = window_of(bert)
    for names in (("pad",), ("pad", "mask")):
        exact = method("integrated_gradients", references=names).attribute(bert, window, TARGET, 0)
        drawn = method("gradient_shap", references=names, samples=1500).attribute(bert, window, TARGET, 0)
        assert np.abs(drawn - exact).sum() < 0.1 * np.abs(exact).sum()


def test_gradient_shap_equals_captums_own_on_the_points_it_draws(bert):
    window, drawn = window_of(bert), Randomness.of(3, window_of(bert).ids.tobytes())
    explained = method("gradient_shap", samples=40)
    [(_, states)] = explained._entering(bert, window)
    tail, before = Tail(bert, window, 0, TARGET), np.random.get_state()  # noqa: NPY002
    np.random.set_state(drawn.legacy().get_state())  # noqa: NPY002
    try:
        expected = GradientShap(tail).attribute(states[:1], states[1:], n_samples=40)[0].sum(dim=-1)
    finally:
        np.random.set_state(before)  # noqa: NPY002
    np.testing.assert_allclose(
        explained.attribute(bert, window, TARGET, 3)[0], expected.detach().numpy(), atol=1e-6, rtol=1e-5
    )


def test_gradient_shap_draws_in_portions_of_bounded_memory(bert, monkeypatch):
    window, drawn = window_of(bert), []
    whole = method("gradient_shap", samples=1500).attribute(bert, window, TARGET, 0)
    monkeypatch.setattr(gradients, "samples_at_once", lambda tokens: drawn.append(tokens) or 400)
    portions = method("gradient_shap", samples=1500).attribute(bert, window, TARGET, 0)
    assert drawn == [window.ids.size]
    assert 0 < np.abs(portions - whole).sum() < 0.1 * np.abs(whole).sum()


def test_gradient_shap_with_few_samples_has_not_converged(bert):
    window = window_of(bert)
    exact = method("integrated_gradients").attribute(bert, window, TARGET, 0)
    drawn = method("gradient_shap", references=("pad",), samples=2).attribute(bert, window, TARGET, 0)
    assert np.abs(drawn - exact).sum() > 0.01 * np.abs(exact).sum()
