"""Simulates static, uniform, symmetric quantization: layers round weights and inputs to few bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rationale.errors import ModelError

_LEAST_SCALE = 1e-8


class QuantizedLinear(nn.Linear):
    """A linear layer over rounded weights and inputs; its product equals that of integers.

    A number x becomes scale x round(x / scale), clipped to +-(2^(bits - 1) - 1) scales. All weights share one
    scale, their greatest absolute value over that bound; all inputs share one, fixed in calibration.
    Gradients ignore the rounding, and are 0 where it clips.

    Attributes:
        input_range: float32 (), the greatest absolute input in calibration; saved with the weights.
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
        return (self.input_range / self.bound).clamp(min=_LEAST_SCALE)

    @property
    def weight_scale(self) -> Tensor:
        """float32 ()."""
        return (self.weight.detach().abs().max() / self.bound).clamp(min=_LEAST_SCALE)

    def forward(self, inputs: Tensor) -> Tensor:
        """(…, in) -> (…, out)."""
        if self.observing:
            self.input_range = torch.maximum(self.input_range, inputs.detach().abs().max().float())
            return linear(inputs, self.weight, self.bias)
        rounded = self._rounded(inputs, self.input_scale)
        return linear(rounded, self._rounded(self.weight, self.weight_scale), self.bias)

    def _rounded(self, values: Tensor, scale: Tensor) -> Tensor:
        zero = torch.zeros(1, dtype=torch.int32, device=values.device)
        return torch.fake_quantize_per_tensor_affine(values, scale.reshape(1), zero, -self.bound, self.bound)


def quantize(model: nn.Module, bits: int) -> None:
    """Replaces every linear layer of a model in place, except those of its embeddings; weights are shared.

    Raises:
        ModelError: Where ``bits`` lies outside 2 to 8.
    """
    if not 2 <= bits <= 8:
        raise ModelError(f"{bits} bits cannot be simulated", remedy="Pass 2 to 8.")
    for name, layer in list(model.named_modules()):
        if type(layer) is nn.Linear and "embedding" not in name:
            parent, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(parent), attribute, QuantizedLinear(layer, bits))


def quantized(model: nn.Module) -> list[QuantizedLinear]:
    """The quantized layers of a model."""
    return [layer for layer in model.modules() if isinstance(layer, QuantizedLinear)]


@contextmanager
def calibrating(model: nn.Module) -> Iterator[None]:
    """Records the range of the layers' inputs inside the block, without rounding them.

    Raises:
        ModelError: Where a layer saw no input: it would round everything to 0.
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
    """Replaces simulated 8-bit layers in place by torchao's static INT8 kernels, with their scales.

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
            "this model does not simulate 8 bits", remedy="Train one with `rationale train ltp --bits 8`."
        )
    for name, layer in layers:
        scale = layer.input_scale.reshape(1, 1)
        config: Any = Int8StaticActivationInt8WeightConfig(
            act_quant_scale=scale, granularity=PerTensor(), set_inductor_config=False
        )
        parent, _, attribute = name.rpartition(".")
        parent_module = model.get_submodule(parent)
        plain = nn.Linear(layer.in_features, layer.out_features, layer.bias is not None)
        plain.weight, plain.bias = layer.weight, layer.bias
        container = nn.Sequential(plain.eval())
        quantize_(container, config)
        setattr(parent_module, attribute, container[0])
