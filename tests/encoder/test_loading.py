"""What may be loaded, and the one clear message for everything else."""

import json
import re
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertModel, GPT2Config

from rationale.corpus.document import Document, Documents
from rationale.errors import DataError, ModelError
from rationale.loading.checkpoint import load_checkpoint
from rationale.loading.classifier import load_classifier
from rationale.loading.labels import parse_labels
from tests.toys import toy_classifier, toy_folder, toy_tokenizer


@pytest.fixture
def folder(tmp_path):
    """A copy of the toy BERT to damage."""
    return Path(shutil.copytree(toy_folder("bert"), tmp_path / "model"))


def configure(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def weights(folder, change):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    save_file(change(tensors) or tensors, path, metadata={"format": "pt"})


def headless(folder):
    BertModel.from_pretrained(toy_folder("bert")).save_pretrained(folder)


def pickled(folder):
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def halved(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def without_tokenizer(folder):
    for path in folder.glob("tokenizer*"):
        path.unlink()


def of_another_tokenizer(folder):
    toy_tokenizer("byte-bpe").save_pretrained(folder)


def gpt2(folder):
    config = GPT2Config(
        n_layer=1, n_head=2, n_embd=8, vocab_size=220, num_labels=2, bos_token_id=2, eos_token_id=3
    )
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)


def lacking(folder):
    weights(folder, lambda w: {k: v for k, v in w.items() if "encoder.layer.1.output.dense" not in k})


DAMAGES = {
    "no head": (headless, r"no classification head \(missing classifier\.bias.*rationale train classifier"),
    "pickle": (pickled, r"no file named model\.safetensors.*"),
    "half a file": (halved, "cannot be loaded .*deserializing"),
    "no tokenizer": (without_tokenizer, r"no tokenizer beside the model.*tokenizer\.json"),
    "another tokenizer": (of_another_tokenizer, "tokenizer has 400 tokens.*embeddings for 197"),
    "gpt2": (
        gpt2,
        "no adapter for the encoder family 'gpt2'.*bert, electra, roberta, distilbert, modernbert",
    ),
    "a layer missing": (lacking, r"lacks weights \(bert\.encoder\.layer\.1\.output\.dense"),
    "several labels": (
        lambda folder: configure(folder, problem_type="multi_label_classification"),
        "several labels to one text",
    ),
    "decoder": (lambda folder: configure(folder, is_decoder=True), "configured as a decoder"),
    "three labels": (
        lambda folder: configure(folder, id2label={"0": "a", "1": "b", "2": "c"}),
        r"classifier\.bias is stored with shape \(2,\), and config\.json requires \(3,\)",
    ),
    "one label twice": (
        lambda folder: configure(folder, id2label={"0": "a", "1": "a"}),
        r"2 label names \(a, a\) for a model with 2 outputs",
    ),
    "nonsense in config": (lambda folder: configure(folder, hidden_size="wide"), "cannot be loaded"),
    "no config": (lambda folder: (folder / "config.json").write_text("{"), "cannot be loaded .*JSON"),
    "damaged tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be loaded"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_clear_message(folder, damage):
    change, message = DAMAGES[damage]
    change(folder)
    with pytest.raises(ModelError, match=message) as caught:
        load_classifier(folder, device="cpu")
    assert caught.value.where == str(folder)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dtype": "float33"}, "no dtype is called 'float33'.*float32, float64"),
        ({"dtype": "Tensor"}, "no dtype is called 'Tensor'"),
        ({"device": "gpu"}, "device 'gpu' cannot be used.*--device cpu"),
        ({"device": "meta"}, "device 'meta' cannot be used"),
        ({"device": "cuda:99"}, "device 'cuda:99' cannot be used"),
        ({"labels": ["a"]}, r"1 label names \(a\) for a model with 2 outputs"),
        ({"labels": ["a", "a"]}, "Name each output once"),
        ({"max_length": 65}, "maximum length of 65 does not fit.*8 to 64"),
        ({"max_length": 1}, "maximum length of 1 does not fit"),
    ],
)
def test_one_clear_message_for_an_option(asked, message):
    with pytest.raises(ModelError, match=message):
        load_classifier(toy_folder("bert"), **{"device": "cpu"} | asked)


def test_a_path_to_nothing_and_a_file_are_no_model(tmp_path):
    with pytest.raises(ModelError, match="a model is a folder, and this is not there"):
        load_classifier(tmp_path / "nothing")
    with pytest.raises(ModelError, match="a model is a folder, and this is a file"):
        load_classifier(str(toy_folder("bert") / "model.safetensors"))


def test_a_slow_tokenizer_is_refused(monkeypatch):
    slow = SimpleNamespace(is_fast=False, name_or_path="slow-one")
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda *args, **kwargs: slow)
    with pytest.raises(ModelError, match="slow-one: this tokenizer has no fast version"):
        load_classifier(toy_folder("bert"), device="cpu")


