"""Rounded layers against integers: those of NumPy, and those of torchao's kernels."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from rationale.dropping.flops import bit_operations
from rationale.dropping.model import wrap
from rationale.dropping.run import hard
from rationale.encoder import FAMILIES
from rationale.encoder.quantization import QuantizedLinear, calibrating, quantize, quantized, to_integers
from rationale.errors import ModelError
from rationale.tokens import pack
from tests.toys import toy_folder


def model(family="bert"):
    return AutoModelForSequenceClassification.from_pretrained(toy_folder(family)).eval()


def batch(count=6, length=14):
    drawn = np.random.default_rng(0)
    ids = [drawn.integers(5, 30, length - i).astype(np.int32) for i in range(count)]
    return pack(ids, [np.zeros_like(one) for one in ids])


@pytest.mark.parametrize("bits", [8, 4])
def test_a_rounded_layer_is_the_product_of_integers(bits):
    generator = torch.Generator().manual_seed(0)
    plain = torch.nn.Linear(16, 8)
    layer = QuantizedLinear(plain, bits)
    given = torch.randn(5, 16, generator=generator)
    with calibrating(layer):
        torch.testing.assert_close(layer(given), plain(given))
    bound = 2 ** (bits - 1) - 1
    x, w = given.numpy(), plain.weight.detach().numpy()
    x_scale, w_scale = np.abs(x).max() / bound, np.abs(w).max() / bound
    integers = np.clip(np.rint(x / x_scale), -bound, bound).astype(np.int64)
    weights = np.clip(np.rint(w / w_scale), -bound, bound).astype(np.int64)
    expected = (integers @ weights.T) * (x_scale * w_scale) + plain.bias.detach().numpy()
    np.testing.assert_allclose(layer(given).detach().numpy(), expected, atol=1e-5)


def test_what_is_larger_than_in_calibration_is_clipped_and_gets_no_gradient():
    layer = QuantizedLinear(torch.nn.Linear(2, 1, bias=False), 8)
    with calibrating(layer):
        layer(torch.tensor([[1.0, -1.0]]))
    inside, outside = torch.tensor([[0.5, 1.0]]), torch.tensor([[0.5, 9.0]])
    torch.testing.assert_close(layer(inside), layer(outside))
    outside.requires_grad_()
    layer(outside).sum().backward()
    assert outside.grad[0, 1] == 0
    assert outside.grad[0, 0] != 0
    assert layer.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "electra", "modernbert-mean"])
def test_every_layer_but_the_embeddings_is_rounded_and_eight_bits_change_little(family):
    plain, rounded = model(family), model(family)
    quantize(rounded, 8)
    names = {name for name, layer in rounded.named_modules() if isinstance(layer, QuantizedLinear)}
    linear = {name for name, layer in plain.named_modules() if type(layer) is torch.nn.Linear}
    assert names == {name for name in linear if "embedding" not in name}
    assert len(names) >= 8
    adapter = FAMILIES.get(plain.config.model_type)
    with torch.no_grad():
        with calibrating(rounded):
            same = hard_logits(adapter(rounded))
        before, after = hard_logits(adapter(plain)), hard_logits(adapter(rounded))
    torch.testing.assert_close(same, before)
    assert 0 < (after - before).abs().max() < 0.1 * before.abs().max() + 0.02


def hard_logits(encoder):
    from rationale.dropping.run import run_full

    return run_full(encoder, batch()).logits


def test_a_rounded_model_comes_back_as_it_was_saved(tmp_path):
    made = wrap(model(), "ltp", {"final": 0.012, "reference": 60}).rounding(8)
    with calibrating(made.backbone), torch.no_grad():
        hard(made.encoder, made.system, batch())
    made.eval().save_pretrained(tmp_path / "rounded")
    back = AutoModelForSequenceClassification.from_pretrained(tmp_path / "rounded").eval()
    assert len(quantized(back)) == len(quantized(made))
    with torch.no_grad():
        torch.testing.assert_close(
            hard(back.encoder, back.system, batch()).logits, hard(made.encoder, made.system, batch()).logits
        )


def test_torchaos_integers_give_what_was_simulated():
    pytest.importorskip("torchao", reason="the extra int8 is not installed")
    made = wrap(model(), "ltp", {"final": 0.012, "reference": 60}).rounding(8).eval()
    with calibrating(made.backbone), torch.no_grad():
        hard(made.encoder, made.system, batch())
    with torch.inference_mode():
        simulated = hard(made.encoder, made.system, batch())
        to_integers(made)
        assert not quantized(made)
        real = hard(made.encoder, made.system, batch())
    assert (
        real.tokens_kept == simulated.tokens_kept
    ).float().mean() > 0.95  # a score may fall on the other side
    assert (real.logits - simulated.logits).abs().max() < 0.05 * simulated.logits.abs().max() + 0.01


def test_layers_that_saw_nothing_are_refused():
    rounded = model()
    quantize(rounded, 8)
    with pytest.raises(ModelError, match="a layer saw no input"), calibrating(rounded):
        pass


@pytest.mark.parametrize("bits", [1, 9, 0])
def test_bits_that_cannot_be_are_refused(bits):
    with pytest.raises(ModelError, match=f"{bits} bits cannot be simulated"):
        quantize(model(), bits)


def test_a_model_without_rounding_has_no_integers():
    pytest.importorskip("torchao", reason="the extra int8 is not installed")
    with pytest.raises(ModelError, match="does not simulate 8 bits"):
        to_integers(model())


def test_bit_operations_are_multiplications_times_bits():
    encoder = FAMILIES.get("bert")(model())
    d, inner, layers = encoder.width, encoder.inner_width[0], encoder.layers
    lengths = np.array([10, 4])
    whole = np.broadcast_to(lengths, (layers, 2))
    weights = layers * (4 * d * d + 2 * d * inner) * lengths
    attention = layers * 2 * d * lengths**2
    assert bit_operations(encoder, whole, lengths).tolist() == (256 * (weights + attention)).tolist()
    assert (
        bit_operations(encoder, whole, lengths, bits=8).tolist() == (64 * weights + 256 * attention).tolist()
    )
    fewer = np.full((layers, 2), 2)
    late = bit_operations(encoder, fewer, lengths, decision_point="feed-forward")
    assert (late > bit_operations(encoder, fewer, lengths)).all()  # the first attention still sees all
