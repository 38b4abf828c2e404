from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, BertConfig, BertModel
from transformers.utils import logging as transformers_logging

from rationale.corpus import Documents
from rationale.errors import ModelError, RationaleError
from rationale.loading.checkpoint import load_checkpoint
from rationale.loading.checks import USUAL, longest_input
from rationale.training.options import TrainingOptions
from rationale.training.prepare import starting_point
from tests.training.toy_training import planted, save_classifier, save_encoder, toy_tokenizer

LABELS = ("NEG", "POS")


def test_a_checkpoint_without_head_gets_a_seeded_one_over_the_same_encoder(encoder, caplog, capfd):
    caplog.set_level(logging.INFO)
    torch.manual_seed(0)
    first = load_checkpoint(str(encoder), LABELS)
    torch.manual_seed(0)
    again = load_checkpoint(str(encoder), LABELS)
    torch.manual_seed(1)
    other = load_checkpoint(str(encoder), LABELS)
    assert first.fresh_head
    assert first.labels == LABELS
    assert first.model.config.id2label == {0: "NEG", 1: "POS"}
    assert first.digest == again.digest != other.digest
    original = AutoModel.from_pretrained(encoder).state_dict()
    for name, value in first.model.bert.state_dict().items():
        assert torch.equal(value, original[name]), name
    assert "a fresh classification head for NEG, POS" in caplog.text


def test_loading_prints_nothing_and_leaves_transformers_as_it_was(encoder, capfd):
    before = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    load_checkpoint(str(encoder), LABELS)
    assert capfd.readouterr() == ("", "")
    assert before == (transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled())


def test_attention_is_the_fused_one_and_its_dropout_can_be_set(encoder):
    own = load_checkpoint(str(encoder), LABELS).model.config
    off = load_checkpoint(str(encoder), LABELS, attention_dropout=0.0).model
    assert own.attention_probs_dropout_prob == 0.1
    assert off.config.attention_probs_dropout_prob == 0.0
    assert off.config._attn_implementation == "sdpa"
    assert off.bert.encoder.layer[0].attention.self.dropout.p == 0.0


@pytest.mark.parametrize("names", [("NEG", "POS"), ("POS", "NEG")])
def test_a_head_of_the_same_labels_is_continued_in_its_own_order(tmp_path, names):
    source = save_classifier(tmp_path / "m", names)
    loaded = load_checkpoint(str(source), LABELS)
    assert not loaded.fresh_head
    assert loaded.labels == names
    original = AutoModelForSequenceClassification.from_pretrained(source).state_dict()
    assert all(torch.equal(v, original[k]) for k, v in loaded.model.state_dict().items())


def test_a_head_without_names_is_continued_under_the_sorted_labels(tmp_path):
    loaded = load_checkpoint(str(save_classifier(tmp_path / "m", 2)), LABELS)
    assert (loaded.fresh_head, loaded.labels) == (False, LABELS)
    assert loaded.model.config.label2id == {"NEG": 0, "POS": 1}


@pytest.mark.parametrize("head", [3, ("negative", "positive"), ("NEG", "POS", "NEUTRAL")])
def test_a_head_of_other_labels_is_refused_and_new_head_replaces_it(tmp_path, head):
    source = str(save_classifier(tmp_path / "m", head))
    with pytest.raises(
        ModelError, match=r"head has \d labels .* have 2 \(NEG, POS\)\. Pass --reinit-head"
    ) as caught:
        load_checkpoint(source, LABELS)
    assert caught.value.where == source
    replaced = load_checkpoint(source, LABELS, reinit_head=True)
    assert replaced.fresh_head
    assert replaced.model.classifier.weight.shape == (2, 32)


def test_new_head_replaces_a_fitting_head_too(tmp_path):
    source = str(save_classifier(tmp_path / "m", LABELS))
    old = load_checkpoint(source, LABELS).model
    new = load_checkpoint(source, LABELS, reinit_head=True).model
    assert not torch.equal(old.classifier.weight, new.classifier.weight)
    assert torch.equal(old.bert.pooler.dense.weight, new.bert.pooler.dense.weight)


def test_a_half_precision_checkpoint_is_trained_in_float32(tmp_path, encoder):
    AutoModel.from_pretrained(encoder).to(torch.bfloat16).save_pretrained(tmp_path / "m")
    toy_tokenizer().save_pretrained(tmp_path / "m")
    model = load_checkpoint(str(tmp_path / "m"), LABELS).model
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load_checkpoint(str(tmp_path), LABELS)
    assert caught.value.where == str(tmp_path)


def test_pickled_weights_are_refused(tmp_path, encoder):
    shutil.copytree(encoder, tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").unlink()
    torch.save(AutoModel.from_pretrained(encoder).state_dict(), tmp_path / "m" / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_checkpoint(str(tmp_path / "m"), LABELS)


def test_weights_of_another_architecture_are_refused(tmp_path, encoder):
    shutil.copytree(encoder, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config["num_hidden_layers"] = 3
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"lacks weights \(encoder\.layer\.2"):
        load_checkpoint(str(tmp_path / "m"), LABELS)


def test_the_window_is_what_positions_tokenizer_and_request_allow(tmp_path):
    start = load_checkpoint(str(save_encoder(tmp_path / "m")), LABELS)
    config, tokenizer = start.model.config, start.tokenizer

    def longest(asked, usual=USUAL):
        return longest_input(config, tokenizer, asked, "m", usual=usual)

    positions = config.max_position_embeddings
    tokenizer.model_max_length = positions - 2
    assert longest(None) == positions - 2
    assert longest(20) == 20
    assert longest(positions) == positions  # the tokenizer's limit is a default
    with pytest.raises(ModelError, match=f"length of {positions + 1} does not fit.*8 to {positions} tokens"):
        longest(positions + 1)
    with pytest.raises(ModelError, match="length of 7 does not fit"):
        longest(7)
    config.max_position_embeddings = 4096
    tokenizer.model_max_length = 10**30
    assert (longest(None), longest(None, usual=None), longest(1000)) == (512, 4096, 1000)
    config.model_type = "gpt2"
    with pytest.raises(RationaleError, match="no encoder family is called 'gpt2'"):
        longest(None)


def test_token_types_without_embedding_are_told_before_training(tmp_path):
    """transformers would fail deep inside with an index out of range."""
    encoder = save_encoder(tmp_path / "encoder")
    config = json.loads((encoder / "config.json").read_text())
    torch.manual_seed(3)
    BertModel(BertConfig(**{**config, "type_vocab_size": 1})).save_pretrained(encoder)
    pairs = Documents(replace(d, query=("yes",)) for d in planted(8))
    starting_point(encoder, planted(8), TrainingOptions())
    with pytest.raises(ModelError, match="second text token type 1"):
        starting_point(encoder, pairs, TrainingOptions())


def test_a_tokenizer_of_more_tokens_than_the_model_is_told_before_training(tmp_path):
    encoder = save_encoder(tmp_path / "encoder")
    tokenizer = toy_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<e1>"]})
    tokenizer.save_pretrained(encoder)
    with pytest.raises(ModelError, match="highest id of the tokenizer"):
        starting_point(encoder, planted(8), TrainingOptions())