@pytest.mark.parametrize("model_type", ["bert", "mine"])
def test_remote_code_is_never_run(folder, model_type):
    trap = folder / "ran"
    (folder / "evil.py").write_text(f"open({str(trap)!r}, 'w')\nclass C: pass\n")
    places = {"AutoConfig": "evil.C", "AutoModelForSequenceClassification": "evil.C"}
    configure(folder, model_type=model_type, auto_map=places)
    tokenizer = folder / "tokenizer_config.json"
    settings = json.loads(tokenizer.read_text()) | {"auto_map": {"AutoTokenizer": ["evil.C", "evil.C"]}}
    tokenizer.write_text(json.dumps(settings))
    if model_type == "bert":
        load_classifier(folder, device="cpu")
    else:
        for load in (load_classifier, partial(load_checkpoint, labels=("NEG", "POS"))):
            with pytest.raises(
                ModelError, match=r"needs custom code \(auto_map.*is never run.*bert, "
            ) as caught:
                load(str(folder))
            assert caught.value.where == str(folder)
    assert not trap.exists()


def test_a_bfloat16_checkpoint_is_computed_in_float32(folder):
    weights(folder, lambda w: {key: value.bfloat16() for key, value in w.items()})
    configure(folder, dtype="bfloat16")
    model = load_classifier(folder, device="cpu").encoder.model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert not model.training


def test_the_longest_input_heeds_positions_tokenizer_and_caller(folder):
    assert load_classifier(folder, device="cpu").max_length == 64
    assert load_classifier(folder, device="cpu", max_length=20).max_length == 20
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"model_max_length": 48}))
    assert load_classifier(folder, device="cpu").max_length == 48


def test_the_hash_tells_what_decides_the_numbers(folder, tmp_path):
    """Equal wherever the model lies; another for other weights, another config, another tokenizer."""
    before = load_classifier(folder, device="cpu").identity.hash
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_classifier(moved, device="cpu").identity.hash == before == toy_hash()
    configure(folder, hidden_act="relu")
    seen = {before, load_classifier(folder, device="cpu").identity.hash}
    path = moved / "tokenizer.json"
    path.write_text(
        path.read_text()
        .replace('"lowercase":true', '"lowercase":false')
        .replace('"lowercase": true', '"lowercase": false')
    )
    seen.add(load_classifier(moved, device="cpu").identity.hash)
    weights(moved, lambda w: {key: value + (key == "classifier.bias") for key, value in w.items()})
    seen.add(load_classifier(moved, device="cpu").identity.hash)
    assert len(seen) == 4


def toy_hash():
    return toy_classifier("bert").identity.hash


def labelled(*labels):
    return Documents([Document(str(n), str(n), ("film",), label=label) for n, label in enumerate(labels)])


def test_labels_of_the_data_must_be_the_models():
    documents = labelled("NEG", "bad")
    with pytest.raises(
        DataError, match=r"label 'bad' is unknown to the model, which predicts NEG, POS.*--labels"
    ):
        toy_classifier("bert").check_labels(documents)
    toy_classifier("bert").check_labels(documents[:1])
    with pytest.raises(DataError, match="predicts not NEG, NEG"):
        toy_classifier("bert", outputs=1).check_labels(documents)
    toy_classifier("bert", outputs=1, problem_type="regression").check_labels(labelled("3.5"))
    load_classifier(toy_folder("bert"), device="cpu", labels=["NEG", "bad"]).check_labels(documents)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_advice_names_no_label_of_the_data_in_an_order(outputs):
    """An order that was guessed would flip the classes of whoever copies it."""
    model = load_classifier(toy_folder("bert", outputs=outputs), device="cpu")
    with pytest.raises(DataError) as caught:
        model.check_labels(labelled("SUPPORTS", "REFUTES"))
    assert not {"SUPPORTS", "REFUTES"} & set(re.findall(r"\w+", caught.value.remedy))
    asked = re.search(r"--labels (\S+)", caught.value.remedy).group(1).split(",")
    assert len(asked) == max(2, outputs)
    if outputs > 1:
        assert asked == [f"NAME_OF_{name}" for name in model.labels]
    again = load_classifier(toy_folder("bert", outputs=outputs), device="cpu", labels=asked)
    assert list(again.labels) == asked


def test_blanks_around_label_names_do_not_count_and_empty_ones_are_refused():
    assert parse_labels(" SUPPORTS,REFUTES ") == parse_labels("SUPPORTS, REFUTES") == ["SUPPORTS", "REFUTES"]
    assert load_classifier(toy_folder("bert"), device="cpu", labels=[" a", "b "]).labels == ("a", "b")
    for text in ("", "a,", ",a", "a,,b", "a, ,b"):
        with pytest.raises(ModelError, match="one of its names is empty"):
            parse_labels(text)
    with pytest.raises(ModelError, match="label name 1 is empty"):
        load_classifier(toy_folder("bert"), device="cpu", labels=["a", " "])


def test_transformers_verbosity_is_left_as_it_was():
    from transformers.utils import logging

    logging.set_verbosity_info()
    try:
        load_classifier(toy_folder("bert"), device="cpu")
        assert logging.get_verbosity() == logging.INFO
        assert logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_warning()
