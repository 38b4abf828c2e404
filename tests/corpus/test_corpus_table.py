"""Own data: each format gives the same documents, each broken file one message that says where."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rationale.corpus import Columns, list_splits, load_documents
from rationale.errors import DataError

ROWS = [
    {
        "id": "one",
        "text": "a truly good  film !",
        "label": "POS",
        "query": "is it ?",
        "rationale": [0, 1, 1, 0, 0],
    },
    {"id": "two", "text": "dull , so dull", "label": "NEG", "query": None, "rationale": [[0, 1], [2, 4]]},
    {
        "id": "007",
        "text": "no idea\n\u00e9\u0301 \U0001f600",
        "label": None,
        "query": None,
        "rationale": None,
    },
]


def as_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def as_json(path, rows):
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def as_parquet(path, rows):
    # One type a column: the mask becomes spans, which say the same.
    rows = [{**row, "rationale": [[1, 3]] if row["id"] == "one" else row["rationale"]} for row in rows]
    pq.write_table(pa.Table.from_pylist(rows), path)


def as_csv(path, rows, **options):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        for row in rows:
            writer.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()})


def as_tsv(path, rows):
    rows = [{**row, "text": row["text"].replace("\n", " ")} for row in rows]
    lines = [list(rows[0])] + [
        [json.dumps(v) if isinstance(v, list) else v or "" for v in row.values()] for row in rows
    ]
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


WRITERS = {"jsonl": as_jsonl, "json": as_json, "parquet": as_parquet, "csv": as_csv, "tsv": as_tsv}


@pytest.mark.parametrize("suffix", WRITERS)
def test_each_format_gives_the_same_documents(tmp_path, suffix):
    WRITERS[suffix](tmp_path / f"mine.{suffix}", ROWS)
    documents = load_documents(tmp_path / f"mine.{suffix}")
    assert documents.split == "mine"
    assert [d.id for d in documents] == ["one", "two", "007"]
    assert [d.docid for d in documents] == ["one", "two", "007"]
    assert documents[0].words == ("a", "truly", "good", "film", "!")
    assert documents[2].words == ("no", "idea", "\u00e9\u0301", "\U0001f600")
    assert [d.label for d in documents] == ["POS", "NEG", None]
    assert [d.query for d in documents] == [("is", "it", "?"), (), ()]
    assert [d.rationale.astype(int).tolist() for d in documents] == [[0, 1, 1, 0, 0], [1, 0, 1, 1], [0] * 4]
    assert [d.annotated for d in documents] == [True, True, False]


def test_a_folder_of_splits_in_several_formats_and_shards(tmp_path):
    as_csv(tmp_path / "test.csv", ROWS[:1])
    as_parquet(tmp_path / "train-00000-of-00002.parquet", ROWS[:2])
    as_parquet(tmp_path / "train-00001-of-00002.parquet", ROWS[2:])
    as_jsonl(tmp_path / "extra.jsonl", ROWS)
    (tmp_path / "README.md").write_text("not data")
    assert list_splits(tmp_path) == ["train", "test", "extra"]
    assert [d.id for d in load_documents(tmp_path, "train")] == ["one", "two", "007"]
    as_jsonl(tmp_path / "test.jsonl", ROWS)
    with pytest.raises(DataError, match=r"split 'test' has files of 2 formats: \.csv and \.jsonl"):
        load_documents(tmp_path, "test")


def test_a_folder_named_docs_beside_tables_makes_no_benchmark(tmp_path):
    (tmp_path / "docs").mkdir()
    as_csv(tmp_path / "train.csv", ROWS)
    assert len(load_documents(tmp_path, "train")) == 3


def read(tmp_path, *rows, **options):
    as_jsonl(tmp_path / "mine.jsonl", rows)
    return load_documents(tmp_path / "mine.jsonl", **options)


def message(source, **options):
    with pytest.raises(DataError) as caught:
        load_documents(source, **options)
    return str(caught.value)


def test_words_are_taken_as_they_are(tmp_path):
    (document,) = read(tmp_path, {"words": ["New York", "is\u200b", "big"], "rationale": [1, 0, 1]})
    assert document.words == ("New York", "is\u200b", "big")
    assert document.rationale.tolist() == [True, False, True]


def test_the_id_is_the_row_number_where_there_is_none(tmp_path):
    documents = read(
        tmp_path, {"text": "a"}, {"text": "b", "id": 7.0}, {"text": "c", "id": ""}, {"text": "d", "id": 3.0}
    )
    assert [d.id for d in documents] == ["0", "7", "2", "3"]


@pytest.mark.parametrize(
    ("label", "name"),
    [(1, "1"), (1.0, "1"), (True, "True"), ("", None), ("x", "x"), (3.8, "3.8"), (None, None)],
)
def test_labels_are_names(tmp_path, label, name):
    assert read(tmp_path, {"text": "a", "label": label})[0].label == name


def test_columns_may_have_other_names(tmp_path):
    row = {"review": "so good", "stars": 5, "why": "good", "text": "not this"}
    columns = Columns(text="review", label="stars", rationale="why")
    (document,) = read(tmp_path, row, columns=columns)
    assert (document.words, document.label, document.rationale.tolist()) == (
        ("so", "good"),
        "5",
        [False, True],
    )
    assert message(tmp_path / "mine.jsonl", columns=Columns(label="grade")) == (
        f"{tmp_path / 'mine.jsonl'}:1: there is no column 'grade' to read as label. "
        "Columns found: review, stars, why, text."
    )


def test_csv_keeps_ids_and_quotes_apart_from_numbers(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('\ufeffid,text,rationale\r\n007,"She said ""no"",\nthen left","[[1, 3]]"\r1e3,x,\n\n')
    one, two = load_documents(path)
    assert (one.id, one.words) == ("007", ("She", "said", '"no",', "then", "left"))
    assert one.rationale.tolist() == [False, True, True, False, False]
    assert (two.id, two.annotated) == ("1e3", False)


def test_tsv_knows_no_quotes(tmp_path):
    (tmp_path / "mine.tsv").write_text('text\trationale\n"Open quote\tquote\nx "y" z\t["\\"y\\""]\n')
    one, two = load_documents(tmp_path / "mine.tsv")
    assert (one.words, one.rationale.tolist()) == (('"Open', "quote"), [False, True])
    assert (two.words, two.rationale.tolist()) == (("x", '"y"', "z"), [False, True, False])


def test_evidence_in_a_cell_may_begin_with_a_bracket(tmp_path):
    (tmp_path / "mine.csv").write_text('text,rationale\n"[sic] bad film","[sic] bad"\n')
    assert load_documents(tmp_path / "mine.csv")[0].rationale.tolist() == [True, True, False]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_a_document_of_100k_words(tmp_path, suffix):
    row = {"id": "one", "text": "word " * 99_999 + "end", "label": "x", "rationale": [[99_999, 100_000]]}
    WRITERS[suffix](tmp_path / f"mine.{suffix}", [{**row, "id": "two"}])
    limit = csv.field_size_limit()
    (document,) = load_documents(tmp_path / f"mine.{suffix}")
    assert len(document.words) == 100_000
    assert document.rationale.nonzero()[0].tolist() == [99_999]
    assert csv.field_size_limit() == limit


# What is refused


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": ""}, "the document is empty. Give it at least one word, or remove the row."),
        ({"text": " \n"}, "the document is empty"),
        ({"words": []}, "the document is empty"),
        ({"words": ["", " "]}, "the document is empty"),
        ({"text": None}, "neither 'text' nor 'words' is given"),
        ({"text": 3}, "'text' must be text, got int"),
        ({"words": "a b"}, "'words' must be a list of words, got 'a b'"),
        ({"words": ["a", 1]}, "'words' must be a list of words"),
        ({"text": "a", "query": 3}, "'query' must be a list of words, got '3'"),
        ({"text": "a", "id": 0.5}, "'id' must be text or a whole number, got 0.5"),
        ({"text": "a", "label": float("inf")}, "not a JSON object (Infinity is no number in JSON"),
        ({"text": "a", "label": ["x"]}, "'label' must be text, a finite number or null, got ['x']"),
        ({"text": "a", "id": {}}, "'id' must be text or a whole number, got {}"),
        ({"text": "a b", "rationale": [1]}, "the rationale has 1 entries for 2 words"),
        ({"text": "a b", "rationale": [1, 2]}, "cannot read [1, 2] as a rationale"),
        ({"text": "a b", "rationale": 1}, "cannot read 1 as a rationale"),
        ({"text": "a b", "rationale": [[0]]}, "cannot read [0] as a rationale"),
        ({"text": "a b", "rationale": [[0, 1.5]]}, "cannot read [0, 1.5] as a rationale"),
        ({"text": "a b", "rationale": [{"start": 0}]}, "cannot read {'start': 0} as a rationale"),
        ({"text": "a b", "rationale": [[0, 1], "a"]}, "cannot read 'a' as a rationale"),
        (
            {"text": "a b", "rationale": [[1, 3]]},
            "the rationale span [1, 3) lies outside the document of 2 words",
        ),
        ({"text": "a b", "rationale": [[-1, 1]]}, "the rationale span [-1, 1) lies outside the document"),
        ({"text": "a b", "rationale": [[2, 1]]}, "the rationale span [2, 1) starts after its end"),
        (
            {"text": "a b", "rationale_chars": [[0, 4]]},
            "the rationale span [0, 4) lies outside the document of 3 characters",
        ),
        ({"text": "a b", "rationale_chars": "a"}, "cannot read 'a' as a rationale"),
        (
            {"words": ["a"], "rationale_chars": [[0, 1]]},
            "character spans refer to the column 'text', which is missing",
        ),
        (
            {"text": "a", "rationale": [1], "rationale_chars": [[0, 1]]},
            "both 'rationale' and 'rationale_chars'",
        ),
        (
            {"text": "a b", "rationale": ["b", "A"]},
            "the evidence 'A' is not in the text. Evidence must be quoted",
        ),
        ({"text": "a b", "rationale": " "}, "the evidence ' ' is not in the text"),
        ({"text": "films", "rationale": "film"}, "the evidence 'film' is not in the text"),
        ({"title": "x"}, "neither 'text' nor 'words' is given"),
        ({"text": "x", "id": "first"}, "annotation id 'first' was used before"),
    ],
)
def test_rows_that_cannot_be(tmp_path, row, said):
    as_jsonl(tmp_path / "mine.jsonl", [{"id": "first", "text": "fine"}, row])
    assert message(tmp_path / "mine.jsonl").startswith(f"{tmp_path / 'mine.jsonl'}:2: {said}")


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_rows_without_lines_are_counted(tmp_path, suffix):
    WRITERS[suffix](
        tmp_path / f"mine.{suffix}", [{"id": "a", "text": t, "rationale": None} for t in ("x", "")]
    )
    path = tmp_path / f"mine.{suffix}"
    assert message(path).startswith(f"{path}, row 1 (counted from 0): the document is empty")


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv", "parquet"])
def test_a_table_without_text(tmp_path, suffix):
    WRITERS[suffix](tmp_path / f"mine.{suffix}", [{"id": "one", "body": "x", "rationale": None}])
    said = "there is no column 'text' or 'words'. Columns found: id, body, rationale."
    assert said in message(tmp_path / f"mine.{suffix}")


@pytest.mark.parametrize(
    ("suffix", "content", "said"),
    [
        ("jsonl", '{"text": "a"}\n{"text": "b', ":2: not a JSON object (Unterminated string"),
        ("json", '[{"text": "a"}, {"text', ":1: not JSON (Unterminated string"),
        ("json", '{"text": "a"}', ": expected a list of objects"),
        ("csv", "text,label\na,x\nb\n", ":3: the row has 1 fields, the header 2"),
        ("csv", "text,label\n\na,x,y\n", ":3: the row has 3 fields, the header 2"),
        ("csv", 'text,label\na,x\n"b,x\nc,x', ":4: cannot be read as a table (unexpected end of data)"),
        ("csv", 'text,label\n"a" b,x\n', ":2: cannot be read as a table"),
        ("csv", "text,text\na,x\n", ":1: two columns are called 'text'"),
        ("csv", "", ": the file is empty"),
        ("tsv", "text\tlabel\na\tx\ty\n", ":2: the row has 3 fields, the header 2"),
        ("parquet", "PAR1 truncated", ": cannot be read as Parquet ("),
        ("csv", "text\n", ", split mine: no documents found"),
        ("jsonl", "\n", ", split mine: no documents found"),
        ("json", "[]", ": there is no column 'text' or 'words'. Columns found: none."),
    ],
)
def test_broken_files(tmp_path, suffix, content, said):
    path = tmp_path / f"mine.{suffix}"
    path.write_text(content, newline="")
    assert message(path).startswith(f"{path}{said}")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl"])
def test_another_encoding_names_file_and_byte(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    path.write_bytes("text\ncaf\u00e9\n".encode("latin-1"))
    assert message(path).startswith(f"{path}: not UTF-8: byte 0xe9 at offset 8. Save the file as UTF-8")


def test_duplicate_ids_may_be_numbered(tmp_path):
    documents = read(tmp_path, {"id": "x", "text": "a"}, {"id": "x", "text": "b"}, duplicate_ids="number")
    assert [d.id for d in documents] == ["x", "x#2"]


def test_sources_of_no_known_kind(tmp_path):
    (tmp_path / "notes.txt").write_text("text")
    assert message(tmp_path / "notes.txt").startswith(
        f"{tmp_path / 'notes.txt'}: not a kind of data that can be read. Readers: eraser: a folder with"
    )
    assert message(tmp_path).startswith(f"{tmp_path}: not a kind of data")
    assert message(tmp_path / "gone") == f"{tmp_path / 'gone'}: there is no such file or folder."
    assert message(42).startswith("an object of type int: not a kind of data")
    as_jsonl(tmp_path / "mine.jsonl", ROWS)
    with pytest.raises(DataError, match=r"there is no split 'val'. Splits found: mine\."):
        load_documents(tmp_path / "mine.jsonl", "val")
