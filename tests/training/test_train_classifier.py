from __future__ import annotations

import json
import logging
import resource
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertModel, pipeline

from rationale.artifacts.record import to_json
from rationale.corpus import Document, Documents
from rationale.errors import DataError, ModelError, OutputError
from rationale.training import TrainingOptions, train_classifier
from rationale.training import fitting as fitting_module
from tests.training.toy_training import asked, planted, save_encoder, toy_tokenizer

pytestmark = pytest.mark.training

FAST = TrainingOptions(epochs=4, batch_size=8, learning_rate=3e-3, device="cpu", attention_dropout=0.0)
BRIEF = replace(FAST, epochs=1)


def weights(path):
    return (path / "model.safetensors").read_bytes()


def test_a_planted_rule_is_learnt_and_the_folder_is_a_plain_transformers_model(encoder, tmp_path, capfd):
    trained = train_classifier(encoder, planted(128), planted(32, seed=1), tmp_path / "out", FAST)
    assert trained.best["dev_accuracy"] == 1.0
    assert {path.name for path in trained.path.iterdir()} == {
        "config.json",
        "model.safetensors",
        "seal.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.json",
    }
    assert not list(tmp_path.glob("out.*"))
    assert capfd.readouterr() == ("", "")  # no terminal, no bar; and no stray prints
    read = pipeline("text-classification", model=str(trained.path), device="cpu")
    unseen = planted(40, seed=2)
    answers = read([" ".join(document.words) for document in unseen])
    assert [answer["label"] for answer in answers] == [document.label for document in unseen]


def test_training_json_tells_what_decided_the_outcome(encoder, tmp_path):
    train, dev = planted(24), planted(8, seed=1, split="tune")
    options = replace(FAST, epochs=2, max_length=20)
    trained = train_classifier(encoder, train, dev, tmp_path / "out", options)
    recipe = json.loads((trained.path / "training.json").read_text())
    said = to_json(trained.recipe)
    assert recipe == {name: said[name] for name in recipe}
    assert recipe["labels"] == ["NEG", "POS"]
    assert recipe["options"]["learning_rate"] == 3e-3
    assert recipe["train"]["fingerprint"] == train.fingerprint
    assert (recipe["dev"]["split"], recipe["dev"]["documents"]) == ("tune", 8)
    assert recipe["versions"]["torch"] == torch.__version__
    assert [entry["epoch"] for entry in trained.epochs] == [1, 2]
    assert all({"loss", "dev_loss", "dev_accuracy", "dev_macro_f1"} < set(e) for e in trained.epochs)
    assert AutoTokenizer.from_pretrained(trained.path).model_max_length == 20 == recipe["max_length"]
    assert "<td>" in trained._repr_html_()


def test_the_kept_weights_are_those_of_the_best_dev_epoch(encoder, tmp_path):
    train, dev = planted(64), planted(40, seed=1)
    trained = train_classifier(encoder, train, dev, tmp_path / "out", replace(FAST, learning_rate=1e-3))
    best = max(trained.epochs, key=lambda e: (e["dev_accuracy"], e["dev_macro_f1"]))
    assert trained.best == best
    model = AutoModelForSequenceClassification.from_pretrained(trained.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(trained.path)
    right = 0
    for document in dev:
        inputs = tokenizer(list(document.words), is_split_into_words=True, return_tensors="pt")
        right += model.config.id2label[int(model(**inputs).logits.argmax())] == document.label
    assert right / len(dev) == pytest.approx(best["dev_accuracy"])


def test_without_dev_the_last_epoch_is_kept(encoder, tmp_path):
    trained = train_classifier(encoder, planted(16), None, tmp_path / "out", replace(FAST, epochs=2))
    assert trained.recipe.dev is None
    assert trained.best == trained.epochs[-1]
    assert "dev_accuracy" not in trained.best
    assert "<td>" in trained._repr_html_()


@pytest.mark.parametrize("query_first", [True, False])
def test_pairs_are_learnt_from_both_segments(encoder, tmp_path, query_first):
    pairs = asked(200, query_first=query_first)
    options = replace(FAST, epochs=6)
    trained = train_classifier(encoder, pairs[:160], pairs[160:], tmp_path / "out", options)
    assert trained.best["dev_accuracy"] > 0.75  # what one segment alone can tell


def test_the_seed_decides_everything(encoder, tmp_path):
    runs = [
        train_classifier(encoder, planted(32), planted(8, seed=1), tmp_path / f"{i}", replace(BRIEF, seed=s))
        for i, s in enumerate((7, 7, 8))
    ]
    assert weights(runs[0].path) == weights(runs[1].path) != weights(runs[2].path)
    first, second = ((run.path / "training.json").read_bytes() for run in runs[:2])
    assert first == second


def test_accumulated_batches_make_the_same_step_as_one_large_batch(encoder, tmp_path):
    model = BertModel.from_pretrained(encoder, hidden_dropout_prob=0.0)
    model.save_pretrained(tmp_path / "m")
    toy_tokenizer().save_pretrained(tmp_path / "m")
    options = replace(BRIEF, label_smoothing=0.1)
    whole = train_classifier(tmp_path / "m", planted(30), None, tmp_path / "1", options)
    split = replace(options, batch_size=2, grad_accumulation=4)
    parts = train_classifier(tmp_path / "m", planted(30), None, tmp_path / "2", split)
    one, two = (
        AutoModelForSequenceClassification.from_pretrained(r.path).state_dict() for r in (whole, parts)
    )
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=2e-4, rtol=1e-3)
    # Adam hides a wrong scale of the loss in the weights; the loss itself does not.
    assert parts.best["loss"] == pytest.approx(whole.best["loss"], abs=1e-4)


