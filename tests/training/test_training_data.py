from __future__ import annotations

import random

import pytest

from rationale.corpus import Documents, split_dev, write_eraser
from rationale.corpus.splits import sample
from rationale.errors import DataError
from rationale.training.data import evaluation_split, hold_out, training_split
from tests.training.toy_training import planted


def ids(documents):
    return {document.id for document in documents}


def test_dev_is_a_stratified_tenth_of_train_whatever_the_order():
    documents = planted(100)
    shuffled = random.Random(1).sample(list(documents), 100)
    train, dev = hold_out(documents, "0.1", data="nowhere")
    _, again = hold_out(Documents(shuffled, split="train"), "0.1", data="nowhere")
    assert len(dev) == 10
    assert [d.label for d in dev].count("POS") == 5
    assert ids(dev) == ids(again)
    assert ids(train) | ids(dev) == ids(documents)
    assert not ids(train) & ids(dev)
    assert ids(dev) == ids(split_dev(documents, 0.1)[1])


def test_choosing_dev_never_opens_the_reported_split(folder, monkeypatch):
    documents = training_split(str(folder), None)  # its val.jsonl is not even JSON
    train, dev = hold_out(documents, "0.25", data=str(folder))
    assert (len(train), len(dev)) == (72, 24)


def test_dev_may_be_none_or_a_named_split(tmp_path):
    folder = write_eraser({"train": planted(20), "tune": planted(6, seed=9)}, tmp_path / "data")
    documents = training_split(str(folder), "train")
    assert hold_out(documents, "none", data=str(folder)) == (documents, None)
    train, dev = hold_out(documents, "tune", data=str(folder))
    assert train is documents
    assert ids(dev) == ids(planted(6, seed=9))
    with pytest.raises(DataError, match="--dev names the training split itself, 'train'"):
        hold_out(documents, "train", data=str(folder))


@pytest.mark.parametrize("share", ["0", "1", "1.5", "-0.1", "nan"])
def test_a_share_outside_0_and_1_is_refused(share):
    with pytest.raises(DataError, match=f"--dev is {share}"):
        hold_out(planted(20), share, data="nowhere")


def test_a_limit_takes_both_labels_also_from_a_file_sorted_by_label():
    documents = Documents(sorted(planted(100), key=lambda d: str(d.label)))
    few = sample(documents, 10)
    assert [d.label for d in few].count("POS") == 5
    assert len(few) == 10
    assert sample(documents, None) is documents
    assert sample(documents, 200) is documents
    with pytest.raises(DataError, match="a sample cannot have 0 documents"):
        sample(documents, 0)


@pytest.mark.parametrize(
    ("reported", "said"), [("train", "trained on"), ("tune", "the validation data of --dev")]
)
def test_what_decided_something_is_not_reported(tmp_path, reported, said):
    parts = {"train": planted(20), "tune": planted(6, seed=9), "test": planted(6, seed=3)}
    folder = write_eraser(parts, tmp_path / "data")
    training = training_split(str(folder), "train")
    with pytest.raises(DataError, match=f"--eval-split names '{reported}', which is {said}"):
        evaluation_split(str(folder), reported, training, "tune")
    assert len(evaluation_split(str(folder), "test", training, "tune")) == 6
