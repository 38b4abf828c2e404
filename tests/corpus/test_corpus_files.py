"""Files as systems and tools write them: compressed, in other encodings, quoted, with others beside them."""

import gzip
import json

import pytest

from rationale.corpus import Span, list_splits, load_documents
from rationale.corpus.check import check_data
from rationale.errors import DataError


def table(tmp_path, *rows, name="mine.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def message(source, split=None):
    with pytest.raises(DataError) as caught:
        load_documents(source, split)
    return str(caught.value)


def eraser(tmp_path):
    """An ERASER folder of one document."""
    row = {
        "annotation_id": "d",
        "query": "",
        "evidences": [[{"docid": "d", "start_token": 0, "end_token": 1}]],
    }
    table(tmp_path, row, name="val.jsonl")
    table(tmp_path, {"docid": "d", "document": "a b"}, name="docs.jsonl")
    return tmp_path


def test_gzipped_files_of_every_kind(tmp_path):
    rows = {
        "a.jsonl.gz": '{"text": "a b"}\n',
        "b.json.gz": '[{"text": "a b"}]',
        "c.csv.gz": "text\na b\n",
        "d.tsv.gz": "text\na b\n",
    }
    for name, text in rows.items():
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert list_splits(tmp_path) == ["a", "b", "c", "d"]
    for split in "abcd":
        assert load_documents(tmp_path, split)[0].words == ("a", "b")
    whole = (tmp_path / "a.jsonl.gz").read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(whole[:-9])
    assert "a.jsonl.gz: cannot be unpacked (" in message(tmp_path / "a.jsonl.gz")
    (tmp_path / "plain.jsonl").write_bytes(whole)
    assert "It is compressed with gzip: let its name end in .gz" in message(tmp_path / "plain.jsonl")


def test_a_gzipped_eraser_folder(tmp_path):
    where = eraser(tmp_path)
    for name in ("val.jsonl", "docs.jsonl"):
        (where / f"{name}.gz").write_bytes(gzip.compress((where / name).read_bytes()))
        (where / name).unlink()
    assert load_documents(where, "val")[0].spans == (Span(0, 1),)
    (where / "val.jsonl").write_text("")
    assert "split 'val' has two files, val.jsonl and val.jsonl.gz" in message(where, "val")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json"])
def test_unicode_with_a_byte_order_mark(tmp_path, encoding, name):
    texts = {"a.jsonl": '{"text": "é \U0001f600"}\n', "a.json": '[{"text": "é \U0001f600"}]'}
    (tmp_path / name).write_bytes(texts.get(name, "text\né \U0001f600\n").encode(encoding))
    assert load_documents(tmp_path / name)[0].words == ("é", "\U0001f600")


@pytest.mark.parametrize("order", ["LE", "BE"])
@pytest.mark.parametrize("text", ["text\na b\n", "text\ncaf\u00e9 cr\u00e8me\n"])
def test_unicode_without_a_byte_order_mark(tmp_path, text, order):
    (tmp_path / "a.csv").write_bytes(text.encode(f"utf-16-{order}"))
    said = message(tmp_path / "a.csv")
    assert f"UTF-16 without a byte order mark, convert it: iconv -f UTF-16{order} -t UTF-8." in said


def test_a_zero_byte_in_other_text_is_no_sign_of_utf_16(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text\n" + b"plain words " * 50 + b"\0\n")
    assert "byte 0x00 at offset 605. Remove it; the file may be damaged" in message(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "encoding"), [("it\u2019s \u201cfine\u201d \u2013 caf\u00e9", "CP1252"), ("caf\u00e9", "LATIN1")]
)
def test_the_encoding_of_windows_is_told_from_latin_1(tmp_path, text, encoding):
    (tmp_path / "a.csv").write_bytes(f"text\n{text}\n".encode(encoding))
    assert f"iconv -f {encoding} -t UTF-8" in message(tmp_path / "a.csv")


def test_an_excel_file_is_told(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04\x14\xff\xff")
    assert "save the sheet as CSV UTF-8" in message(tmp_path / "a.csv")


TSV = [
    ('text\tlabel\n"a ""good"" film"\tPOS\nbad film\tNEG\n', [("a", '"good"', "film"), ("bad", "film")]),
    ('"text"\t"label"\n"a film"\t"POS"\n', [("a", "film")]),
    ('text\tlabel\n"one\ntwo"\tPOS\n', [("one", "two")]),
    ('text\tlabel\n"one\ttwo"\tPOS\n', [("one", "two")]),
    ('text\tlabel\n"good, really"\tPOS\nbad\tNEG\n', [("good,", "really"), ("bad",)]),
    ('text\tlabel\n"open quote\tPOS\n5" disk\tNEG\n', [('"open', "quote"), ('5"', "disk")]),
    ('text\tlabel\nsay "hi"\tPOS\n', [("say", '"hi"')]),
]


@pytest.mark.parametrize(("content", "words"), TSV)
def test_tsv_with_and_without_quotes(tmp_path, content, words):
    (tmp_path / "a.tsv").write_text(content)
    assert [d.words for d in load_documents(tmp_path / "a.tsv")] == words


@pytest.mark.parametrize(
    "content",
    [
        'text\tlabel\n"a film"\tPOS\nbad\tNEG\n',
        'text\tlabel\n"a ""good"" film"\tPOS\nsay "hi"\tNEG\n',
        'text\tlabel\n"a ""good"" film"\tPOS\n"open quote\tNEG\n',
        'text\tlabel\n"a\tPOS\nb"\tNEG\n',
    ],
)
def test_tsv_that_could_be_either(tmp_path, content):
    (tmp_path / "a.tsv").write_text(content)
    assert "save the table as CSV or JSONL" in message(tmp_path / "a.tsv")


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ('text\tlabel\n"Here, there"\tPOS\nplain words\tNEG\n', 1),
        ('text\tlabel\n"Here, there"\tPOS\n"Now, then"\tNEG\n', 2),
        ('text\n"Hello"\n', 1),
        ('"text"\t"label"\n"Here, there"\t"POS"\n', 0),
        ('text\tlabel\n"Here, ""there"""\tPOS\n', 0),
        ("text\tlabel\nplain words\tNEG\n", 0),
    ],
)
def test_quotes_of_tsv_taken_off_on_thin_evidence_are_noted(tmp_path, caplog, content, fields):
    (tmp_path / "a.tsv").write_text(content)
    (check,) = check_data(tmp_path / "a.tsv")
    assert '"' not in "".join(load_documents(tmp_path / "a.tsv")[0].words[:1])
    notes = [note for note in check.notes if "double quotes" in note]
    assert len(notes) == len(caplog.messages) == bool(fields)
    if fields:
        assert notes[0].startswith(f"{fields} fields are between double quotes and were read without them")
        assert notes[0].endswith(f"(the first in {tmp_path / 'a.tsv'}:2)")


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('1, "a bad film",NEG\n', 2),
        ('1,fine,POS\n2,"one\ntwo",POS\n3,\t"a bad, film",NEG\n', 5),
        ('1,fine,POS\r\n "2",bad,NEG\r\n', 3),
    ],
)
def test_a_blank_before_a_quote_is_refused(tmp_path, rows, line):
    path = tmp_path / "a.csv"
    path.write_bytes(f"id,text,label\n{rows}".encode())
    said = message(path)
    assert said.startswith(f"{path}:{line}: a blank stands before the quote of ")
    assert "write one after each comma of the header too" in said
    path.write_bytes(f"id, text, label\n{rows}".encode().replace(b",\t", b", "))
    assert not any('"' in word for document in load_documents(path) for word in document.words)


