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


def test_damaged_folders_are_one_message(dataset, tmp_path):
    datasets.disable_progress_bars()
    for number, (name, content) in enumerate(
        [
            ("state.json", "[]"),
            ("state.json", "{}"),
            ("state.json", '{"_data_files": [{"filename": "../../x"}]}'),
            ("dataset_info.json", "[]"),
            ("dataset_info.json", '{"features": 3}'),
            ("data-00000-of-00001.arrow", "broken"),
        ]
    ):
        folder = tmp_path / str(number)
        dataset.save_to_disk(folder)
        (folder / name).write_text(content)
        with pytest.raises(DataError) as caught:
            load_documents(folder)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "dataset_dict.json",
            '{"splits": [7]}',
            "dataset_dict.json: expected 'splits', a list of names, got [7]",
        ),
        (
            "dataset_dict.json",
            '{"splits": ["../y"]}',
            "dataset_dict.json: expected 'splits', a list of names",
        ),
        ("dataset_dict.json", '{"splits": ["/"]}', "dataset_dict.json: expected 'splits', a list of names"),
        ("dataset_dict.json", "{}", "dataset_dict.json: expected 'splits', a list of names, got nothing"),
        ("dataset_dict.json", '["val"]', "dataset_dict.json: expected an object, got ['val']"),
        ("dataset_dict.json", '{"splits": ["gone"]}', "gone/dataset_info.json: there is no such file"),
        ("val/state.json", "{}", "val/state.json: expected '_data_files', a list of"),
        ("val/state.json", '{"_data_files": ["x"]}', "val/state.json: expected '_data_files', a list of"),
        ("val/state.json", "[]", "val/state.json: expected an object, got []"),
        ("val/dataset_info.json", "[]", "val/dataset_info.json: expected an object, got []"),
        ("val/state.json", "{", "val/state.json: not JSON ("),
    ],
)
def test_a_damaged_folder_names_file_and_content(dataset, tmp_path, name, content, said):
    datasets.disable_progress_bars()
    datasets.DatasetDict({"val": dataset}).save_to_disk(tmp_path / "x")
    (tmp_path / "x" / name).write_text(content)
    with pytest.raises(DataError) as caught:
        load_documents(tmp_path / "x")
    assert str(caught.value).startswith(f"{tmp_path / 'x'}: cannot be read as a saved data set ({said}")
    assert str(caught.value).endswith("Save it again with save_to_disk.")


def test_a_class_beyond_the_names_is_refused(dataset):
    import pyarrow as pa

    table = pa.table({"text": ["a"], "label": pa.array([7], pa.int64())})
    features = datasets.Features({"text": FEATURES["text"], "label": FEATURES["label"]})
    broken = datasets.Dataset(table, datasets.DatasetInfo(features=features))
    with pytest.raises(DataError, match=r"row 0 \(counted from 0\): class 7 is out of range for 2 names"):
        load_documents(broken)


def test_a_folder_of_tables_beside_the_notes_of_a_hub_is_a_folder_of_tables(tmp_path):
    (tmp_path / "val.csv").write_text("text\na b\n")
    (tmp_path / "dataset_info.json").write_text("{}")
    assert load_documents(tmp_path)[0].words == ("a", "b")


def test_a_parquet_file_of_broken_text_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"caf\xe9")]
    )
    pq.write_table(pa.table({"text": raw}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as Parquet"):
        load_documents(tmp_path / "a.parquet")
