"""A dropping model in a script that knows transformers only, and ``import rationale`` somewhere in it."""

import sys
from copy import deepcopy

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertForSequenceClassification,
)

import rationale
from rationale.dropping_config import DroppingConfig
from rationale.errors import ModelError
from tests.children import environment, python
from tests.dropping.models import dropping_model
from tests.toys import toy_tokenizer, wordy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dropping")
    dropping_model("bert").save_pretrained(folder)
    toy_tokenizer("wordpiece").save_pretrained(folder)
    return folder


def in_a_fresh_process(script, *arguments):
    done = python("-c", script, *arguments, env=environment(HF_HUB_OFFLINE="1"))
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


USE = """
from transformers import AutoConfig, AutoModelForSequenceClassification, pipeline
assert AutoConfig.from_pretrained(folder).model_type == "token-dropping"
model = AutoModelForSequenceClassification.from_pretrained(folder)
assert type(model).__name__ == "DroppingForSequenceClassification"
assert pipeline("text-classification", model=folder)("a film")[0]["label"] in ("NEG", "POS")
print("used")
"""

FIRST = """
import sys
folder, before = sys.argv[1], list(sys.meta_path)
import rationale
assert not {"torch", "transformers"} & set(sys.modules), "import rationale is not light"
added = [finder for finder in sys.meta_path if finder not in before]
assert len(added) == 1
import importlib, importlib.util
importlib.reload(rationale)
importlib.reload(importlib.import_module("rationale.transformers_hook"))
importlib.reload(rationale)
assert len(sys.meta_path) == len(before) + 1, "registered twice"
assert importlib.util.find_spec("json") is not None
assert importlib.util.find_spec("no_such_module_at_all") is None
auto = "transformers.models.auto.configuration_auto"
assert importlib.util.find_spec(auto) is not None
assert auto not in sys.modules, "looking is not importing"
"""
AFTER = """
assert added[0] not in sys.meta_path, "the hook stays"
"""


@pytest.mark.slow
def test_rationale_first_then_transformers(folder):
    assert "used" in in_a_fresh_process(FIRST + USE + AFTER, folder)


@pytest.mark.slow
def test_transformers_first_then_rationale(folder):
    script = """
import sys
folder, before = sys.argv[1], list(sys.meta_path)
from transformers import AutoModelForSequenceClassification
import rationale
added = [None]
"""
    assert "used" in in_a_fresh_process(script + USE + AFTER, folder)


@pytest.mark.slow
def test_transformers_first_but_only_by_name(folder):
    """``import transformers`` runs hardly anything: its parts come when they are used."""
    script = """
import sys
folder = sys.argv[1]
import transformers
import rationale
assert "torch" not in sys.modules
model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
assert type(model).__name__ == "DroppingForSequenceClassification"
import rationale.dropping
print("used")
"""
    assert "used" in in_a_fresh_process(script, folder)


