"""InputXGradient (AdapLeR, section 2.2, calls it saliency) and the gradient norm, at a layer's input."""

from __future__ import annotations

from torch import Tensor

from rationale.scores.methods import METHODS, GradientMethod


def _l2(rows: Tensor) -> Tensor:
    return rows.square().sum(dim=-1).sqrt()


class _L2(GradientMethod):
    def reduce(self, hidden: Tensor, gradient: Tensor) -> Tensor:
        """S_i = || dy/dh_i * h_i ||_2."""
        return _l2(hidden * gradient)


class _L1(GradientMethod):
    def reduce(self, hidden: Tensor, gradient: Tensor) -> Tensor:
        """S_i = || dy/dh_i * h_i ||_1."""
        return (hidden * gradient).abs().sum(dim=-1)


class _Sum(GradientMethod):
    def reduce(self, hidden: Tensor, gradient: Tensor) -> Tensor:
        """S_i = sum over the width of dy/dh_i * h_i."""
        return (hidden * gradient).sum(dim=-1)


class _GradientNorm(GradientMethod):
    def reduce(self, hidden: Tensor, gradient: Tensor) -> Tensor:
        """S_i = || dy/dh_i ||_2."""
        return _l2(gradient)


METHODS.register("input_x_gradient")(
    _L2(
        "input_x_gradient",
        "InputXGradient",
        "InputXGradient at the layer's input, L2 norm: ||dy/dh_i * h_i||_2",
        default=True,
    )
)
METHODS.register("input_x_gradient.l1")(
    _L1(
        "input_x_gradient.l1",
        "InputXGradient (L1)",
        "InputXGradient at the layer's input, L1 norm: ||dy/dh_i * h_i||_1",
        default=True,
    )
)
METHODS.register("input_x_gradient.sum")(
    _Sum(
        "input_x_gradient.sum",
        "InputXGradient (signed sum)",
        "InputXGradient at the layer's input, summed over the width with its sign",
        signed=True,
        default=True,
    )
)
METHODS.register("gradient_norm")(
    _GradientNorm(
        "gradient_norm", "Gradient norm", "Gradient norm at the layer's input: ||dy/dh_i||_2", default=True
    )
)
