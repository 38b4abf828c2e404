"""Ids keep the type they have in the file, and the fingerprint covers all that a number depends on."""

import json
from dataclasses import replace

import pytest

from rationale.corpus import Document, Documents, Span, load_documents, write_eraser
from rationale.corpus.convert import convert_data
from rationale.errors import DataError

BASE = Document("7", "d", ("a", "b"), label="x", query=("q",), spans=(Span(0, 1),))


def eraser(tmp_path, identifier, docid="d"):
    tmp_path.mkdir(exist_ok=True)
    piece = {"docid": docid, "start_token": 0, "end_token": 1, "text": "a"}
    row = {"annotation_id": identifier, "docids": [docid], "query": "q", "classification": "x"}
    (tmp_path / "val.jsonl").write_text(json.dumps({**row, "evidences": [[piece]]}) + "\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / str(docid)).write_text("a b\n")
    return tmp_path


@pytest.mark.parametrize(("identifier", "docid"), [(6374, "d"), ("6374", "d"), (6374, 12), ("x", 12)])
def test_ids_keep_their_type_through_conversion(tmp_path, identifier, docid):
    source = eraser(tmp_path / "in", identifier, docid)
    (document,) = load_documents(source)
    assert document.key == (str(identifier), str(docid))
    assert (document.exported_id, document.exported_docid) == (identifier, docid)
    assert type(document.exported_id) is type(identifier)
    written = json.loads((convert_data(source, tmp_path / "out") / "val.jsonl").read_text())
    assert written["annotation_id"] == identifier
    assert written["docids"] == [docid]
    assert written["evidences"][0][0]["docid"] == docid
    assert list(load_documents(tmp_path / "out", "val")) == [document]


def test_a_number_and_its_text_are_one_id(tmp_path):
    source = eraser(tmp_path / "in", 7)
    line = (source / "val.jsonl").read_text()
    (source / "val.jsonl").write_text(line + line.replace('"annotation_id": 7', '"annotation_id": "7"'))
    with pytest.raises(DataError, match="annotation id '7' was used before"):
        load_documents(source)
    one, two = load_documents(source, duplicate_ids="number")
    assert (one.exported_id, two.exported_id) == (7, "7#2")


def test_ids_of_tables_keep_their_type(tmp_path):
    rows = [{"id": 3, "text": "a"}, {"id": "x", "text": "a"}, {"text": "a"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    documents = load_documents(tmp_path / "a.jsonl")
    assert [d.exported_id for d in documents] == [3, "x", "2"]
    assert list(load_documents(convert_data(tmp_path / "a.jsonl", tmp_path / "out"), "a")) == [
        replace(d, sentences=((0, 1),)) for d in documents
    ]


def fingerprint(*documents):
    return Documents(documents).fingerprint


CHANGES = {
    "a word": {"words": ("a", "c")},
    "the query": {"query": ("r",)},
    "who is read first": {"query_first": False},
    "the label": {"label": "y"},
    "no label": {"label": None},
    "a label called None": {"label": "None"},
    "a span": {"spans": (Span(1, 2),)},
    "nothing marked": {"spans": ()},
    "nobody asked": {"spans": (), "annotated": False},
    "an id that is a number": {"original_id": 7},
    "a document's id that is a number": {"original_docid": 7},
    "another id": {"id": "8"},
    "words that part elsewhere": {"words": ("a\x1fb",)},
}


def test_each_change_gives_another_fingerprint():
    found = {name: fingerprint(replace(BASE, **change)) for name, change in CHANGES.items()}
    found["as it was"] = fingerprint(BASE)
    assert len(set(found.values())) == len(found)


def test_the_fingerprint_of_annotated_documents_stays_what_it_was():
    """Recorded in results that are older than `annotated` is part of it."""
    assert fingerprint(BASE, replace(BASE, id="8", spans=())) == "66f9943ef6d4908a"


def test_groups_beyond_all_bounds_are_refused_everywhere(tmp_path):
    with pytest.raises(DataError, match="evidence group 1000000000"):
        replace(BASE, spans=(Span(0, 1, 10**9),))
    highest = replace(BASE, spans=(Span(0, 1, 9999),), sentences=((0, 2),))
    assert list(load_documents(write_eraser({"val": [highest]}, tmp_path / "out"))) == [highest]
