"""A config and a tokenizer that disagree are told as what they are, with both sides."""

import json
import shutil
from copy import deepcopy
from pathlib import Path

import pytest

import rationale
from rationale.corpus.document import Document, Documents
from rationale.errors import ModelError
from rationale.loading.classifier import load_classifier
from tests.toys import MODELS, save_model, toy_folder, toy_tokenizer

PAIR = Documents([Document("a", "a", ("film",), query=("good",))])
ONE = Documents([Document("a", "a", ("film",))])


def change(folder, name, **values):
    path = Path(folder) / name
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def load(folder):
    return load_classifier(folder, device="cpu")


def test_a_second_token_type_without_embedding_is_told_for_pairs_and_single_texts_are_read(tmp_path):
    model = load(save_model(tmp_path / "m", "bert", type_vocab_size=1))
    assert len(rationale.score(model, ONE, progress=False)) == 1
    with pytest.raises(ModelError, match=r"second text token type 1, .* embeddings for 1 \(type_vocab_size"):
        rationale.score(model, PAIR, progress=False)
    change(tmp_path / "m", "tokenizer_config.json", model_input_names=["input_ids", "attention_mask"])
    assert len(rationale.score(tmp_path / "m", PAIR, progress=False, device="cpu")) == 1


def test_a_roberta_with_token_types_of_bert_is_told(tmp_path):
    folder = save_model(tmp_path / "m", "roberta", vocab_size=400)
    toy_tokenizer("wordpiece").save_pretrained(folder)
    change(folder, "config.json", pad_token_id=0)
    with pytest.raises(ModelError, match="second text token type 1"):
        rationale.score(load(folder), PAIR, progress=False)


@pytest.mark.parametrize("pad", [0, 3, None])
def test_a_padding_token_that_moves_robertas_positions_is_told(tmp_path, pad):
    folder = shutil.copytree(toy_folder("roberta"), tmp_path / "m")
    change(folder, "config.json", pad_token_id=pad)
    with pytest.raises(ModelError, match=rf"padding is token {pad}, the tokenizer says 1; a RoBERTa counts"):
        load(folder)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "roberta"])
def test_padding_changes_no_number_of_other_families(tmp_path, name):
    folder = shutil.copytree(toy_folder(name), tmp_path / "m")
    before = rationale.explain(load(folder), "a quiet film")
    change(folder, "config.json", pad_token_id=4)
    after = rationale.explain(load(folder), "a quiet film")
    (one,), (other,) = before, after
    assert one.probabilities == other.probabilities


def test_more_tokens_than_embeddings_are_told(tmp_path):
    folder = shutil.copytree(toy_folder("bert"), tmp_path / "m")
    tokenizer = deepcopy(toy_tokenizer("wordpiece"))
    rows = len(tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<e1>"]})
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelError, match=rf"highest id of the tokenizer is {rows}, .* embeddings for {rows}"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "told", "read"),
    [("bert", 512, 64), ("bert", 10**30, 64), ("bert", 40, 40), ("roberta", 66, 64), ("roberta", 512, 64),
     ("roberta", 20, 20), ("modernbert-cls", 8192, 64)],
)  # fmt: skip
def test_the_longest_input_is_what_both_allow(tmp_path, name, told, read):
    """RoBERTa's first two positions are padding's: a tokenizer that says 66 of 66 would run past the end."""
    folder = shutil.copytree(toy_folder(name), tmp_path / "m")
    change(folder, "tokenizer_config.json", model_max_length=told)
    model = load(folder)
    assert model.max_length == read
    long = Documents([Document("a", "a", ("film",) * 200)])
    (scored,) = rationale.score(model, long, progress=False)
    assert max(scored.window_tokens) <= read


@pytest.mark.parametrize("told", [0, 2, -1])
def test_a_tokenizer_without_room_for_a_text_is_told(tmp_path, told):
    folder = shutil.copytree(toy_folder("bert"), tmp_path / "m")
    change(folder, "tokenizer_config.json", model_max_length=told)
    with pytest.raises(ModelError, match=rf"model_max_length .* is {told}, .* positions .* 64"):
        load(folder)
    assert load_classifier(folder, device="cpu", max_length=32).max_length == 32
