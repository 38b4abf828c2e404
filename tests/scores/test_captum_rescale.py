"""DeepLIFT: every rule explains the whole difference, and is captum's own where captum has one."""

import warnings

import numpy as np
import pytest
import torch
from captum.attr import DeepLift

from rationale.errors import ModelError
from rationale.loading.classifier import load_classifier
from rationale.scores import METHODS
from rationale.scores.captum.rescale import (
    Rescale,
    attention,
    elementwise,
    layer_norm,
    product,
    softmax_rescale,
)
from tests.lanes import first_fast
from tests.scores.captum_cases import TARGET, difference, method, window_of
from tests.toys import MODELS, save_model, toy_classifier


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_deep_lift_is_complete_at_every_layer(name):
    classifier = toy_classifier(name, scale=0.2)
    window = window_of(classifier)
    scores = method("deep_lift", layers=None).attribute(classifier, window, TARGET, 0)
    gap = difference(classifier, window)
    assert scores.sum(axis=1) == pytest.approx([gap] * classifier.encoder.layers, rel=1e-3, abs=1e-4)


def test_deep_lift_equals_captums_own_where_captum_has_rules():
    torch.manual_seed(0)
    act, out = torch.nn.ReLU, torch.nn.Tanh
    net = torch.nn.Sequential(
        torch.nn.Linear(6, 9), act(), torch.nn.Linear(9, 5), out(), torch.nn.Linear(5, 1)
    )
    net = net.double().requires_grad_(False)
    x, reference = torch.randn(2, 1, 6, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = DeepLift(net).attribute(x.clone().requires_grad_(), reference)
    both = torch.cat([x, reference]).requires_grad_()
    with Rescale():
        values = net(both)
    (multipliers,) = torch.autograd.grad(values.sum(), both)
    torch.testing.assert_close(values, net(both))
    torch.testing.assert_close(multipliers[:1] * (x - reference), expected.detach())


def halves(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, *shape, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize(
    ("rule", "plain", "shapes"),
    [
        (lambda x: elementwise(torch.nn.functional.gelu, x), torch.nn.functional.gelu, [(7,)]),
        (product, torch.mul, [(4, 3), (4, 3)]),
        (lambda a, b: product(a, b, torch.matmul), torch.matmul, [(4, 3), (3, 5)]),
        (lambda x: softmax_rescale(40 * x, None), lambda x: (40 * x).softmax(-1), [(3, 5)]),
        (lambda x: layer_norm(x, (6,)), lambda x: torch.nn.functional.layer_norm(x, (6,)), [(4, 6)]),
        (attention, torch.nn.functional.scaled_dot_product_attention, [(2, 5, 3)] * 3),
    ],
    ids=["gelu", "product", "matmul", "softmax", "layer norm", "attention"],
)
def test_every_rule_keeps_the_value_and_explains_the_difference(rule, plain, shapes):
    inputs = [halves(*shape, seed=number) for number, shape in enumerate(shapes)]
    out = rule(*inputs)
    torch.testing.assert_close(out, plain(*inputs))
    weights = torch.randn(out.shape[1:], dtype=torch.float64)
    gradients = torch.autograd.grad((out * torch.stack([weights, weights])).sum(), inputs)
    explained = sum(((x[0] - x[1]) * g[0]).sum() for x, g in zip(inputs, gradients, strict=True))
    torch.testing.assert_close(explained, ((out[0] - out[1]) * weights).sum())


def test_softmax_rule_leaves_masked_keys_alone():
    logits = halves(3, 5)
    visible = torch.tensor([True, True, False, True, False])
    out = softmax_rescale(logits, visible)
    torch.testing.assert_close(out, logits.masked_fill(~visible, -torch.inf).softmax(-1))
    (gradient,) = torch.autograd.grad((out * torch.arange(5)).sum(), logits)
    assert not gradient[..., ~visible].any()
    assert gradient[..., visible].all()


def test_rules_are_the_gradient_where_input_and_reference_meet():
    x = torch.randn(1, 2, 5, 3, dtype=torch.float64).repeat(2, 1, 1, 1).requires_grad_()
    with Rescale():
        found = torch.nn.functional.scaled_dot_product_attention(x, x, x).sum()
    expected = torch.nn.functional.scaled_dot_product_attention(x, x, x).sum()
    torch.testing.assert_close(*(torch.autograd.grad(value, x)[0] for value in (found, expected)))


def test_what_does_not_depend_on_the_input_is_left_alone():
    x, fixed = halves(3), torch.arange(3.0, dtype=torch.float64)
    with Rescale():
        out = x * fixed.exp() * torch.tanh(torch.ones(()))
    torch.testing.assert_close(out, x * fixed.exp() * torch.tanh(torch.ones(())))
    (gradient,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(gradient[0], gradient[1])


def test_deep_lift_and_integrated_gradients_agree_near_the_reference(tmp_path):
    close = load_classifier(save_model(tmp_path, "bert", scale=0.2))
    weight = close.encoder.model.bert.embeddings.word_embeddings.weight
    weight.copy_(weight[close.tokenizer.pad_token_id] + 0.02 * weight)
    window = window_of(close)
    lifted, integrated = (
        METHODS.get(name).attribute(close, window, TARGET, 0)
        for name in ("deep_lift", "integrated_gradients")
    )
    assert np.abs(lifted - integrated).sum() < 0.01 * np.abs(integrated).sum()


def test_deep_lift_refuses_an_operation_without_a_rule(tmp_path):
    strange = load_classifier(save_model(tmp_path, "bert", scale=0.2))

    class Sine(torch.nn.Module):
        def forward(self, x):
            return torch.sin(3 * x)

    strange.encoder.blocks[1].intermediate.intermediate_act_fn = Sine()
    with pytest.raises(ModelError, match="operation that no rule covers; use integrated_gradients"):
        METHODS.get("deep_lift").attribute(strange, window_of(strange), TARGET, 0)


def test_deep_lift_over_references_is_their_mean():
    bert = toy_classifier("bert", scale=0.2)
    window = window_of(bert)
    both, pad, mask = (
        method("deep_lift", references=names).attribute(bert, window, TARGET, 0)
        for names in (("pad", "mask"), ("pad",), ("mask",))
    )
    np.testing.assert_allclose(both, (pad + mask) / 2, atol=1e-6)


def test_layer_norm_of_small_variances_is_complete_in_float32():
    """1 / sqrt changes fast there: a midpoint's slope would miss percents."""
    x = (halves(5, 8, seed=3).detach().float() * torch.tensor([0.02, 0.05])[:, None, None]).requires_grad_()
    plain = torch.nn.functional.layer_norm(x, (8,))
    generator = torch.Generator().manual_seed(4)
    weights = torch.randn(5, 8, generator=generator)
    (gradient,) = torch.autograd.grad((layer_norm(x, (8,)) * weights).sum(), x)
    explained = (gradient[:1] * (x[0] - x[1])).sum()
    torch.testing.assert_close(explained, ((plain[0] - plain[1]) * weights).sum(), rtol=1e-4, atol=1e-4)
