"""What a training computes in, and what a trained model is loaded in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from rationale.dropping import run
from rationale.loading.classifier import load_classifier
from rationale.study.topk.conditions import Condition
from rationale.study.topk.study import StudyOptions, study_topk
from rationale.tokens import Windower, pack_windows
from rationale.training import TrainingOptions, train_dropping
from rationale.training.trainer import ClassifierTrainer
from tests.systems import having, options
from tests.training.toy_training import planted, save_encoder

pytestmark = pytest.mark.training

COMMON = {
    "epochs": 1, "fine_tune_epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "device": "cpu",
    "attention_dropout": 0.0,
}  # fmt: skip
TRAIN, DEV = planted(16), planted(8, seed=1)
OWN = {name: options(name, "brief", **COMMON) for name in having("brief")}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("toy") / "encoder", layers=3)


@contextmanager
def products():
    """What the products of training passes came out as."""
    seen: set[torch.dtype] = set()
    own = torch.nn.Linear.forward

    def forward(self, rows):
        out = own(self, rows)
        if self.weight.shape == (48, 32) and self.training:  # a feed-forward's; gradients are asked in eval
            seen.add(out.dtype)
        return out

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch.nn.Linear, "forward", forward)
        yield seen


@pytest.fixture(scope="module")
def trained(trains, encoder, tmp_path_factory):
    """Trains a system in an arithmetic once; the training, and what its products came out as."""

    @cache
    def make(name, dtype="float32"):
        out = tmp_path_factory.mktemp(name) / "out"
        with products() as seen:
            return train_dropping(name, encoder, TRAIN, DEV, out, replace(OWN[name], dtype=dtype)), seen

    return make


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("name", OWN)
def test_what_is_learnt_is_computed_in_what_was_asked_for(trained, name, dtype):
    made, seen = trained(name, dtype)
    assert seen == {getattr(torch, dtype)}
    model = AutoModelForSequenceClassification.from_pretrained(made.path)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_so_is_a_classifier_that_reads_parts(encoder, tmp_path):
    training = TrainingOptions(epochs=1, batch_size=8, device="cpu", dtype="bfloat16")
    options = StudyOptions([Condition.parse("human")], training=training)
    with products() as seen:
        study_topk(encoder, TRAIN, DEV, DEV, tmp_path / "study", options)
    assert seen == {torch.bfloat16}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
@pytest.mark.parametrize("name", ["adapler", "tr-bert", "ltp"])
def test_a_trained_model_is_loaded_in_any_arithmetic_and_decides_in_float32(trained, name, dtype):
    made, _ = trained(name)
    exact = load_classifier(made.path, device="cpu").policy.state_dict()
    classifier = load_classifier(made.path, device="cpu", dtype=dtype)
    assert next(classifier.model.backbone.parameters()).dtype == getattr(torch, dtype)
    for key, value in classifier.policy.state_dict().items():
        assert value.dtype in (torch.float32, torch.float64)
        torch.testing.assert_close(value.float(), exact[key], rtol=0, atol=0)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    packed = pack_windows([windower(document).windows[0] for document in DEV])
    with torch.no_grad():
        found = [way(classifier.encoder, classifier.policy, packed) for way in (run.hard, run.mask)]
    assert found[0].logits.dtype == getattr(torch, dtype)
    assert torch.equal(found[0].tokens_kept, found[1].tokens_kept)
    assert found[0].tokens_kept[-1].sum() < found[0].tokens_kept[0].sum() or name != "ltp"


def test_a_loaded_adapler_has_its_stand_in_for_theta(trained):
    made, _ = trained("adapler")
    model = AutoModelForSequenceClassification.from_pretrained(made.path)
    assert model.system.theta_dummy.tolist() == [1.0] * (model.system.layers - 1)


def test_a_loss_is_made_up_for_gradients_that_are_averaged_over_processes(encoder, tmp_path, monkeypatch):
    """As transformers does for a loss of its own: half the documents here, half in the other process."""
    seen = []
    own = ClassifierTrainer.of_all

    def of_all(self, loss, num_items_in_batch):
        there = own(self, loss, num_items_in_batch)
        with monkeypatch.context() as two:
            two.setattr(type(self.accelerator), "num_processes", property(lambda _: 2))
            seen.append((there.item(), own(self, loss, num_items_in_batch).item()))
        return there

    monkeypatch.setattr(ClassifierTrainer, "of_all", of_all)
    train_dropping("ltp", encoder, TRAIN, DEV, tmp_path / "out", OWN["ltp"])
    assert seen
    assert all(two == pytest.approx(2 * one) for one, two in seen)
