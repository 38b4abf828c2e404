"""A dropping model is a transformers model: saved, loaded, piped, traced."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, pipeline

from rationale.dropping.model import DroppingForSequenceClassification
from rationale.dropping.run import hard, run_full
from rationale.errors import ModelError, RationaleError
from tests.dropping.models import batch, dropping_model, one, toy
from tests.lanes import first_fast
from tests.systems import TOYS
from tests.toys import MODELS, toy_tokenizer, wordy


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_it_comes_back_as_it_was_saved(name, tmp_path):
    model = dropping_model(name)
    with torch.no_grad():
        model.system.eta.copy_(torch.linspace(0.2, 0.6, model.encoder.layers))
        model.system.theta.fill_(0.5)
    model.save_pretrained(tmp_path)
    assert "system.eta" in load_file(tmp_path / "model.safetensors")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert type(again) is DroppingForSequenceClassification
    assert again.config.id2label == model.config.id2label
    inputs = toy_tokenizer(MODELS[name][0])([" ".join(wordy(12))], return_tensors="pt")
    with torch.no_grad():
        before, after = model(**inputs), again.eval()(**inputs)
    torch.testing.assert_close(before.logits, after.logits, atol=1e-6, rtol=1e-6)
    assert torch.equal(before.tokens_kept, after.tokens_kept)


def test_it_works_in_a_pipeline(tmp_path):
    model = dropping_model("bert")
    texts = [" ".join(wordy(length, length)) for length in (3, 20, 9)]
    pipe = pipeline("text-classification", model=model, tokenizer=toy_tokenizer("wordpiece"), batch_size=2)
    for text, said in zip(texts, pipe(texts), strict=True):
        with torch.no_grad():
            logits = model(**toy_tokenizer("wordpiece")(text, return_tensors="pt")).logits[0]
        assert said["label"] == model.config.id2label[int(logits.argmax())]
        assert said["score"] == pytest.approx(float(logits.softmax(-1).max()), abs=1e-5)


def test_a_trace_tells_where_every_token_left():
    model, inputs = dropping_model("bert"), batch("bert")
    run = hard(model.encoder, model.system, inputs)
    traces = run.traces()
    assert np.array_equal(np.stack([t.lengths for t in traces], axis=1), run.tokens_kept.numpy())
    for number, said in enumerate(traces):
        (alone,) = hard(model.encoder, model.system, one(inputs, number)).traces()
        assert np.array_equal(said.dropped, alone.dropped)
        for layer in range(said.layers):
            there = said.dropped >= layer  # who met this layer's decision
            assert np.array_equal(np.isnan(said.scores[layer]), ~there)
            assert np.nansum(said.scores[layer]) == pytest.approx(1, abs=1e-5)
            left = there & (said.dropped == layer)
            assert (said.scores[layer][left] < said.thresholds[layer]).all()
            assert said.kept[layer, 0]
            kept = said.kept[layer, 1:]
            assert (said.scores[layer][1:][kept] >= said.thresholds[layer]).all()


def test_a_trace_is_of_its_run_and_a_plain_run_has_none():
    model, inputs = dropping_model("bert"), batch("bert")
    with torch.no_grad():
        ran = hard(model.encoder, model.system, inputs)
        assert run_full(model.encoder, inputs).traces() == []
    first, again = ran.traces(), ran.traces()
    assert all(np.array_equal(a.kept, b.kept) for a, b in zip(first, again, strict=True))
    assert np.array_equal(sum(t.lengths for t in first), ran.tokens_kept.sum(dim=1).numpy())


def test_an_unknown_system_or_family_is_named():
    config = dropping_model("bert").config
    for change, message in (
        ({"system": "adaptler"}, "adapler"),
        ({"backbone": {"model_type": "gpt2"}}, "gpt2"),
    ):
        wrong = type(config)(**{**config.to_dict(), **change})
        with pytest.raises(RationaleError, match=message):
            DroppingForSequenceClassification(wrong)
    with pytest.raises(ModelError, match="names no backbone"):
        type(config)().backbone_config()


@pytest.mark.parametrize("system", first_fast(TOYS))
def test_a_setting_that_was_lost_is_no_default(system, tmp_path):
    toy(system).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    whole = sorted(config["settings"])
    del config["settings"][whole[0]]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        ModelError, match=rf"lacks settings of {system} \({whole[0]}\)|{system} does not know these"
    ):
        AutoModelForSequenceClassification.from_pretrained(tmp_path)


@pytest.mark.parametrize("lost", ["system.theta", "backbone.bert.encoder.layer.1.output.dense.weight"])
def test_a_weight_that_was_lost_is_not_drawn_anew(lost, tmp_path):
    """However it is loaded: a stage that goes on from it would learn from noise."""
    toy("ltp").save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights[lost]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=lost):
        AutoModelForSequenceClassification.from_pretrained(tmp_path)