def test_bfloat16_is_autocast_over_float32_weights(encoder, tmp_path):
    options = replace(FAST, dtype="bfloat16")
    trained = train_classifier(encoder, planted(128), planted(32, seed=1), tmp_path / "out", options)
    model = AutoModelForSequenceClassification.from_pretrained(trained.path)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert trained.best["dev_accuracy"] > 0.5


def test_patience_stops_and_a_run_cut_off_after_it_does_not_train_on(encoder, tmp_path, monkeypatch):
    options = replace(FAST, epochs=9, learning_rate=1e-12, patience=2)
    arguments = (encoder, planted(16), planted(8, seed=1), tmp_path / "out", options)
    with monkeypatch.context() as broken:
        broken.setattr(fitting_module, "_finish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_classifier(*arguments)
    monkeypatch.setattr(fitting_module.ClassifierTrainer, "train", lambda *_, **__: 1 / 0)
    trained = train_classifier(*arguments)
    assert [entry["epoch"] for entry in trained.epochs] == [1, 2, 3]
    assert trained.best["epoch"] == 1


@pytest.mark.parametrize(("keep", "epoch"), [("best", 1), ("last", 3)])
def test_the_epoch_kept_is_the_best_on_dev_or_the_last(encoder, tmp_path, keep, epoch):
    """At this rate all epochs are equal on dev, and the first of equals is the best."""
    options = replace(FAST, epochs=3, learning_rate=1e-12, checkpoint=keep)
    trained = train_classifier(encoder, planted(16), planted(8, seed=1), tmp_path / "out", options)
    assert trained.best["epoch"] == epoch
    assert all("dev_accuracy" in entry for entry in trained.epochs)


def test_a_loss_that_is_no_number_stops_with_step_documents_and_checkpoint(tmp_path):
    source = save_encoder(tmp_path / "m", cursed=True)
    items = list(planted(32))
    items[11] = replace(items[11], words=("cursed", *items[11].words))
    with pytest.raises(ModelError) as caught:
        train_classifier(source, Documents(items), None, tmp_path / "out", BRIEF)
    message = str(caught.value)
    assert "the loss is nan at step" in message
    assert " of 4; the batch holds " in message
    assert items[11].id in message
    assert "No checkpoint had been written yet" in message
    assert not (tmp_path / "out").exists()


def test_the_last_good_checkpoint_is_named(tmp_path, encoder, monkeypatch):
    original = fitting_module.ClassifierTrainer.training_step

    def poisoned(self, model, inputs, items=None):
        if self.state.global_step == 5:
            model.classifier.weight.data.fill_(float("inf"))
        return original(self, model, inputs, items)

    monkeypatch.setattr(fitting_module.ClassifierTrainer, "training_step", poisoned)
    with pytest.raises(
        ModelError, match=r"at step 6 of 16.*good checkpoint is .*out\.unfinished/checkpoint-4\."
    ):
        train_classifier(encoder, planted(32), None, tmp_path / "out", FAST)


def test_dev_documents_that_yield_no_number_stop_too(tmp_path):
    source = save_encoder(tmp_path / "m", cursed=True)
    dev = Documents([Document("x", "x", ("cursed",), "POS")])
    with pytest.raises(ModelError, match="not finite on the dev documents"):
        train_classifier(source, planted(16), dev, tmp_path / "out", BRIEF)


def test_documents_that_cannot_be_trained_on_are_named(tmp_path, encoder):
    one_class = Documents([d for d in planted(16) if d.label == "POS"], source="DIR")
    with pytest.raises(
        DataError, match=r"DIR: the 8 training documents have 1 label\(s\): POS\. A classifier"
    ):
        train_classifier(encoder, one_class, None, tmp_path / "out", BRIEF)
    strange = Documents([Document("x", "x", ("good",), "MIXED")])
    with pytest.raises(DataError, match="the label 'MIXED' does not occur"):
        train_classifier(encoder, planted(16), strange, tmp_path / "out", BRIEF)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_output_is_an_error_before_anything_runs(tmp_path, encoder):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("mine")
    with pytest.raises(OutputError, match=r"out: the output exists already.*--overwrite"):
        train_classifier(tmp_path / "no model", planted(16), None, tmp_path / "out", BRIEF)
    assert (tmp_path / "out" / "config.json").read_text() == "mine"
    trained = train_classifier(encoder, planted(16), None, tmp_path / "out", BRIEF, overwrite=True)
    assert (trained.path / "config.json").read_text() != "mine"


def test_a_full_disk_is_an_output_error_and_the_run_goes_on_afterwards(tmp_path, encoder, caplog):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(OutputError, match=r"out\.unfinished.*cannot be written"):
            train_classifier(encoder, planted(16), None, tmp_path / "out", BRIEF)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    caplog.set_level(logging.INFO)
    trained = train_classifier(encoder, planted(16), None, tmp_path / "out", BRIEF)
    assert trained.best["epoch"] == 1


def test_too_little_memory_says_what_to_change(tmp_path, encoder, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(fitting_module.ClassifierTrainer, "training_step", full)
    with pytest.raises(ModelError, match="Halve --batch-size and double --grad-accumulation"):
        train_classifier(encoder, planted(16), None, tmp_path / "out", BRIEF)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is there")
def test_a_device_that_is_not_there_is_an_error(tmp_path, encoder):
    with pytest.raises(ModelError, match="device 'cuda' cannot be used"):
        train_classifier(encoder, planted(16), None, tmp_path / "out", replace(BRIEF, device="cuda"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_the_rule_in_bfloat16(tmp_path, encoder):
    options = replace(FAST, device="cuda", dtype="bfloat16")
    trained = train_classifier(encoder, planted(128), planted(32, seed=1), tmp_path / "out", options)
    assert trained.best["dev_accuracy"] == 1.0
