"""Objects of the datasets library are read like tables, class numbers by their names."""

import datasets
import pytest

from rationale.corpus import Columns, list_splits, load_documents
from rationale.errors import DataError

FEATURES = datasets.Features(
    {
        "text": datasets.Value("string"),
        "label": datasets.ClassLabel(names=["neg", "pos"]),
        "rationale": datasets.List(datasets.Value("int8")),
    }
)


@pytest.fixture
def dataset():
    rows = {"text": ["a b", "c  d e"], "label": [1, -1], "rationale": [[0, 1], None]}
    return datasets.Dataset.from_dict(rows, features=FEATURES)


def check(documents):
    assert [d.id for d in documents] == ["0", "1"]
    assert [d.words for d in documents] == [("a", "b"), ("c", "d", "e")]
    assert [d.label for d in documents] == ["pos", None]
    assert [d.annotated for d in documents] == [True, False]
    assert documents[0].rationale.tolist() == [False, True]


def test_a_dataset_in_memory(dataset):
    check(load_documents(dataset))
    assert list_splits(dataset) == []
    assert len(load_documents(dataset, limit=1)) == 1


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_its_format_does_not_matter(dataset, kind):
    check(load_documents(dataset.with_format(kind)))


def test_a_dict_of_splits(dataset):
    both = datasets.DatasetDict({"test": dataset, "train": dataset.select([0])})
    assert list_splits(both) == ["train", "test"]
    check(load_documents(both, "test"))
    assert len(load_documents(both, "train")) == 1
    with pytest.raises(DataError, match=r"a split must be named. Splits found: train, test\."):
        load_documents(both)


def test_a_stream(dataset):
    check(load_documents(dataset.to_iterable_dataset()))
    nameless = datasets.IterableDataset.from_generator(lambda: iter([{"text": "x y", "label": 3}]))
    assert load_documents(nameless)[0].label == "3"


def test_a_saved_one(dataset, tmp_path):
    datasets.disable_progress_bars()
    dataset.save_to_disk(tmp_path / "one")
    check(load_documents(tmp_path / "one"))
    datasets.DatasetDict({"val": dataset}).save_to_disk(tmp_path / "many")
    check(load_documents(tmp_path / "many", "val"))
    (tmp_path / "one" / "state.json").write_text("{")
    with pytest.raises(DataError, match=r"one: cannot be read as a saved data set"):
        load_documents(tmp_path / "one")


def test_rows_are_named_in_errors(dataset):
    broken = dataset.cast_column("label", datasets.Value("string")).map(lambda row: {**row, "text": " "})
    with pytest.raises(
        DataError, match=r"^datasets.Dataset, row 0 \(counted from 0\): the document is empty"
    ):
        load_documents(broken)
    with pytest.raises(DataError, match=r"there is no column 'review' to read as text"):
        load_documents(dataset, columns=Columns(text="review"))
    with pytest.raises(DataError, match=r"there is no split 'x'. Splits found: none"):
        load_documents(dataset, "x")