def test_a_blank_and_a_quote_inside_a_field_are_text(tmp_path):
    (tmp_path / "a.csv").write_text('id,text\n1," ""so"" it goes, ""no"""\n2,then "quoted" words\n')
    one, two = load_documents(tmp_path / "a.csv")
    assert one.words == ('"so"', "it", "goes,", '"no"')
    assert two.words == ("then", '"quoted"', "words")


@pytest.mark.parametrize(("suffix", "separator"), [("csv", ","), ("tsv", "\t")])
def test_single_quotes_around_all_values_are_noted(tmp_path, caplog, suffix, separator):
    rows = [("text", "label"), ("'so it goes'", "'A'"), ("'tis fine", "'B'")]
    path = tmp_path / f"a.{suffix}"
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    assert load_documents(path)[0].label == "'A'"
    (warning,) = caplog.messages
    assert "every value of the column 'label' is between single quotes" in warning
    assert any("every value of the column 'label'" in note for note in check_data(path)[0].notes)
    path.write_text("".join(separator.join(row).replace("'B'", "B") + "\n" for row in rows))
    assert check_data(path)[0].notes == ()


def test_tsv_as_pandas_writes_it(tmp_path):
    import pandas as pd

    texts = ['say "hi"', "two\tparts", "plain", "a\nb", '"quoted"', "5\" disk, 'x'"]
    frame = pd.DataFrame({"text": texts, "rationale": [json.dumps([0])] + [None] * 5})
    frame.loc[0, "rationale"] = json.dumps(["hi"])
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    assert [d.words for d in load_documents(tmp_path / "a.tsv")] == [tuple(text.split()) for text in texts]


