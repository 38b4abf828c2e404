"""Each system against its published rule, run by hand over transformers' own layers and attentions."""

import json
import re

import numpy as np
import pytest
import torch

from rationale.dropping import run
from rationale.dropping.power_bert import PoWERBERT
from rationale.errors import ModelError, RationaleError
from rationale.loading.classifier import load_classifier
from tests.dropping.models import batch, one, toy
from tests.toys import toy_tokenizer

pytestmark = pytest.mark.slow  # every system's own equations, on all its settings


def by_hand(model, inputs, between, after=lambda layer, hidden: hidden):
    """BERT's layers as transformers has them; ``between`` may change what enters the feed-forward.

    ``between(layer, hidden, attention)`` gets (n, d) and head-mean (n, n), gives the rows that go on.
    """
    bert = model.backbone.bert
    hidden = bert.embeddings(inputs.ids[None], token_type_ids=inputs.types[None])
    for number, layer in enumerate(bert.encoder.layer):
        context, attention = layer.attention.self(hidden)[:2]
        merged = layer.attention.output(context, hidden)[0]
        going = between(number, merged, attention[0].mean(dim=0))
        hidden = layer.output(layer.intermediate(going), going)[None]
        hidden = after(number, hidden)
    return model.backbone.classifier(bert.pooler(hidden))[0]


def survivors(attention, before, keep):
    """[CLS] and the ``keep - 1`` other rows that score highest, in order."""
    others = sorted(range(1, before), key=lambda row: -float(attention[row]))[: keep - 1]
    return [0, *sorted(others)]


@pytest.mark.parametrize("number", [3, 4])
def test_ltp_is_equations_7_and_8(number):
    model, inputs = toy("ltp"), one(batch("bert"), number)
    lengths = []

    def between(layer, merged, attention):
        scores = attention.sum(dim=0) / 60
        keep = scores >= 0.012 * (layer + 1) / 5
        keep[0] = True
        lengths.append(int(keep.sum()))
        return merged[keep]

    with torch.no_grad():
        theirs = by_hand(model, inputs, between)
        ours = run.hard(model.encoder, model.system, inputs)
    assert ours.tokens_kept[:, 0].tolist() == lengths
    torch.testing.assert_close(ours.logits[0], theirs, atol=1e-5, rtol=1e-5)


def test_ltp_scores_are_one_over_the_reference_on_average_whatever_the_length():
    model = toy("ltp", final=0.0)
    traces = run.hard(model.encoder, model.system, batch("bert")).traces()
    for said in traces:
        np.testing.assert_allclose(said.scores.mean(axis=1), 1 / 60, rtol=1e-4)


