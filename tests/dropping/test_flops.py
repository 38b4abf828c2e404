"""The FLOPs counter against the published totals, LTP's formula, and PyTorch's own counter."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForSequenceClassification, BertConfig

from rationale.dropping.adapler import AdapLeR
from rationale.dropping.flops import Costs, speedup
from rationale.dropping.run import hard
from rationale.encoder import FAMILIES, plain_attention
from tests.dropping.models import LENGTHS, batch, dropping_model
from tests.lanes import first_fast
from tests.toys import MODELS

LENGTH = np.arange(1, 513)


@pytest.fixture(scope="module")
def base():
    """BERT-base without its weights."""
    with torch.device("meta"):
        return FAMILIES.get("bert")(AutoModelForSequenceClassification.from_config(BertConfig()))


def test_plain_totals_are_the_published_ones(base):
    published = 37872 * LENGTH**2 + 170216500 * LENGTH + 1183490 + 1537
    np.testing.assert_allclose(Costs.of(base).plain(LENGTH, 12), published, rtol=0.01)


@pytest.mark.parametrize("share", [1.0, 0.9, 0.7])
def test_totals_with_predictors_are_the_published_ones(base, share):
    tokens_kept = np.stack([np.ceil(LENGTH * share**layer) for layer in range(12)]).astype(np.int64)
    published = 1183537 + 1537 + 6152 * LENGTH + (3156 * tokens_kept**2 + 14233554 * tokens_kept).sum(axis=0)
    ours = Costs.of(base, AdapLeR(12, 768)).dropped(tokens_kept, LENGTH)
    np.testing.assert_allclose(ours, published, rtol=0.01)


def test_a_layer_is_ltps(base):
    one = Costs.of(base).layers(LENGTH[None], np.zeros_like(LENGTH)[None])[0]
    np.testing.assert_allclose(one, 2 * (12 * 768**2 * LENGTH + 2 * 768 * LENGTH**2), rtol=0.01)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_products_are_those_pytorch_counts(name):
    """PyTorch counts products only: ours exceed them by the rest, little at any real width."""
    model = dropping_model(name, eta=0.0)
    inputs = batch(name, (40,))
    math = sdpa_kernel(SDPBackend.MATH)  # the counter does not know the CPU's fused attention
    with math, FlopCounterMode(display=False) as counter, torch.no_grad():
        model.encoder.forward_from(0, model.encoder.embed(inputs), inputs, plain_attention)
    costs, n, d = Costs.of(model.encoder), inputs.lengths[0], model.encoder.width
    inner, gated = model.encoder.inner_width
    products = 2 * (4 * d * d + (3 if gated else 2) * d * inner) * n + 4 * d * n * n
    narrow = getattr(model.encoder.config, "embedding_size", d)
    once = 2 * narrow * d * n * (narrow != d) + 2 * d * d + 2 * d * 2
    assert counter.get_total_flops() == model.encoder.layers * products + once
    assert costs.plain(np.array([n]), model.encoder.layers)[0] > counter.get_total_flops()


def test_speedup_is_a_ratio_of_sums():
    model = dropping_model("bert")
    with torch.no_grad():
        tokens_kept = hard(model.encoder, model.system, batch("bert")).tokens_kept.numpy()
    lengths = np.array(batch("bert").lengths)
    costs = Costs.of(model.encoder, model.system)
    plain_costs, dropped = costs.plain(lengths, 3), costs.dropped(tokens_kept, lengths)
    assert speedup(plain_costs, dropped) == plain_costs.sum() / dropped.sum()
    assert (dropped <= plain_costs + 3 * model.system.flops(lengths, 12)).all()
    assert len(dropped) == len(LENGTHS)