def test_blanks_around_column_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id , text, label \n1, "so, good", POS\n2, bad, NEG\n')
    documents = load_documents(path)
    assert [(d.id, d.words, d.label) for d in documents] == [
        ("1", ("so,", "good"), "POS"),
        ("2", ("bad",), "NEG"),
    ]
    assert "the column ' label' has blanks around its name. Rename it to 'label'" in message(
        table(tmp_path, {"text": "a", " label": "x"})
    )
    assert "the column 'label ' has blanks" in message(
        table(tmp_path, {"text": "a"}, {"text": "b", "label ": "x"})
    )


def test_columns_that_look_like_one_that_is_read_are_noted(tmp_path):
    (check,) = check_data(table(tmp_path, {"text": "a", "labels": "x", "Rationale": [1], "title": "t"}))
    assert sorted(note.split(" is not read")[0] for note in check.notes[:2]) == [
        "the column 'Rationale'",
        "the column 'labels'",
    ]


def test_what_systems_and_tools_leave_beside_data_is_ignored(tmp_path):
    (tmp_path / "val.csv").write_text("text\na b\n")
    for name in (
        "._val.csv",
        ".hidden.jsonl",
        "dataset_infos.json",
        "dataset_info.json",
        "Thumbs.db",
        ".DS_Store",
    ):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    assert list_splits(tmp_path) == ["val"]
    assert load_documents(tmp_path)[0].words == ("a", "b")
    (tmp_path / "val.csv").unlink()
    squad = {"data": [{"title": "t", "paragraphs": [{"context": "a", "qas": []}]}]}
    (tmp_path / "dev-v2.0.json").write_text(json.dumps(squad))
    assert list_splits(tmp_path) == ["dev"]


def test_hidden_files_of_an_eraser_folder(tmp_path):
    where = eraser(tmp_path)
    (where / "._val.jsonl").write_bytes(b"\x00")
    assert list_splits(where) == ["val"]


# DataFrames


def test_a_dataframe():
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {
            "text": ["a b", "c d e", "f"],
            "label": ["x", None, float("nan")],
            "id": [1, 2, 3],
            "rationale": [np.array([0, 1]), [[0, 2]], None],
        },
        index=[7, 7, 9],
    )
    documents = load_documents(frame)
    assert [d.words for d in documents] == [("a", "b"), ("c", "d", "e"), ("f",)]
    assert [d.label for d in documents] == ["x", None, None]
    assert [d.exported_id for d in documents] == [1, 2, 3]
    assert [d.rationale.tolist() for d in documents] == [[False, True], [True, True, False], [False]]
    assert [d.annotated for d in documents] == [True, True, False]
    assert load_documents({"train": frame, "val": frame[:1]}, "val")[0].words == ("a", "b")
    assert "pandas.DataFrame, row 0 (counted from 0): the document is empty" in message(
        frame.assign(text=" ")
    )
    assert "there is no column 'text' or 'words'" in message(frame[["id"]])


def test_a_dataframe_of_numbers_with_gaps():
    import pandas as pd

    frame = pd.DataFrame({"text": ["a", "b"], "id": [5.0, None], "label": [2.0, 0.5]})
    assert [(d.exported_id, d.label) for d in load_documents(frame)] == [(5, "2"), ("1", "0.5")]
