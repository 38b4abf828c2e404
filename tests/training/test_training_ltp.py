"""LTP with a teacher and with rounded numbers: the loss, what is saved, and what cannot be."""

import json
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner

from rationale.cli import app
from rationale.corpus import write_eraser
from rationale.dropping.inputs import packed
from rationale.encoder.base import Encoder
from rationale.encoder.quantization import quantized
from rationale.errors import RationaleError
from rationale.training import train_dropping
from rationale.training.dropping import distil
from rationale.training.ltp import LTPOptions
from tests.training.toy_training import planted, save_encoder

OPTIONS = LTPOptions(
    epochs=1, soft_epochs=1, fine_tune_epochs=8, batch_size=8, learning_rate=2e-3, device="cpu", reference=12,
    final_threshold=0.06, lambda_=0.05,
)  # fmt: skip
TRAIN, DEV = planted(48), planted(16, seed=1)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep") / "encoder", layers=4)


@pytest.fixture(scope="module")
def trained(trains, encoder, tmp_path_factory):
    options = replace(OPTIONS, bits=8, distil=0.5, epochs=4, lambda_=0.02)
    return train_dropping("ltp", encoder, TRAIN, DEV, tmp_path_factory.mktemp("int8") / "ltp", options)


def test_a_rounded_student_learns_and_comes_back_rounded(trained):
    model = AutoModelForSequenceClassification.from_pretrained(trained.path)
    assert model.config.bits == 8
    layers = quantized(model)
    assert len(layers) >= 4 * 6
    assert all(float(layer.input_range) > 0 for layer in layers)
    assert trained.best["dev_accuracy"] > 0.5  # of one who knows nothing
    soft = AutoModelForSequenceClassification.from_pretrained(trained.path.with_name("ltp.soft"))
    assert not quantized(soft)
    assert torch.equal(soft.system.theta, model.system.theta)


@pytest.mark.training
def test_the_loss_mixes_the_task_with_the_teachers_outputs_and_embeddings(
    encoder, trained, tmp_path, monkeypatch
):
    """Against the formula, written out over the same batch (dropout off)."""
    seen = []
    original = distil.DistilTrainer.compute_loss

    def watched(self, model, inputs, **given):
        loss = original(self, model, inputs, **given)
        if model.training and not seen:
            batch = packed(inputs["input_ids"], inputs["attention_mask"], inputs.get("token_type_ids"))
            said = distil.run_full(self._teacher, batch).logits.softmax(-1)
            own = distil.hard(self.dropping.encoder, self.dropping.system, batch).logits
            embedded = self.dropping.encoder.embed(batch) - self._teacher.embed(batch)
            like = torch.nn.functional.cross_entropy(own, said) + embedded.square().mean()
            task = torch.nn.functional.cross_entropy(own, inputs["labels"])
            seen.append((loss.item(), (0.3 * task + 0.7 * like).item()))
        return loss

    monkeypatch.setattr(distil.DistilTrainer, "compute_loss", watched)
    given = replace(OPTIONS, distil=0.7, soft_epochs=0, epochs=1)
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda self, x: x)
    monkeypatch.setattr(Encoder, "attention_dropout", 0.0)
    train_dropping("ltp", encoder, TRAIN, DEV, tmp_path / "ltp", given, finetuned_dir=trained.finetuned_dir)
    [(ours, theirs)] = seen
    assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.training
def test_an_unprotected_cls_is_an_option_of_the_command_and_int8_is_evaluated(encoder, trained, tmp_path):
    write_eraser({"train": TRAIN, "test": DEV}, tmp_path / "data")
    given = ["train", "ltp", "--model", encoder, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    given += ["--no-protect-cls", "--soft-epochs", 0, "--epochs", 1, "--fine-tune-epochs", 1]
    given += ["--device", "cpu", "--batch-size", 8]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert not json.loads((tmp_path / "out" / "config.json").read_text())["settings"]["protect_cls"]
    for number, more in enumerate(([], ["--int8"])):
        if more:
            pytest.importorskip("torchao", reason="the extra int8 is not installed")
        out = tmp_path / f"{number}.json"
        given = ["evaluate", "--model", trained.path, "--data", tmp_path / "data", "--split", "test"]
        given += ["--out", out, "--timing-documents", 4, "--timing-repeats", 1, "--device", "cpu", *more]
        result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        found = json.loads(out.read_text())
        assert found["bit_operations"]["bits"] == 8
        assert found["bit_operations"]["fewer"] > 2.5
        assert found["metrics"]["accuracy"] > 0.5


@pytest.mark.parametrize(("option", "value"), [("bits", 1), ("bits", 16), ("distil", -0.1), ("distil", 1.5)])
def test_what_cannot_be_is_refused(option, value):
    with pytest.raises(RationaleError, match=f"--{option} is {value}"):
        replace(OPTIONS, **{option: value})
