"""The column ``annotations``: what it may hold, and documents that come back equal from every format."""

import csv
import json
import random
from contextlib import suppress

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rationale.corpus import Columns, Document, Documents, Span, load_documents
from rationale.corpus.annotations import row_of, with_marks
from rationale.corpus.annotators import aggregate
from rationale.corpus.convert import convert_data
from rationale.corpus.document import Mark
from rationale.corpus.named.convert import write_rows
from rationale.corpus.same_label import of_same_label
from rationale.errors import DataError
from tests.corpus.mutants import NASTY

WORDS = ("a", "truly", "good", "film", "!")


def some_documents(seed):
    """Documents of two to six words with up to four annotators, in any state."""
    rng = random.Random(seed)
    for number in range(40):
        words = tuple(rng.choice(WORDS) for _ in range(rng.randint(2, 6)))
        marks = [some_mark(rng, len(words), who) for who in range(rng.randint(0, 4))]
        document = Document(
            f"d{number}",
            f"d{number}",
            words,
            label=rng.choice(["POS", "NEG", None]),
            query=rng.choice([(), ("is", "it", "?")]),
            annotated=False,
        )
        yield with_marks(document, marks) if marks else document


def some_mark(rng, size, who):
    name, label = rng.choice([f"annotator {who}", None]), rng.choice(["POS", "NEG", None])
    state = rng.choice(["marked", "marked", "nothing", "not_asked"])
    spans = []
    for group in range(rng.randint(1, 3) if state == "marked" else 0):
        start = rng.randrange(size)
        spans.append(Span(start, rng.randint(start + 1, size), rng.choice([0, group])))
    return Mark(name, tuple(dict.fromkeys(spans)), label, state)


def as_jsonl(rows, path):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def as_csv(rows, path):
    columns = ["id", "words", "label", "query", "rationale", "annotations"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            cells = [row.get(name) for name in columns]
            cells[3] = " ".join(cells[3] or [])
            writer.writerow([json.dumps(c) if isinstance(c, list) else c or "" for c in cells])


def as_objects(rows):
    """Spans of one type, as a column of Parquet has them."""
    rows = list(rows)
    for row in rows:
        for one in row.get("annotations") or []:
            spans = one["spans"]
            one["spans"] = [s if isinstance(s, dict) else {"start": s[0], "end": s[1]} for s in spans]
    return rows


def as_parquet(rows, path):
    rows = [{"rationale": None, "annotations": None, **row} for row in as_objects(rows)]
    pq.write_table(pa.Table.from_pylist(rows), path)  # its columns are those of the first row


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("write", "suffix"), [(as_jsonl, "jsonl"), (as_csv, "csv"), (as_parquet, "parquet")])
def test_documents_come_back_equal(tmp_path, seed, write, suffix):
    documents = list(some_documents(seed))
    path = tmp_path / f"mine.{suffix}"
    write([row_of(document) for document in documents], path)
    again = load_documents(path)
    assert list(again) == documents
    assert again.fingerprint == Documents(documents).fingerprint


def test_a_data_frame_gives_equal_documents():
    documents = list(some_documents(7))
    frame = pd.DataFrame([{"annotations": None, **row_of(document)} for document in documents])
    assert list(load_documents(frame)) == documents


def test_a_data_set_of_the_datasets_library_gives_equal_documents():
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    documents = list(some_documents(9))
    rows = [{"rationale": None, "annotations": None, **row} for row in as_objects(map(row_of, documents))]
    assert list(load_documents(datasets.Dataset.from_list(rows))) == documents


@pytest.mark.parametrize("rule", ["union", "majority", "any2", "intersection"])
@pytest.mark.parametrize("same_label", [False, True])
def test_an_aggregate_comes_back_with_its_annotators(tmp_path, rule, same_label):
    documents = Documents(some_documents(11))
    chosen = aggregate(of_same_label(documents) if same_label else documents, rule)
    assert list(load_documents(write_rows(chosen, tmp_path / "mine.jsonl"))) == list(chosen)


def read(tmp_path, **row):
    path = tmp_path / "mine.jsonl"
    as_jsonl([{"id": "x", "words": list(WORDS), "label": "POS", **row}], path)
    (document,) = load_documents(path)
    return document


def test_what_people_write_by_hand(tmp_path):
    said = [
        {"annotator": 7, "spans": [0, 1, 1, 0, 0]},
        {"annotator": "b", "spans": "good film", "label": 1},
        {"spans": []},
        {"annotator": "d", "label": "NEG"},
    ]
    document = read(tmp_path, annotations=said)
    assert document.marks == (
        Mark("7", (Span(1, 3),)),
        Mark("b", (Span(2, 4),), "1"),
        Mark(None, (), None, "nothing"),
        Mark("d", (), "NEG", "not_asked"),
    )
    assert document.spans == (Span(1, 4),)
    assert document.masks.astype(int).tolist() == [[0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0] * 5]