@pytest.fixture(scope="module")
def model(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def inputs():
    texts = [" ".join(wordy(length, length)) for length in (12, 5)]
    return toy_tokenizer("wordpiece")(texts, return_tensors="pt", padding=True)


@pytest.mark.parametrize(
    "asked",
    [
        {"output_attentions": True},
        {"output_hidden_states": True},
        {"position_ids": torch.arange(4)[None]},
        {"head_mask": torch.ones(3, 3)},
        {"past_key_values": ()},
        {"use_cache": True},
        {"inputs_embeds": torch.ones(2, 3, 4)},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_what_it_does_not_do_is_refused_by_name(model, inputs, asked):
    with pytest.raises(ModelError, match=f"does not take {next(iter(asked))}: its rows differ from layer to"):
        model(**inputs, **asked)
    nothing = {name: None for name in asked}
    assert model(**inputs, **nothing).logits.shape == (2, 2)


@pytest.mark.parametrize("name", ["foo", "atention_mask"])
def test_an_unknown_argument_is_refused_with_the_known_ones(model, inputs, name):
    """Also beside one that is known and not supported."""
    with pytest.raises(ModelError) as caught:
        model(**inputs, **{name: torch.ones(2, 3)}, output_attentions=True)
    assert caught.value.what == f"a dropping model does not take {name}: no argument has this name"
    assert caught.value.remedy == (
        "Known arguments: input_ids, attention_mask, token_type_ids, labels, return_dict, num_items_in_batch."
    )
    assert model(**inputs, **{name: None}).logits.shape == (2, 2)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "modernbert-mean"])
def test_embeddings_are_resized_as_in_a_plain_model(family, tmp_path):
    """The old tokens' logits stay, a new token is read, and the model is saved and loaded with both."""
    model = dropping_model(family)
    before, ids = model.config.vocab_size, torch.tensor([[2, 5, 6, 7, 3]])
    assert before == model.get_input_embeddings().num_embeddings
    with torch.no_grad():
        expected = model(ids).logits
        embeddings = model.resize_token_embeddings(before + 3, mean_resizing=False)
        assert embeddings is model.get_input_embeddings()
        assert embeddings.num_embeddings == model.config.vocab_size == before + 3
        torch.testing.assert_close(model(ids).logits, expected)
        ids[0, 2] = before + 2
        expected = model(ids).logits
        model.save_pretrained(tmp_path)
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
        assert again.config.vocab_size == again.backbone.config.vocab_size == before + 3
        torch.testing.assert_close(again(ids).logits, expected)
    assert model.resize_token_embeddings() is embeddings
    assert model.resize_token_embeddings(pad_to_multiple_of=64).num_embeddings == model.config.vocab_size
    assert model.config.vocab_size % 64 == 0


def test_a_config_without_a_backbone_has_no_vocabulary():
    assert not hasattr(DroppingConfig(), "vocab_size")


def test_heads_are_not_pruned(model):
    with pytest.raises(
        ModelError, match=r"does not prune attention heads, asked for \{0: \[0\]\}.*plain model"
    ):
        model.prune_heads({0: [0]})


def test_embeddings_are_refused_with_and_without_ids(model, inputs):
    embeddings = model.get_input_embeddings()(inputs["input_ids"])
    with pytest.raises(ModelError, match=r"inputs_embeds|input_ids"):
        model(inputs_embeds=embeddings)
    with pytest.raises(ModelError, match="does not take inputs_embeds"):
        model(**inputs, inputs_embeds=embeddings)
    with pytest.raises(ModelError, match="reads input_ids"):
        model(attention_mask=inputs["attention_mask"])


def test_attentions_asked_for_in_the_config_are_refused_too(folder, inputs):
    asking = AutoModelForSequenceClassification.from_pretrained(folder, output_hidden_states=True)
    with pytest.raises(ModelError, match="does not take output_hidden_states"):
        asking(**inputs)
    assert asking(**inputs, output_hidden_states=False).logits.shape == (2, 2)


def test_a_tuple_where_one_is_asked_for(model, inputs):
    labels = torch.tensor([0, 1])
    with torch.no_grad():
        whole, parts = model(**inputs, labels=labels), model(**inputs, labels=labels, return_dict=False)
        alone = model(**inputs, return_dict=False)
    assert isinstance(parts, tuple)
    assert torch.equal(parts[0], whole.loss)
    assert torch.equal(parts[1], whole.logits)
    assert torch.equal(alone[0], whole.logits)


@pytest.mark.parametrize(
    ("problem", "outputs", "labels"),
    [
        (None, 2, torch.tensor([0, 1])),
        ("single_label_classification", 2, torch.tensor([1, -100])),
        ("single_label_classification", 3, torch.tensor([2, 1])),
        ("regression", 1, torch.tensor([0.25, 3.0])),
        (None, 1, torch.tensor([0.25, 3.0])),
        ("multi_label_classification", 2, torch.tensor([[0.0, 1.0], [1.0, 1.0]])),
    ],
)
def test_the_loss_is_that_of_transformers(inputs, problem, outputs, labels):
    """The plain head's loss on the same logits, and the config as it was."""
    model = dropping_model("bert", outputs=outputs)
    model.config.problem_type = problem
    plain = BertForSequenceClassification(model.backbone.config).eval()
    plain.config.problem_type, plain.num_labels = problem, outputs
    with torch.no_grad():
        out = model(**inputs, labels=labels)
        plain.classifier.forward = lambda pooled: out.logits
        expected = plain(**inputs, labels=labels).loss
    torch.testing.assert_close(out.loss, expected)
    assert model.config.problem_type == problem


def test_a_trainer_that_accumulates_gets_the_share_of_the_loss(model, inputs):
    labels = torch.tensor([0, 1])
    with torch.no_grad():
        mean, share = (model(**inputs, labels=labels, num_items_in_batch=n).loss for n in (None, 8))
    torch.testing.assert_close(share, mean * 2 / 8)


def test_other_numbers_of_labels_are_refused_and_other_names_are_taken(folder, model):
    with pytest.raises(ModelError, match="3 labels are requested, and the model was trained for 2"):
        AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    with pytest.raises(ModelError, match="3 labels are requested"):
        AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3, ignore_mismatched_sizes=True)
    named = AutoModelForSequenceClassification.from_pretrained(folder, id2label={0: "bad", 1: "good"})
    assert named.config.id2label == {0: "bad", 1: "good"}
    assert model.num_labels == named.num_labels == 2


def test_device_dtype_copies_bfloat16_and_saving_again(model, inputs, folder, tmp_path):
    assert (model.device.type, model.dtype) == ("cpu", torch.float32)
    with torch.no_grad():
        expected = model(**inputs).logits
        assert torch.equal(deepcopy(model)(**inputs).logits, expected)
        model.save_pretrained(tmp_path)
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        assert torch.equal(again(**inputs).logits, expected)
        half = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.bfloat16)
        assert half.dtype == torch.bfloat16
        assert half(**inputs, labels=torch.tensor([0, 1])).loss.isfinite()


def test_reloading_the_package_registers_nothing_twice():
    before = list(sys.meta_path)
    import importlib

    importlib.reload(rationale)
    assert list(sys.meta_path) == before
