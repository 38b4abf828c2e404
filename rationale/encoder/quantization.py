"""Static uniform symmetric integers, simulated: layers whose weights and inputs are rounded to few bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rationale.errors import ModelError

_LEAST = 1e-8


class QuantizedLinear(nn.Linear):
    """A linear layer over rounded weights and inputs; its product is what integers would give.

    A number x becomes scale x round(x / scale), clipped to +-(2^(bits - 1) - 1) scales; one scale for all
    weights, the greatest of them over that bound, and one for all inputs, fixed when it was calibrated.
    Gradients pass the rounding as if it were not there, and stop where it clips.

    Attributes:
        input_range: float32 (), the greatest input, absolute, seen in calibration; saved with the weights.
    """

    def __init__(self, layer: nn.Linear, bits: int) -> None:
        has_bias = layer.bias is not None
        super().__init__(layer.in_features, layer.out_features, has_bias, device="meta")
        self.weight, self.bias, self.bits = layer.weight, layer.bias, bits
        self.observing = False
        self.input_range: Tensor
        self.register_buffer("input_range", torch.zeros((), device=layer.weight.device))

    @property
    def bound(self) -> int:
        """The greatest integer."""
        return int(2 ** (self.bits - 1) - 1)

    @property
    def input_scale(self) -> Tensor:
        """float32 ()."""
        return (self.input_range / self.bound).clamp(min=_LEAST)

    @property
    def weight_scale(self) -> Tensor:
        """float32 ()."""
        return (self.weight.detach().abs().max() / self.bound).clamp(min=_LEAST)

    def forward(self, given: Tensor) -> Tensor:
        """(…, in) -> (…, out)."""
        if self.observing:
            self.input_range = torch.maximum(self.input_range, given.detach().abs().max().float())
            return linear(given, self.weight, self.bias)
        rounded = self._rounded(given, self.input_scale)
        return linear(rounded, self._rounded(self.weight, self.weight_scale), self.bias)

    def _rounded(self, values: Tensor, scale: Tensor) -> Tensor:
        zero = torch.zeros(1, dtype=torch.int32, device=values.device)
        return torch.fake_quantize_per_tensor_affine(values, scale.reshape(1), zero, -self.bound, self.bound)


def quantize(model: nn.Module, bits: int) -> None:
    """Replaces every linear layer of a model but those of its embeddings, in place; weights are shared.

    Raises:
        ModelError: Where ``bits`` lies outside 2 to 8.
    """
    if not 2 <= bits <= 8:
        raise ModelError(f"{bits} bits cannot be simulated", remedy="Ask for 2 to 8.")
    for name, layer in list(model.named_modules()):
        if type(layer) is nn.Linear and "embedding" not in name:
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, QuantizedLinear(layer, bits))


def quantized(model: nn.Module) -> list[QuantizedLinear]:
    """Its rounded layers."""
    return [layer for layer in model.modules() if isinstance(layer, QuantizedLinear)]


@contextmanager
def calibrating(model: nn.Module) -> Iterator[None]:
    """Inputs that come by within are remembered and not rounded.

    Raises:
        ModelError: Where a layer saw none: it would round everything to nothing.
    """
    layers = quantized(model)
    for layer in layers:
        layer.observing = True
    try:
        yield
    finally:
        for layer in layers:
            layer.observing = False
    if not all(float(layer.input_range) > 0 for layer in layers):
        raise ModelError("a layer saw no input in calibration", remedy="Calibrate with whole documents.")


def to_integers(model: nn.Module) -> None:
    """Puts torchao's static INT8 kernels where a model simulates 8 bits, with the scales it learnt, in place.

    Raises:
        ModelError: Without torchao, or where the model does not simulate 8 bits.
    """
    try:
        from torchao.quantization import Int8StaticActivationInt8WeightConfig, PerTensor, quantize_
    except ImportError as error:
        raise ModelError("real INT8 needs torchao", remedy="pip install 'rationale[int8]'.") from error
    layers = [(name, m) for name, m in model.named_modules() if isinstance(m, QuantizedLinear)]
    if not layers or any(layer.bits != 8 for _, layer in layers):
        raise ModelError(
            "this model does not simulate 8 bits", remedy="Train it so: rationale train ltp --bits 8."
        )
    for name, layer in layers:
        scale = layer.input_scale.reshape(1, 1)
        config: Any = Int8StaticActivationInt8WeightConfig(
            act_quant_scale=scale, granularity=PerTensor(), set_inductor_config=False
        )
        parent, _, own = name.rpartition(".")
        holder = model.get_submodule(parent)
        plain = nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
        plain.weight, plain.bias = layer.weight, layer.bias
        made = nn.Sequential(plain.eval())
        quantize_(made, config)
        setattr(holder, own, made[0])