def test_a_single_annotators_spans_stay_as_they_are(tmp_path):
    pieces = [{"start": 0, "end": 3, "group": 1}, {"start": 2, "end": 4, "group": 0}]
    document = read(tmp_path, annotations=[{"spans": pieces}, {"annotator": "b"}])
    assert document.spans == (Span(0, 3, 1), Span(2, 4))


def test_a_rationale_beside_the_annotations_is_the_one_in_use(tmp_path):
    said = [{"spans": [[0, 1]]}, {"spans": [[1, 2]]}]
    document = read(tmp_path, annotations=said, rationale=[])
    assert document.spans == ()
    assert document.annotated
    assert len(document.marks) == 2


def test_where_nobody_was_asked_nothing_is_annotated(tmp_path):
    assert not read(tmp_path, annotations=[{"annotator": "a", "state": "not_asked"}]).annotated
    assert not read(tmp_path, annotations=[]).annotated
    assert read(tmp_path, annotations=[{"state": "nothing"}, {"spans": []}]).annotated is True


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"spans": []}, "'annotations' must be a list of objects, got {'spans': []}"),
        ([[0, 1]], "'annotations' must be a list of objects"),
        ("a", "'annotations' must be a list of objects"),
        ([{"mask": [0, 1]}], "an annotation has no field 'mask'. Fields: annotator, state, label, spans"),
        ([{"state": "asked"}], "the state of an annotation is 'asked'. States: marked, nothing, not_asked"),
        ([{"state": "marked", "spans": []}], "the state of an annotation is 'marked', with 0 spans"),
        ([{"state": "nothing", "spans": [[0, 1]]}], "is 'nothing', with 1 spans"),
        ([{"spans": [[0, 9]]}], "the rationale span [0, 9) lies outside the document of 5 words"),
        ([{"spans": [0, 1]}], "the rationale has 2 entries for 5 words"),
        ([{"spans": ["bad"]}], "the evidence 'bad' is not in the text"),
        ([{"annotator": 1.5}], "'annotator' must be text or a whole number, got 1.5"),
        ([{"label": ["POS"]}], "'label' must be text, a finite number or null, got ['POS']"),
    ],
)
def test_what_it_may_not_hold(tmp_path, value, said):
    with pytest.raises(DataError) as caught:
        read(tmp_path, annotations=value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.jsonl'}:1")
    assert said in str(caught.value)


def test_an_error_counts_the_annotation(tmp_path):
    with pytest.raises(DataError, match=r"mine.jsonl:1, annotations\[1\]: "):
        read(tmp_path, annotations=[{"spans": []}, {"spans": 5}])


def test_a_cell_of_csv_that_is_no_list(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('text,annotations\n"a film","[{]"\n')
    with pytest.raises(DataError, match=r"mine.csv:2: 'annotations' must be a list of objects, got '\[{\]'"):
        load_documents(path)


def test_the_column_may_have_another_name(tmp_path):
    path = tmp_path / "mine.jsonl"
    as_jsonl([{"text": "a film", "who": [{"spans": [[1, 2]]}]}], path)
    (document,) = load_documents(path, columns=Columns(annotations="who"))
    assert document.spans == (Span(1, 2),)
    assert document.marks


@pytest.mark.parametrize(
    "document",
    [
        Document("a", "b", ("x",)),
        Document("a", "a", ("x",), query=("y",), query_first=False),
        Document("a", "a", ("x",), sentences=((0, 1),)),
    ],
)
def test_a_row_has_no_place_for_some_documents(document):
    with pytest.raises(DataError, match="Write an ERASER folder"):
        row_of(document)


def test_a_folder_needs_one_rationale_of_several(tmp_path):
    path = tmp_path / "mine.jsonl"
    as_jsonl([{"text": "a good film", "annotations": [{"spans": [[0, 1]]}, {"spans": [[1, 2]]}]}], path)
    with pytest.raises(DataError, match="'0' has 2 annotators, and an ERASER folder has one rationale"):
        convert_data(path, tmp_path / "out")
    (document,) = load_documents(convert_data(path, tmp_path / "out", gold="union"))
    assert document.spans == (Span(0, 2),)


def test_one_annotator_needs_no_choice(tmp_path):
    path = tmp_path / "mine.jsonl"
    as_jsonl([{"text": "a good film", "annotations": [{"spans": [[0, 1]]}, {"annotator": "b"}]}], path)
    (document,) = load_documents(convert_data(path, tmp_path / "out"))
    assert document.spans == (Span(0, 1),)


@pytest.mark.parametrize("place", ["annotations", "annotator", "state", "label", "spans"])
def test_whatever_stands_there_is_read_or_refused(tmp_path, place):
    read_so_far = []
    for value in NASTY:
        said = value if place == "annotations" else [{"spans": [[1, 3]]}, {"spans": [], place: value}]
        with suppress(DataError):  # any other error fails the test
            read_so_far.append(read(tmp_path, annotations=said))
    for document in read_so_far:
        as_jsonl([row_of(document)], tmp_path / "again.jsonl")
        assert list(load_documents(tmp_path / "again.jsonl")) == [document]
