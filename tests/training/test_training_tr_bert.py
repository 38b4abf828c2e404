"""TR-BERT's choices, rewards and guide against their definitions, each written out once more."""

import numpy as np
import pytest
import torch

from rationale.dropping.inputs import packed
from rationale.dropping.run import hard
from rationale.dropping.system import PruningContext
from rationale.dropping.tr_bert import TRBERT
from rationale.errors import ModelError
from rationale.training.tr_bert.reward import SampledChoices, guide_scores, policy_loss, repeat_batch
from tests.dropping.models import batch, toy
from tests.toys import plain_model

ONE = batch("bert", (4, 9, 2))


def seen(packed):
    return PruningContext(torch.zeros(len(packed.ids), 2), packed, packed.sizes)


def test_copies_are_laid_out_one_after_the_other():
    again = repeat_batch(ONE, 3)
    assert again.lengths == ONE.lengths * 3
    n = len(ONE.ids)
    for copy in range(3):
        assert torch.equal(again.ids[copy * n : (copy + 1) * n], ONE.ids)
        assert torch.equal(again.positions[copy * n : (copy + 1) * n], ONE.positions)


def test_tokens_go_on_as_often_as_their_chance_and_cls_always():
    chances = torch.linspace(0.05, 0.95, len(ONE.ids))
    often = torch.stack([SampledChoices()(0, chances, seen(ONE)).float() for _ in range(4000)]).mean(dim=0)
    assert (often[ONE.cls_index] == 1).all()
    others = torch.ones(len(chances), dtype=torch.bool).index_fill(0, ONE.cls_index, value=False)
    torch.testing.assert_close(often[others], chances[others], atol=0.04, rtol=0)


def test_likelihood_and_share_kept_are_those_of_the_choices_over_both_points():
    drawn, chances = SampledChoices(), torch.linspace(0.2, 0.9, len(ONE.ids))
    keep = drawn(0, chances, seen(ONE))
    rows, left = ONE.select(keep)
    second = chances[rows].flip(0)
    again = drawn(1, second, PruningContext(torch.zeros(len(rows), 2), left, ONE.sizes))
    ends, after = np.cumsum(ONE.lengths), np.cumsum(left.lengths)
    for i, length in enumerate(ONE.lengths):
        part, later = slice(ends[i] - length, ends[i]), slice(after[i] - left.lengths[i], after[i])
        nll = 0.0
        for kept, p in ((keep[part], chances[part]), (again[later], second[later])):
            nll += -np.mean(
                [np.log(float(q) + 1e-6 if k else 1 - float(q) + 1e-6) for k, q in zip(kept, p, strict=True)]
            )
        assert float(drawn.likelihood[i]) == pytest.approx(nll, rel=1e-4)
        assert float(drawn.kept[0][i]) == pytest.approx(int(keep[part].sum()) / length)
        assert float(drawn.kept[1][i]) == pytest.approx(int(again[later].sum()) / length)


def test_the_first_copy_follows_the_guide_and_the_others_do_not():
    copies = repeat_batch(ONE, 4)
    value = torch.arange(len(ONE.ids), dtype=torch.float32)
    chances = torch.full((len(copies.ids),), 0.5)
    torch.manual_seed(0)
    keep = SampledChoices([value])(0, chances, seen(copies)).view(4, -1)
    ends = np.cumsum(ONE.lengths)
    for length, end in zip(ONE.lengths, ends, strict=True):
        wanted = int(np.floor(length * 0.5 + 0.5))
        guided = keep[0, end - length : end]
        assert guided[-wanted:].all()
        assert int(guided[1:].sum()) == wanted  # and [CLS]
    assert not torch.equal(keep[1], keep[0])
    assert not torch.equal(keep[1], keep[2])


def test_nobody_draws_by_chances_that_are_no_numbers():
    chances = torch.full((len(ONE.ids),), 0.5)
    chances[3] = torch.nan
    with pytest.raises(ModelError, match="keep probabilities are not finite"):
        SampledChoices()(0, chances, seen(ONE))


