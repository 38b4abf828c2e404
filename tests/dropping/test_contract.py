"""The contract of a token-dropping system, which every one registered is held to."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForSequenceClassification, pipeline

from rationale.corpus.document import Document
from rationale.dropping import run
from rationale.dropping.flops import Costs
from rationale.dropping.system import SYSTEMS
from rationale.loading.classifier import load_classifier
from rationale.scores.engine import OnePass
from rationale.scores.methods import METHODS, decision_methods
from rationale.tokens import Packed, Windower, pack_windows
from tests.dropping.models import FAMILIES, LENGTHS, batch, one, toy
from tests.lanes import first_fast
from tests.toys import MODELS as TOYS
from tests.toys import toy_tokenizer, wordy

pytestmark = pytest.mark.parametrize("system", first_fast(SYSTEMS))
over_families = pytest.mark.parametrize("family", first_fast(FAMILIES))


@over_families
def test_hard_and_mask_keep_the_same_tokens_and_give_the_same_logits(system, family):
    model, inputs = toy(system, family), batch(family)
    with torch.no_grad():
        hard = run.hard(model.encoder, model.system, inputs)
        mask = run.mask(model.encoder, model.system, inputs)
    for ours, oracle in zip(hard.traces(), mask.traces(), strict=True):
        assert np.array_equal(ours.kept, oracle.kept)
        np.testing.assert_allclose(ours.scores, oracle.scores, atol=1e-5)
        np.testing.assert_allclose(ours.thresholds, oracle.thresholds, atol=1e-5)
        assert ours.decision_point == oracle.decision_point == model.system.decision_point
    assert torch.equal(hard.tokens_kept, mask.tokens_kept)
    torch.testing.assert_close(hard.logits, mask.logits, atol=1e-5, rtol=1e-5)
    assert len(LENGTHS) < int(hard.tokens_kept[-1].sum()) < sum(inputs.lengths)  # some leave, some stay
    assert (hard.tokens_kept[1:] <= hard.tokens_kept[:-1]).all()


@over_families
def test_an_input_fares_the_same_alone_in_any_batch_and_in_any_order(system, family):
    model, inputs = toy(system, family), batch(family)
    order = list(range(len(LENGTHS)))[::-1]
    parts = [one(inputs, number) for number in order]
    shuffled = Packed(
        *(torch.cat([getattr(p, name) for p in parts]) for name in ("ids", "types", "positions")),
        tuple(p.lengths[0] for p in parts),
    )
    with torch.no_grad():
        together = run.hard(model.encoder, model.system, inputs)
        again = run.hard(model.encoder, model.system, shuffled)
        for place, number in enumerate(order):
            alone = run.hard(model.encoder, model.system, parts[place])
            for other, at in ((together, number), (again, place)):
                torch.testing.assert_close(other.logits[at], alone.logits[0], atol=1e-5, rtol=1e-5)
                assert torch.equal(other.tokens_kept[:, at], alone.tokens_kept[:, 0])


def test_it_comes_back_as_it_was_saved_and_works_in_a_pipeline(system, tmp_path):
    model = toy(system)
    model.save_pretrained(tmp_path)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert again.config.system == system
    assert again.system.settings == model.system.settings
    tokenizer, text = toy_tokenizer("wordpiece"), " ".join(wordy(20))
    inputs = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        before, after = model(**inputs), again(**inputs)
    torch.testing.assert_close(before.logits, after.logits, atol=1e-6, rtol=1e-6)
    assert torch.equal(before.tokens_kept, after.tokens_kept)
    [said] = pipeline("text-classification", model=again, tokenizer=tokenizer)(text)
    assert said["score"] == pytest.approx(float(before.logits.softmax(-1).max()), abs=1e-5)


@over_families
def test_matrix_products_are_those_pytorch_counts(system, family):
    """Ours exceed them by what is no product: a few per cent at any real width."""
    model, inputs = toy(system, family), batch(family, (50,))
    encoder, dropping = model.encoder, model.system
    math = sdpa_kernel(SDPBackend.MATH)  # the counter does not know the CPU's fused attention
    with math, FlopCounterMode(display=False) as counter, torch.no_grad():
        tokens_kept = run.hard(encoder, dropping, inputs).tokens_kept[:, 0].numpy()
    d, (inner, gated) = encoder.width, encoder.inner_width
    entering = np.array([inputs.lengths[0], *tokens_kept[:-1]])
    attending = tokens_kept if dropping.decision_point == "layer" else entering
    expected = (8 * d * d * attending + 4 * d * attending**2).sum()
    expected += (2 * (3 if gated else 2) * d * inner * tokens_kept).sum()
    expected += 2 * d * d + 2 * d * 2  # the head
    if dropping.reads_attention:
        expected += (2 * attending**2).sum()  # the mean over heads, summed over queries as a product
    if system == "adapler":
        expected += (2 * d * 32 + 2 * 32) * entering.sum()
    if system == "tr-bert":
        expected += (2 * d * 32 + 2 * 32) * entering[list(dropping.points)].sum()
    assert counter.get_total_flops() == expected
    ours = Costs.of(encoder, dropping).dropped(tokens_kept[:, None], np.array(inputs.lengths))
    assert expected < ours[0] < 2 * expected  # norms weigh more at a width of 24


def test_a_trace_agrees_with_the_run_and_cls_never_leaves(system):
    model, inputs = toy(system), batch("bert")
    ran = run.hard(model.encoder, model.system, inputs)
    for number, said in enumerate(ran.traces()):
        assert said.dropped[0] == said.layers
        assert said.lengths.tolist() == ran.tokens_kept[:, number].tolist()
        for layer in range(said.layers):
            stayed = said.kept[layer].copy()
            stayed[0] = False
            assert (said.scores[layer, stayed] >= said.thresholds[layer]).all()
            assert np.isnan(said.scores[layer, said.dropped < layer]).all()


@over_families
def test_gradients_flow_through_what_is_left(system, family):
    """Systems that drop for real in training learn through the rows that stay."""
    model, inputs = toy(system, family), batch(family)
    run.hard(model.encoder, model.system, inputs).logits.sum().backward()
    weights = [p for name, p in model.backbone.named_parameters() if "query" in name or "Wqkv" in name]
    gradients = [p.grad for p in weights or model.backbone.parameters() if p.grad is not None]
    assert gradients
    assert all(torch.isfinite(g).all() for g in gradients)
    assert any(g.abs().max() > 0 for g in gradients)


def test_its_decisions_are_scores_like_any_other(system, tmp_path):
    """What a score method reads of the model equals what the model does when nobody looks."""
    toy(system).save_pretrained(tmp_path)
    toy_tokenizer(TOYS["bert"][0]).save_pretrained(tmp_path)
    classifier = load_classifier(tmp_path, device="cpu")
    names = decision_methods(classifier.policy)
    assert "kept" in names
    windows = _windows(classifier)
    readings = OnePass(classifier, [METHODS.get(name) for name in names], 4)(windows, [None] * len(windows))
    with torch.no_grad():
        ran = run.hard(classifier.encoder, classifier.policy, pack_windows(windows))
    for number, reading in enumerate(readings):
        tokens_kept = (reading.scores["kept"] > 0).sum(axis=1)
        assert tokens_kept.tolist() == ran.tokens_kept[:, number].tolist()


def _windows(classifier):
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    return [windower(Document(str(n), str(n), wordy(n, n))).windows[0] for n in (4, 30, 12)]
