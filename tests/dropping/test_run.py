"""The three modes of the loop: held against the plain classifier, and against each other."""

import numpy as np
import pytest
import torch

from rationale.dropping import run
from rationale.dropping.system import Decision, System
from rationale.tokens import pack
from tests.dropping.models import LENGTHS, batch, dropping_model, one
from tests.lanes import first_fast
from tests.toys import MODELS, plain_model, toy_tokenizer, wordy


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_without_a_threshold_it_is_the_plain_classifier(name):
    model = dropping_model(name, eta=0.0)
    texts = [" ".join(wordy(length, seed)) for seed, length in enumerate(LENGTHS)]
    for text in texts:
        inputs = toy_tokenizer(MODELS[name][0])(text, truncation=True, max_length=60, return_tensors="pt")
        with torch.no_grad():
            expected = plain_model(name)(**inputs).logits
            got = model(**inputs)
        torch.testing.assert_close(got.logits, expected, atol=1e-4, rtol=1e-4)
        assert set(got.tokens_kept[0].tolist()) == {inputs["input_ids"].shape[1]}


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_hard_and_mask_take_the_same_decisions(name):
    model, inputs = dropping_model(name), batch(name)
    with torch.no_grad():
        hard = run.hard(model.encoder, model.system, inputs)
        mask = run.mask(model.encoder, model.system, inputs)
    assert torch.equal(hard.tokens_kept, mask.tokens_kept)
    torch.testing.assert_close(hard.logits, mask.logits, atol=1e-5, rtol=1e-5)
    for ours, oracle in zip(hard.traces(), mask.traces(), strict=True):
        assert np.array_equal(ours.kept, oracle.kept)
    total, left = inputs.ids.shape[0], int(hard.tokens_kept[-1].sum())
    assert len(LENGTHS) < left < total  # some leave, some stay


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_an_input_scores_the_same_alone_and_in_any_batch(name):
    model, inputs = dropping_model(name), batch(name)
    with torch.no_grad():
        together = run.hard(model.encoder, model.system, inputs)
        for number in range(len(LENGTHS)):
            alone = run.hard(model.encoder, model.system, one(inputs, number))
            torch.testing.assert_close(together.logits[number], alone.logits[0], atol=1e-5, rtol=1e-5)
            assert together.tokens_kept[:, number].tolist() == alone.tokens_kept[:, 0].tolist()


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_padding_on_either_side_changes_nothing(name):
    model = dropping_model(name)
    texts = [" ".join(wordy(length, seed)) for seed, length in enumerate(LENGTHS)]
    tokenizer = toy_tokenizer(MODELS[name][0])
    right = tokenizer(texts, padding=True, truncation=True, max_length=60, return_tensors="pt")
    ids, mask = right["input_ids"], right["attention_mask"]
    wide = {
        "input_ids": torch.nn.functional.pad(ids, (5, 3)),
        "attention_mask": torch.nn.functional.pad(mask, (5, 3)),
    }
    with torch.no_grad():
        torch.testing.assert_close(
            model(**wide).logits, model(input_ids=ids, attention_mask=mask).logits, atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("count", [1, 3])
def test_what_an_input_has_is_spread_over_its_rows_whatever_its_shape(count):
    ids = [np.zeros(2 + n, dtype=np.int32) for n in range(count)]
    packed = pack(ids, ids)
    values = torch.arange(count * 6.0).reshape(count, 2, 3)
    expected = torch.cat([values[n].expand(2 + n, 2, 3) for n in range(count)])
    assert torch.equal(packed.broadcast(values), expected)
    assert torch.equal(packed.broadcast(values[:, 0, 0]), expected[:, 0, 0])


def test_an_input_of_which_only_cls_is_left_still_has_a_prediction():
    model = dropping_model("bert")
    with torch.no_grad():
        model.system.eta.fill_(1e6)  # nobody reaches it
        result = run.hard(model.encoder, model.system, batch("bert"))
    assert set(result.tokens_kept.flatten().tolist()) == {1}
    assert torch.isfinite(result.logits).all()


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_soft_removal_approaches_the_mask_as_lambda_grows(name):
    model, inputs = dropping_model(name), batch(name)
    with torch.no_grad():
        hard = run.hard(model.encoder, model.system, inputs)
        gaps = []
        for strength in (1e2, 1e8):
            logits, state = run.soft(model.encoder, model.system, inputs, strength)
            gaps.append(float((logits - hard.logits).abs().max()))
            lengths = torch.stack(state.lengths)
    assert gaps[1] < 1e-3 <= gaps[0]
    torch.testing.assert_close(lengths, hard.tokens_kept.float(), atol=1e-2, rtol=1e-3)
    assert torch.isfinite(lengths).all()


class Replay(System):
    """Decides what another run decided, and keeps the scores it would have gone by itself."""

    def __init__(self, own, decided):
        super().__init__(own.layers, own.width, {})
        self.own, self.decided, self.scores = own, decided, []

    decision_point = "layer"

    def flops(self, entering, heads):
        return 0 * entering

    def hard(self, layer, seen):
        said = self.own.hard(layer, seen)
        self.scores.append(said.scores)
        return Decision(said.scores, said.thresholds, self.decided[layer].keep)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_bfloat16_says_the_same_of_the_same_tokens(name):
    """Compared on the keep set of float32, where rounding costs about what it costs the plain classifier.

    Scores are float32 in both, whatever the encoder computes in.
    """
    model, inputs = dropping_model(name), batch(name)
    with torch.no_grad():
        exact = run.hard(model.encoder, model.system, inputs)
        plain = run.run_full(model.encoder, inputs).logits
        model.backbone.to(torch.bfloat16)
        replay = Replay(model.system, exact.decisions)
        rough = run.hard(model.encoder, replay, inputs)
        rounding = (run.run_full(model.encoder, inputs).logits.float() - plain).abs().max()
    assert rough.logits.dtype == torch.bfloat16
    assert torch.equal(rough.tokens_kept, exact.tokens_kept)
    assert int(exact.tokens_kept[-1].sum()) < sum(inputs.lengths)
    assert (rough.logits.float() - exact.logits).abs().max() < 4 * rounding
    for ours, theirs in zip(replay.scores, exact.decisions, strict=True):
        assert ours.dtype == torch.float32
        # Which kernels round how often depends on the processor: most scores are close, and none is far.
        apart = (ours - theirs.scores).abs() / (0.02 + 0.15 * theirs.scores.abs())
        assert apart.quantile(0.9) <= 1
        assert apart.max() <= 5
