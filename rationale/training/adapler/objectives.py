"""AdapLeR's two objectives and who learns from which (sections 3.4 and 3.5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rationale.dropping.adapler import AdapLeR
from rationale.dropping.ragged import renormalised
from rationale.dropping.run import soft
from rationale.dropping.system import SoftState
from rationale.encoder.base import Encoder
from rationale.tokens.packing import Packed
from rationale.training.task import losses

_LEAST = 1e-7


def strength(epoch: int, epochs: int) -> float:
    """Lambda in epoch 0, 1, …: how steeply soft removal falls below the threshold.

    >>> [round(strength(k, 5)) for k in range(5)]
    [10, 100, 1000, 10000, 100000]
    """
    if epochs == 3:
        return 50.0 * 50.0**epoch
    if epochs == 10:
        return 10.0 * 3.0**epoch
    return float(10.0 * 1e4 ** (epoch / max(epochs - 1, 1)))


def target(saliency: Tensor, layer: int, entering: Tensor, system: AdapLeR, packed: Packed) -> Tensor:
    """What the predictor of ``layer`` should say (Eq. 6 and 7), (N,), detached.

    Args:
        saliency: (N,), not negative.
        layer: Which predictor.
        entering: (N,), the mass that enters the layer.
        system: Holds theta, the weight of [CLS] in layers 1 and up.
        packed: What the rows are.
    """
    shares = renormalised(saliency * entering, packed)
    if layer > 0:
        factor = torch.ones_like(shares)
        factor[packed.cls_index] = system.theta.detach()[layer - 1]
        shares = renormalised(shares * factor, packed)
    return shares.detach()


def predictor_loss(state: SoftState, saliency: Tensor, system: AdapLeR, packed: Packed) -> Tensor:
    """Sum over layers of (L - l) KL(target || predicted), the mean over inputs (Eq. 6), shape ()."""
    total = saliency.new_zeros(())
    for layer, (predicted, entering) in enumerate(zip(state.predicted, state.entering, strict=True)):
        wanted = target(saliency, layer, entering, system, packed).clamp(_LEAST, 1)
        said = predicted.clamp(_LEAST, 1)
        divergence = (wanted * (wanted.log() - said.log())).sum() / len(packed.lengths)
        total = total + (system.layers - layer) * divergence
    return total


@dataclass(frozen=True)
class Losses:
    """The parts of both objectives on one batch, each of shape ().

    Attributes:
        classification: Cross entropy, or the squared error where a number is learnt.
        predictors: :func:`predictor_loss`.
        length: Mean over inputs of the soft lengths, summed over layers (Eq. 8).
    """

    classification: Tensor
    predictors: Tensor
    length: Tensor


@dataclass(frozen=True)
class Wanted:
    """The length to aim at on one batch.

    Attributes:
        length: Of the kind of :attr:`Losses.length`.
        tokens: Mean tokens of the inputs.
    """

    length: float
    tokens: float


def soft_losses(
    encoder: Encoder,
    system: AdapLeR,
    packed: Packed,
    labels: Tensor,
    saliency: Tensor,
    lambda_: float,
    *,
    smoothing: float = 0.0,
) -> Losses:
    """One soft pass.

    Args:
        encoder: The backbone's adapter.
        system: AdapLeR's parameters.
        packed: The batch, N rows of B inputs.
        labels: int64 (B,), or float where a number is learnt.
        saliency: float32 (N,), the stored target.
        lambda_: Lambda.
        smoothing: Probability mass spread evenly over all labels in the cross entropy.
    """
    logits, state = soft(encoder, system, packed, lambda_)
    classification = losses(logits, labels, smoothing=smoothing).mean()
    length = torch.stack(state.lengths).sum(dim=0).mean()
    return Losses(classification, predictor_loss(state, saliency, system, packed), length)


def accumulate(
    found: Losses,
    system: AdapLeR,
    weights: list[Tensor],
    *,
    gamma: float,
    phi: float,
    wanted: Wanted | None = None,
    share: float = 1.0,
) -> None:
    """Adds the exact gradients of both objectives to ``.grad``: two passes back over one graph.

    Weights, predictors included, learn from CE + gamma KL and never see the length; eta and theta learn from
    CE + phi length and never see the KL. Theta's gradient is its stand-in's, divided by theta.

    Where a length is wanted, the distance from it takes the length's place: too short costs as much as too
    long. Its slope over each eta is then the mean over eta's range, minus the tokens of an input. Where
    lambda is large and no token is near the threshold the exact one is 0, and a length that has become too
    short would stay so. Theta then learns from CE alone.

    Args:
        found: The losses, with their graph.
        system: Its ``eta`` and ``theta`` are the thresholds.
        weights: All other parameters that learn.
        gamma: Weight of the predictors' loss.
        phi: Weight of the length.
        wanted: The length to aim at and the mean tokens of an input; None: as short as phi asks.
        share: Scales all gradients: 1 / batches a step.
    """
    stand_in = [system.theta_dummy] if len(system.theta) and system.theta_dummy.requires_grad else []
    for_eta, *for_theta = _for_thresholds(found, [system.eta, *stand_in], phi * share, share, wanted)
    _add(system.eta, for_eta)
    if for_theta:
        _add(system.theta, for_theta[0] / system.theta.detach())
    learn = (found.classification + gamma * found.predictors) * share
    for weight, gradient in zip(weights, torch.autograd.grad(learn, weights, allow_unused=True), strict=True):
        if gradient is not None:
            _add(weight, gradient)


def _for_thresholds(
    found: Losses, thresholds: list[Tensor], phi: float, share: float, wanted: Wanted | None
) -> list[Tensor]:
    """Gradients of the speed objective, for eta and then for what stands in for theta."""
    if wanted is None:
        speed = found.classification * share + phi * found.length
        return list(torch.autograd.grad(speed, thresholds, retain_graph=True))
    for_eta, *for_theta = torch.autograd.grad(found.classification * share, thresholds, retain_graph=True)
    too_long = found.length.item() > wanted.length
    return [for_eta + phi * (-wanted.tokens if too_long else wanted.tokens), *for_theta]


def _add(parameter: Tensor, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
