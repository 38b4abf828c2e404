"""Who learns from what: AdapLeR's gradients against finite differences."""

import pytest
import torch

from rationale.dropping.run import soft
from rationale.training.adapler.objectives import LengthTarget, accumulate, soft_losses, strength, target
from tests.dropping.models import batch, dropping_model

GAMMA, PHI, LAMBDA = 0.05, 0.3, 20.0
SIZES = (4, 9, 14)


@pytest.fixture
def made():
    """A tiny model in float64, a batch, labels and a target."""
    model, inputs = dropping_model("bert"), batch("bert", SIZES)
    model.double()
    model.system.theta_dummy.requires_grad_(True)
    with torch.no_grad():
        model.system.eta.copy_(torch.tensor([0.4, 0.5, 0.3]))
        model.system.theta.copy_(torch.tensor([0.7, 1.4]))
    saliency = torch.rand(len(inputs.ids), generator=torch.Generator().manual_seed(1)).double()
    return model, inputs, torch.tensor([0, 1, 1]), saliency


def weights_of(model):
    return [p for n, p in model.named_parameters() if n not in ("system.eta", "system.theta")]


def grads(made, gamma, phi, wanted=None):
    model, inputs, labels, saliency = made
    model.zero_grad()
    found = soft_losses(model.encoder, model.system, inputs, labels, saliency, LAMBDA)
    accumulate(found, model.system, weights_of(model), gamma=gamma, phi=phi, length_target=wanted)
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def speed(made):
    model, inputs, labels, saliency = made
    with torch.no_grad():
        found = soft_losses(model.encoder, model.system, inputs, labels, saliency, LAMBDA)
    return float(found.classification + PHI * found.length)


def difference(value, at, made, step=1e-6):
    sides = []
    for sign in (1, -1):
        with torch.no_grad():
            value[at] += sign * step
        sides.append(speed(made))
        with torch.no_grad():
            value[at] -= sign * step
    return (sides[0] - sides[1]) / (2 * step)


def test_thresholds_learn_from_the_speed_objective(made):
    system = made[0].system
    got = grads(made, GAMMA, PHI)
    for at in range(3):
        assert float(got["system.eta"][at]) == pytest.approx(
            difference(system.eta, at, made), rel=1e-3, abs=1e-6
        )
    for at in range(2):
        expected = difference(system.theta_dummy, at, made) / system.theta[at].item()
        assert float(got["system.theta"][at]) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert float(got["system.eta"].abs().max()) > 1e-3


@pytest.mark.parametrize(("length", "side"), [(1.0, -1), (100.0, 1)])
def test_a_wanted_length_pulls_eta_from_both_sides_and_nothing_else(made, length, side):
    free, pulled = grads(made, GAMMA, 0.0), grads(made, GAMMA, PHI, LengthTarget(length, tokens=9.0))
    torch.testing.assert_close(pulled["system.eta"], free["system.eta"] + side * PHI * 9.0)
    for name, own in pulled.items():
        if name != "system.eta":
            assert torch.equal(own, free[name]), name


def test_thresholds_learn_nothing_from_the_predictors_loss(made):
    one, other = grads(made, 0.0, PHI), grads(made, 10.0, PHI)
    assert torch.equal(one["system.eta"], other["system.eta"])
    assert torch.equal(one["system.theta"], other["system.theta"])


def test_weights_learn_nothing_from_the_length(made):
    one, other = grads(made, GAMMA, 0.0), grads(made, GAMMA, 10.0)
    for name in one:
        if name not in ("system.eta", "system.theta"):
            assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize(
    "name", ["system.predictors.0.0.weight", "backbone.bert.encoder.layer.0.output.dense.weight"]
)
def test_weights_learn_from_cross_entropy_through_every_path(made, name):
    """Also through what is left of each token, which the predictors decide."""
    model, inputs, labels, saliency = made
    got = grads(made, 0.0, PHI)[name][0, 1]
    value, sides = dict(model.named_parameters())[name], []
    for sign in (1, -1):
        with torch.no_grad():
            value[0, 1] += sign * 1e-6
            found = soft_losses(model.encoder, model.system, inputs, labels, saliency, LAMBDA)
            value[0, 1] -= sign * 1e-6
        sides.append(float(found.classification))
    assert float(got) == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-3, abs=1e-7)
    assert float(grads(made, GAMMA, PHI)[name][0, 1]) != float(got)  # the predictors' loss adds to it


def test_the_target_is_saliency_over_what_is_left_with_cls_weighed(made):
    model, inputs, _, saliency = made
    _, state = soft(model.encoder, model.system, inputs, LAMBDA)
    for layer, entering in enumerate(state.entering):
        wanted = target(saliency, layer, entering, model.system, inputs)
        for number, start in enumerate(inputs.cls_index.tolist()):
            rows = slice(start, start + inputs.lengths[number])
            by_hand = saliency[rows] * entering[rows]
            if layer:
                by_hand[0] *= model.system.theta[layer - 1].detach()
            torch.testing.assert_close(wanted[rows], by_hand / by_hand.sum())


def test_lambda_grows_as_published():
    assert [strength(k, 3) for k in range(3)] == [50, 2500, 125_000]
    assert [strength(k, 10) for k in (0, 9)] == [10, 10 * 3**9]
    assert strength(0, 1) == 10
    assert strength(6, 7) == pytest.approx(1e5)
