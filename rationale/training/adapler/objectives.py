"""The two objectives of AdapLeR and the parameters that each trains (sections 3.4 and 3.5)."""

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
    """The target of the predictor of ``layer`` (Eq. 6 and 7), (N,), detached.

    Args:
        saliency: (N,), not negative.
        layer: The layer of the predictor.
        entering: (N,), the mass that enters the layer.
        system: The policy, with theta, the weight of [CLS] in layers 1 and up.
        packed: The batch of the N rows.
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
        target_shares = target(saliency, layer, entering, system, packed).clamp(_LEAST, 1)
        predicted_shares = predicted.clamp(_LEAST, 1)
        divergence = (target_shares * (target_shares.log() - predicted_shares.log())).sum() / len(
            packed.lengths
        )
        total = total + (system.layers - layer) * divergence
    return total


@dataclass(frozen=True)
class Losses:
    """The parts of both objectives on one batch, each of shape ().

    Attributes:
        classification: Cross-entropy, or the squared error in regression.
        predictors: :func:`predictor_loss`.
        length: Soft length summed over layers, mean over inputs (Eq. 8).
    """

    classification: Tensor
    predictors: Tensor
    length: Tensor


@dataclass(frozen=True)
class LengthTarget:
    """The target length of one batch.

    Attributes:
        length: Target of :attr:`Losses.length`.
        tokens: Mean number of tokens of the inputs.
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
    """Computes the losses of one soft pass.

    Args:
        encoder: The adapter of the backbone.
        system: The policy of AdapLeR.
        packed: The batch, N rows of B inputs.
        labels: Int64 (B,), or float (B,) in regression.
        saliency: Float32 (N,), the stored importance.
        lambda_: Lambda, the steepness of soft removal.
        smoothing: Label smoothing of the cross-entropy.
    """
    logits, state = soft(encoder, system, packed, lambda_)
    classification = losses(logits, labels, smoothing=smoothing).mean()
    length = torch.stack(state.lengths).sum(dim=0).mean()
    return Losses(classification, predictor_loss(state, saliency, system, packed), length)


def accumulate(
    batch_losses: Losses,
    system: AdapLeR,
    weights: list[Tensor],
    *,
    gamma: float,
    phi: float,
    length_target: LengthTarget | None = None,
    share: float = 1.0,
) -> None:
    """Adds the exact gradients of both objectives to ``.grad``, with two backward passes over one graph.

    Weights and predictors get gradients from CE + gamma KL only, eta and theta from CE + phi length only.
    The gradient of theta is that of its stand-in, divided by theta.

    With a target length, the distance from it replaces the length. The gradient of each eta is then its mean
    over the range of eta, minus or plus the tokens of an input: the exact gradient is 0 where lambda is large
    and no token is near the threshold, so that a length below the target would stay there. Theta then gets
    gradients from CE alone.

    Args:
        batch_losses: The losses, with their graph.
        system: The policy; its ``eta`` and ``theta`` are the thresholds.
        weights: All other trainable parameters.
        gamma: Weight of the predictors' loss.
        phi: Weight of the length.
        length_target: The target length; None minimises the length, weighted by phi.
        share: Factor of all gradients: 1 / batches per step.
    """
    stand_in = [system.theta_dummy] if len(system.theta) and system.theta_dummy.requires_grad else []
    for_eta, *for_theta = _threshold_gradients(
        batch_losses, [system.eta, *stand_in], phi * share, share, length_target
    )
    _add(system.eta, for_eta)
    if for_theta:
        _add(system.theta, for_theta[0] / system.theta.detach())
    objective = (batch_losses.classification + gamma * batch_losses.predictors) * share
    for weight, gradient in zip(
        weights, torch.autograd.grad(objective, weights, allow_unused=True), strict=True
    ):
        if gradient is not None:
            _add(weight, gradient)


def _threshold_gradients(
    batch_losses: Losses,
    thresholds: list[Tensor],
    phi: float,
    share: float,
    length_target: LengthTarget | None,
) -> list[Tensor]:
    """Gradients of the length objective, for eta and for the stand-in of theta."""
    if length_target is None:
        speed = batch_losses.classification * share + phi * batch_losses.length
        return list(torch.autograd.grad(speed, thresholds, retain_graph=True))
    for_eta, *for_theta = torch.autograd.grad(
        batch_losses.classification * share, thresholds, retain_graph=True
    )
    too_long = batch_losses.length.item() > length_target.length
    return [for_eta + phi * (-length_target.tokens if too_long else length_target.tokens), *for_theta]


def _add(parameter: Tensor, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