def test_the_loss_is_reinforce_with_the_copies_mean_as_baseline():
    generator = np.random.default_rng(0)
    copies, inputs, alpha = 5, 3, 0.7
    nll = torch.tensor(generator.random((2, copies * inputs)), requires_grad=True)
    kept = generator.random((2, copies * inputs))
    losses = generator.random(copies * inputs)
    drawn = SampledChoices(nll=list(nll), kept=[torch.tensor(one) for one in kept])
    reward = (-losses - alpha * kept.mean(axis=0)).reshape(copies, inputs)
    advantage = (reward - reward.mean(axis=0)).ravel()
    expected = float((advantage * nll.detach().numpy().sum(axis=0)).mean())
    loss = policy_loss(drawn, torch.tensor(losses, requires_grad=True), alpha, copies)
    assert loss.item() == pytest.approx(expected)
    (gradient,) = torch.autograd.grad(loss, nll)
    np.testing.assert_allclose(gradient.numpy(), np.tile(advantage / (copies * inputs), (2, 1)))


def test_reward_teaches_a_policy_to_keep_the_token_that_pays():
    """One input of three tokens, of which the loss needs the second: policies find it by reward alone."""
    torch.manual_seed(0)
    logits = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    single = packed(torch.tensor([[1, 2, 3]]))
    for _ in range(300):
        drawn = SampledChoices()
        keep = drawn(0, torch.sigmoid(logits).repeat(8), seen(repeat_batch(single, 8))).view(8, 3)
        optimizer.zero_grad()
        policy_loss(drawn, 1 - keep[:, 1].float(), 0.5, 8).backward()
        optimizer.step()
    chances = torch.sigmoid(logits)
    assert chances[1] > 0.9
    assert chances[2] < 0.1


def test_what_tokens_are_worth_is_the_gradient_times_the_way_to_a_late_layer():
    model = toy("tr-bert")
    inputs = batch("bert", (12,))
    labels = torch.tensor([1])
    bert = plain_model("bert", num_hidden_layers=5)
    states = list(
        bert(
            input_ids=inputs.ids[None], token_type_ids=inputs.types[None], output_hidden_states=True
        ).hidden_states
    )
    # run again from the late layer on, so that its gradient can be asked for
    late = states[4].detach().requires_grad_()
    hidden = bert.bert.encoder.layer[4](late)
    hidden = hidden[0] if isinstance(hidden, tuple) else hidden
    loss = torch.nn.functional.cross_entropy(bert.classifier(bert.bert.pooler(hidden)), labels)
    (gradient,) = torch.autograd.grad(loss, late)
    found = guide_scores(model.encoder, inputs, labels, model.system.points)
    assert len(found) == 2
    for point, ours in zip(model.system.points, found, strict=True):
        theirs = (gradient * (states[4] - states[point]))[0].sum(dim=-1).abs()
        torch.testing.assert_close(ours, theirs.detach(), atol=1e-5, rtol=1e-4)


def test_while_drawing_the_model_runs_on_what_was_drawn():
    model, inputs = toy("tr-bert"), batch("bert")
    with torch.no_grad(), model.system.drawing(lambda point, chances, seen: chances > 2):
        ran = hard(model.encoder, model.system, inputs)
    assert ran.tokens_kept[0].tolist() == list(inputs.lengths)
    assert (ran.tokens_kept[1:] == 1).all()
    with torch.no_grad():
        assert (hard(model.encoder, model.system, inputs).tokens_kept[-1] > 1).any()


@pytest.mark.parametrize("points", [[2, 1], [1, 5], [1, 1], [-1, 2]])
def test_points_that_are_none_are_refused(points):
    with pytest.raises(ModelError, match="TR-BERT's points are"):
        TRBERT(5, 8, points=points)