@pytest.mark.parametrize("number", [2, 4])
def test_ltp_softly_is_equations_9_and_10(number):
    model, inputs = toy("ltp"), one(batch("bert"), number)
    gates = []

    def between(layer, merged, attention):
        theta = 0.012 * (layer + 1) / 5
        gates.append(torch.sigmoid((attention.sum(dim=0) / 60 - theta) * 1e3))
        gates[-1][0] = 1
        return merged

    with torch.no_grad():
        theirs = by_hand(model, inputs, between, lambda layer, hidden: hidden * gates[layer][:, None])
        logits, state = run.soft(model.encoder, model.system, inputs, 1e3)
    torch.testing.assert_close(logits[0], theirs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(torch.stack(state.lengths)[:, 0], torch.stack(gates).sum(dim=1))


def test_ltps_thresholds_learn_from_task_and_length():
    model, inputs = toy("ltp"), batch("bert")
    logits, state = run.soft(model.encoder, model.system, inputs, 1e3)
    (task,) = torch.autograd.grad(logits.sum(), model.system.theta, retain_graph=True)
    (length,) = torch.autograd.grad(torch.stack(state.lengths).sum(), model.system.theta)
    assert (task[:-1] != 0).all()
    assert task[-1] == 0  # only [CLS] is read of what leaves the last layer
    assert length[-1] < 0  # descent on the length raises the thresholds
    assert length.sum() < 0


def test_the_authors_ramp_leaves_the_first_layer_alone():
    model = toy("ltp", ramp="zero-based", final=0.05)
    torch.testing.assert_close(model.system.theta.detach(), 0.05 * torch.arange(5) / 5)
    inputs = batch("bert")
    with torch.no_grad():
        ran = run.hard(model.encoder, model.system, inputs)
    assert ran.tokens_kept[0].tolist() == list(inputs.lengths)
    assert ran.tokens_kept[1].sum() < ran.tokens_kept[0].sum()


@pytest.mark.parametrize(("system", "diagonal"), [("power-bert", False), ("lat", True)])
def test_power_bert_and_lat_keep_the_k_that_receive_most(system, diagonal):
    model, inputs = toy(system), one(batch("bert"), 4)
    lengths = [24, 19, 14, 9, 4]

    def between(layer, merged, attention):
        scores = attention.sum(dim=0) if diagonal else attention.sum(dim=0) - attention.diagonal()
        return merged[survivors(scores, len(merged), lengths[layer])]

    with torch.no_grad():
        theirs = by_hand(model, inputs, between)
        ours = run.hard(model.encoder, model.system, inputs)
    assert ours.tokens_kept[:, 0].tolist() == lengths
    torch.testing.assert_close(ours.logits[0], theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cumulative", [True, False])
def test_spatten_adds_attention_up_over_layers(cumulative):
    model, inputs = toy("spatten", cumulative=cumulative), one(batch("bert"), 4)
    n = inputs.lengths[0]
    totals, chosen = torch.zeros(n), []
    left = torch.arange(n)

    def between(layer, merged, attention):
        nonlocal left
        totals[left] += attention.sum(dim=0)
        scores = totals[left] if cumulative else attention.sum(dim=0)
        kept = survivors(scores, len(merged), round(n * (1.0, 1.0, 1.0, 0.65, 0.3)[layer]))
        left = left[kept]
        chosen.append(len(kept))
        return merged[kept]

    with torch.no_grad():
        theirs = by_hand(model, inputs, between)
        ours = run.hard(model.encoder, model.system, inputs)
    assert ours.tokens_kept[:, 0].tolist() == chosen
    torch.testing.assert_close(ours.logits[0], theirs, atol=1e-5, rtol=1e-5)


def test_spatten_keeps_cls_where_its_ratio_keeps_nothing():
    model = toy("spatten", ratio=-1.0)
    with torch.no_grad():
        ran = run.hard(model.encoder, model.system, batch("bert"))
    assert (ran.tokens_kept[-1] == 1).all()
    assert torch.isfinite(ran.logits).all()


def test_power_bert_softly_weighs_ranks():
    model, inputs = toy("power-bert", retention=None, longest=60), one(batch("bert"), 4)
    weights = torch.linspace(1, 0, 60).repeat(5, 1)
    with torch.no_grad():
        model.system.weights.copy_(weights)

    def between(layer, merged, attention):
        scores = attention.sum(dim=0) - attention.diagonal()
        rank = scores.argsort(descending=True).argsort()
        return merged * weights[layer][rank][:, None]

    with torch.no_grad():
        theirs = by_hand(model, inputs, between)
        logits, _ = run.soft(model.encoder, model.system, inputs, 0.0)
    torch.testing.assert_close(logits[0], theirs, atol=1e-5, rtol=1e-5)


def test_power_berts_configuration_is_the_mass_rounded_down_at_least_one_and_never_rising():
    system = PoWERBERT(4, 8, longest=10)
    with torch.no_grad():
        system.weights.copy_(torch.tensor([[0.58], [0.72], [0.33], [0.0]]).expand(4, 10))
    assert system.retention == (5, 5, 3, 1)
    assert float(system.penalty(None).detach()) == pytest.approx(5.8 + 2 * 7.2 + 3 * 3.3)
    with torch.no_grad():
        system.weights.add_(7)
    system.clamp()
    assert system.retention == (10, 10, 10, 10)


def test_dropping_by_lot_is_even_handed_and_the_same_every_time():
    model, inputs = toy("random", shares=[0.5] * 5), batch("bert", (50,) * 8)
    kept = []
    for seed in range(40):
        model.system.seed = seed
        kept.append(run.hard(model.encoder, model.system, inputs).decisions[0].keep.float())
    firsts = torch.stack(kept)
    others = firsts.mean(dim=0).view(8, -1)[:, 1:]
    assert abs(float(others.mean()) - 0.5) < 0.02
    assert float(others.min()) > 0.15
    assert float(others.max()) < 0.85


def test_the_first_tokens_are_the_beginning_and_the_last_token():
    model, inputs = toy("lead", shares=[0.5] * 5), one(batch("bert"), 4)
    [said] = run.hard(model.encoder, model.system, inputs).traces()
    n = inputs.lengths[0]
    half = round(n / 2)
    assert np.flatnonzero(said.kept[0]).tolist() == [*range(half - 1), n - 1]
    assert said.lengths.tolist() == [half] * 5


@pytest.mark.parametrize(
    ("system", "settings", "message"),
    [
        ("power-bert", {"retention": [9, 8, 7]}, "3 lengths for 5 layers"),
        ("power-bert", {"retention": [9, 8, 9, 7, 6]}, "rises from 8 to 9 in layer 2"),
        ("power-bert", {"retention": [9, 8, 7, 6, 0]}, "has 0 in layer 4"),
        ("lat", {"lengths": [9, 8, 7, 6, 5.5]}, "has 5.5 in layer 4"),
        ("lat", {"lengths": [9] * 6}, "6 lengths for 5 layers"),
        ("ltp", {"ramp": "steep"}, "LTP has the settings"),
        ("ltp", {"final": float("nan")}, "LTP has the settings"),
        ("spatten", {"ratio": 1.5}, "ratio is 1.5"),
        ("lead", {"shares": [0.5, 0.6, 0.5, 0.5, 0.5]}, "the shares are"),
        ("random", {"shares": [0.5, 0.5]}, "Give 5 numbers"),
        ("random", {"chance": 1}, "does not know these settings"),
        ("random", {"seed": 1.5}, "the random seed is 1.5"),
        ("power-bert", {"retention": []}, "0 lengths for 5 layers"),
        ("lat", {"lengths": [2**63] * 5}, "has 9223372036854775808 in layer 0"),
    ],
)
def test_a_configuration_that_is_none_is_refused(system, settings, message):
    with pytest.raises(ModelError, match=message):
        toy(system, **settings)


@pytest.mark.parametrize(
    ("saved", "claimed", "settings", "message"),
    [
        ("adapler", "tr-bert", None, "lacks weights (system.policies"),
        ("ltp", "adapler", None, "lacks weights (system.eta"),
        ("ltp", "spatten", None, "no place for (system.theta)"),
        ("spatten", "ltp", None, "lacks weights (system.theta)"),
        ("spatten", "ltp", {}, "lacks settings of ltp"),
        ("lat", "power-bert", {"retention": [9, 9]}, "2 lengths for 5 layers"),
        ("lat", "no-such", {}, "no token-dropping system is called 'no-such'"),
    ],
)
def test_one_systems_checkpoint_is_not_loaded_as_anothers(saved, claimed, settings, message, tmp_path):
    toy(saved).save_pretrained(tmp_path)
    toy_tokenizer("wordpiece").save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    whole = toy(claimed).config.settings if settings is None else settings
    changed = {**json.loads(path.read_text()), "system": claimed, "settings": whole}
    path.write_text(json.dumps(changed))
    with pytest.raises(RationaleError, match=re.escape(message)) as told:
        load_classifier(tmp_path, device="cpu")
    assert str(told.value).startswith(str(tmp_path))


def unprotected(system="ltp", family="bert", **settings):
    own = {"ltp": {"final": 0.03}, "lat": {"lengths": [12, 8, 5, 3, 2]}}
    return toy(system, family, protect_cls=False, **{**own[system], **settings})


@pytest.mark.parametrize("system", ["ltp", "lat"])
@pytest.mark.parametrize("family", ["bert", "distilbert", "modernbert-mean"])
def test_an_unprotected_cls_leaves_and_hard_is_still_mask_and_single_is_batch(system, family):
    model, inputs = unprotected(system, family), batch(family)
    with torch.no_grad():
        hard = run.hard(model.encoder, model.system, inputs)
        mask = run.mask(model.encoder, model.system, inputs)
        alone = [run.hard(model.encoder, model.system, one(inputs, i)) for i in range(len(inputs.lengths))]
    assert torch.equal(hard.tokens_kept, mask.tokens_kept)
    torch.testing.assert_close(hard.logits, mask.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(hard.logits, torch.cat([r.logits for r in alone]), atol=1e-5, rtol=1e-5)
    assert not all(trace.kept[-1, 0] for trace in hard.traces())  # some [CLS]
    assert (hard.tokens_kept >= 1).all()


@pytest.mark.parametrize("number", [1, 3, 4])
def test_what_left_is_read_as_it_last_left_a_layer(number):
    """Equation 8 with nobody protected, over transformers' own layers."""
    model, inputs = unprotected(), one(batch("bert"), number)
    bert, rows, lengths = model.backbone.bert, torch.arange(inputs.lengths[0]), []
    with torch.no_grad():
        hidden = bert.embeddings(inputs.ids[None], token_type_ids=inputs.types[None])
        restored = hidden[0].clone()
        for number, layer in enumerate(bert.encoder.layer):
            context, attention = layer.attention.self(hidden)[:2]
            merged = layer.attention.output(context, hidden)[0]
            scores = attention[0].mean(dim=0).sum(dim=0) / 60
            keep = scores >= 0.03 * (number + 1) / 5
            keep[scores.argmax()] = True
            rows, going = rows[keep], merged[keep]
            lengths.append(len(rows))
            hidden = layer.output(layer.intermediate(going), going)[None]
            restored[rows] = hidden[0]
        theirs = model.backbone.classifier(bert.pooler(restored[None]))[0]
        ours = run.hard(model.encoder, model.system, inputs)
    assert ours.tokens_kept[:, 0].tolist() == lengths
    torch.testing.assert_close(ours.logits[0], theirs, atol=1e-5, rtol=1e-5)


def test_thresholds_that_drop_everything_leave_the_best_token():
    model = unprotected(final=1e3)
    with torch.no_grad():
        tokens_kept = run.hard(model.encoder, model.system, batch("bert")).tokens_kept
    assert (tokens_kept == 1).all()


def test_an_unprotected_model_comes_back_as_it_was_saved(tmp_path):
    model = unprotected()
    model.save_pretrained(tmp_path / "model")
    toy_tokenizer("wordpiece").save_pretrained(tmp_path / "model")
    back = load_classifier(tmp_path / "model", device="cpu")
    assert back.policy.restore_dropped
    with torch.no_grad():
        theirs = run.hard(back.encoder, back.policy, batch("bert")).logits
        torch.testing.assert_close(theirs, run.hard(model.encoder, model.system, batch("bert")).logits)
