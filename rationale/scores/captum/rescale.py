"""DeepLIFT's multipliers for every operation of an encoder, whether module or function.

captum's ``DeepLift`` hooks modules of a few types (ReLU, Tanh, ...). Nearly all that is not linear in an
encoder - GELU, softmax inside SDPA, layer norm, gates - is none of them; captum differentiates it plainly,
and the result does not sum to the difference of the logits. Here an input and its reference run side by side
as the two halves of dimension 0, and each operation that is not linear gets a gradient exact for the pair:

- elementwise f: (f(x) - f(x')) / (x - x'), the rescale rule;
- a product ab: the mean of b and b' for a, the mean of a and a' for b (each half of the interaction);
- softmax p: the rescale rule on p = exp(log p), whose slope is L = (p - p') / (log p - log p'); as p sums
  to 1 on both sides, log-sum-exp has the slopes L / sum L;
- layer norm: built from the three above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "tanh", "sigmoid", "hardtanh")
_ELEMENTWISE = frozenset((*_ACTIVATIONS, "erf", "clamp", "pow", "square", "exp"))
_PRODUCTS = frozenset(("mul", "multiply", "__mul__", "__rmul__"))


class Rescale(TorchFunctionMode):
    """Replaces gradients by DeepLIFT multipliers inside the block; values are unchanged.

    Every tensor that depends on the input holds the input in the first half of dimension 0 and its
    reference in the second.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Applies the rule of ``func``, or ``func`` itself where it is linear."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if name in _ELEMENTWISE and _depends(args[:1]):
            return elementwise(lambda x: func(x, *args[1:], **kwargs), args[0])
        if name in _PRODUCTS and _depends(args[:2]):
            return product(args[0], args[1])
        if name == "layer_norm":
            return layer_norm(*args, **kwargs)
        if name == "scaled_dot_product_attention":
            return attention(*args, **kwargs)
        return func(*args, **kwargs)


def elementwise(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function(x)`` with the slope between the halves as gradient; that at their midpoint where equal."""
    value = function(x.detach())
    first, second = x.detach().chunk(2)
    change = first - second
    near = change.abs() < _nearness(x)
    with torch.enable_grad():
        middle = ((first + second) / 2).requires_grad_()
        (limit,) = torch.autograd.grad(function(middle).sum(), middle)
    above, below = value.chunk(2)
    slope = torch.where(near, limit, (above - below) / torch.where(near, 1.0, change))
    return _with_gradient(value, torch.cat([slope, slope]) * x)


def product(a: Tensor, b: Tensor, multiply: Callable[[Tensor, Tensor], Tensor] = torch.mul) -> Tensor:
    """``multiply(a, b)``, bilinear; a factor's gradient is the other factor's mean over the halves."""
    linear = multiply(a, _mean_of_halves(b)) + multiply(_mean_of_halves(a), b)
    return _with_gradient(multiply(a.detach(), b.detach()), linear)


def softmax_rescale(logits: Tensor, visible: Tensor | None) -> Tensor:
    """Softmax over the last dimension of ``logits``, restricted to ``visible`` (broadcast; None is all)."""
    allowed = torch.ones((), dtype=torch.bool, device=logits.device) if visible is None else visible
    logs = logits.detach().masked_fill(~allowed, -torch.inf).log_softmax(dim=-1)
    value = logs.exp()
    (first, second), (above, below) = logs.chunk(2), value.chunk(2)
    change = first - second
    near = change.abs() < _nearness(logits)
    mean = torch.where(near, (above * below).sqrt(), (above - below) / torch.where(near, 1.0, change))
    mean = torch.cat([mean, mean]).masked_fill(~allowed, 0.0)
    centre = (mean * logits).sum(dim=-1, keepdim=True) / mean.sum(dim=-1, keepdim=True)
    return _with_gradient(value, mean * (logits - centre))


def layer_norm(
    x: Tensor, shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Layer norm over the last dimension."""
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = elementwise(torch.square, centred).mean(dim=-1, keepdim=True)
    normal = product(centred, reciprocal_root(variance + eps))
    scaled = normal if weight is None else normal * weight
    return scaled if bias is None else scaled + bias


def reciprocal_root(x: Tensor) -> Tensor:
    """1 / sqrt(x) with the slope between the halves, in a form that is exact for small variances."""
    value = x.detach().rsqrt()
    above, below = value.chunk(2)
    slope = -((above * below) ** 2) / (above + below)
    return _with_gradient(value, torch.cat([slope, slope]) * x)


def attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **_: Any) -> Tensor:
    """Scaled dot-product attention, (2, heads, n, width) each, under a boolean mask."""
    logits = product(query * query.shape[-1] ** -0.5, key.transpose(-2, -1), torch.matmul)
    return product(softmax_rescale(logits, attn_mask), value, torch.matmul)


def _depends(operands: tuple[Any, ...]) -> bool:
    """Whether there are operands and all of them depend on the input."""
    return bool(operands) and all(
        isinstance(operand, Tensor) and operand.requires_grad for operand in operands
    )


def _with_gradient(value: Tensor, linear: Tensor) -> Tensor:
    """``value`` with the gradient of ``linear``."""
    return value.detach() + (linear - linear.detach())


def _mean_of_halves(x: Tensor) -> Tensor:
    first, second = x.detach().chunk(2)
    mean = (first + second) / 2
    return torch.cat([mean, mean])


def _nearness(x: Tensor) -> float:
    """The difference below which the midpoint's slope is more exact than that between two points."""
    return float(torch.finfo(x.dtype).eps ** (1 / 3))
