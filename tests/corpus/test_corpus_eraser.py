"""ERASER folders: every variant of the format, and every way in which one can be broken."""

import json

import pytest

from rationale.corpus import Span, load_documents, read_eraser
from rationale.errors import DataError

REVIEW = "the plot is thin .\n\nbut  the acting is superb !\n"


def evidence(docid, start, end, **more):
    return {"docid": docid, "start_token": start, "end_token": end, "text": "", **more}


def annotation(identifier="a", **more):
    row = {
        "annotation_id": identifier,
        "classification": "POS",
        "docids": None,
        "evidences": [[evidence("d", 5, 10, start_sentence=-1, end_sentence=-1)]],
        "query": "is it good ?",
        "query_type": None,
    }
    return {**row, **more}


@pytest.fixture
def folder(tmp_path):
    """Writes an ERASER folder from annotations (or raw text) and documents (text or bytes)."""

    def write(annotations, docs=None, *, single_file=False):
        docs = {"d": REVIEW} if docs is None else docs
        if not isinstance(annotations, str):
            annotations = "".join(json.dumps(row) + "\n" for row in annotations)
        (tmp_path / "val.jsonl").write_bytes(annotations.encode("utf-8"))
        if single_file:
            rows = [json.dumps({"docid": name, "document": text}) for name, text in docs.items()]
            (tmp_path / "docs.jsonl").write_text("\n".join(rows), encoding="utf-8")
            return tmp_path
        (tmp_path / "docs").mkdir()
        for name, text in docs.items():
            (tmp_path / "docs" / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return tmp_path

    return write


def message(folder, **options):
    with pytest.raises(DataError) as caught:
        load_documents(folder, "val", **options)
    return str(caught.value)


# variants


@pytest.mark.parametrize("single_file", [False, True])
def test_words_label_query_spans_and_sentences(folder, single_file):
    text = REVIEW if not single_file else "the plot is thin .\nbut the acting is superb !"
    (document,) = load_documents(folder([annotation()], {"d": text}, single_file=single_file), "val")
    assert document.key == ("a", "d")
    assert document.words == ("the", "plot", "is", "thin", ".", "but", "the", "acting", "is", "superb", "!")
    assert document.sentences == ((0, 5), (5, 11))
    assert (document.label, document.query, document.query_first) == ("POS", ("is", "it", "good", "?"), True)
    assert document.spans == (Span(5, 10, 0),)
    assert document.rationale.tolist() == [False] * 5 + [True] * 5 + [False]


def test_several_groups_overlap_and_empty_evidence(folder):
    groups = [[evidence("d", 0, 4), evidence("d", 2, 6)], [], [evidence("d", 3, 3)], [evidence("d", 9, 11)]]
    (document,) = load_documents(folder([annotation(evidences=groups)]), "val")
    assert document.spans == (Span(0, 4, 0), Span(2, 6, 0), Span(9, 11, 3))
    assert document.rationale.sum() == 8


@pytest.mark.parametrize(("evidences", "annotated"), [([], True), ([[]], True), (None, False)])
def test_no_evidence_is_found_by_the_annotation_id(folder, evidences, annotated):
    rows = [annotation("d", evidences=evidences), annotation("d:0:1", evidences=evidences)]
    documents = load_documents(folder(rows), "val")
    assert [d.docid for d in documents] == ["d", "d"]
    assert all(d.spans == () and d.annotated is annotated for d in documents)


def test_query_and_answer_are_fed_whole(folder):
    (document,) = load_documents(folder([annotation(query="who acts ? || the dog")]), "val")
    assert document.query == ("who", "acts", "?", "||", "the", "dog")


@pytest.mark.parametrize("query", [None, "", "What is the sentiment of this review?"])
def test_no_query_or_the_one_that_movies_asks_of_every_review(folder, query):
    (document,) = load_documents(folder([annotation(query=query)]), "val")
    assert document.query == ()


def test_a_query_may_be_a_list_of_words(folder):
    (document,) = load_documents(folder([annotation(query=["is", "it", "?"])]), "val")
    assert document.query == ("is", "it", "?")


def test_evidence_in_several_documents_gives_one_document_each(folder):
    row = annotation(
        evidences=[[evidence("d", 0, 2), evidence("e", 1, 2)], [evidence("d", 4, 5)]], docids=["f"]
    )
    documents = load_documents(folder([row], {"d": REVIEW, "e": "x y z", "f": "none here"}), "val")
    assert [(d.docid, d.spans) for d in documents] == [
        ("f", ()),
        ("d", (Span(0, 2, 0), Span(4, 5, 1))),
        ("e", (Span(1, 2, 0),)),
    ]
    assert {d.id for d in documents} == {"a"}
    assert {d.query for d in documents} == {("is", "it", "good", "?")}


@pytest.mark.parametrize(
    ("names", "first"), [(("p", "h"), "p"), (("x_hypothesis", "x_premise"), "x_premise")]
)
def test_two_documents_without_a_query_are_each_others_query(folder, names, first):
    row = annotation(query="", docids=list(names), evidences=[[evidence(names[1], 0, 1)]])
    one, two = load_documents(
        folder([row], dict(zip(names, ("a dog runs", "it sleeps"), strict=True))), "val"
    )
    assert one.docid == first
    assert (one.query, one.query_first) == (two.words, False)
    assert (two.query, two.query_first) == (one.words, True)


@pytest.mark.parametrize(("given", "label"), [(True, "True"), (1, "1"), (None, None), ("x y", "x y")])
def test_labels_are_names(folder, given, label):
    assert load_documents(folder([annotation(classification=given)]), "val")[0].label == label


@pytest.mark.slow
def test_many_annotations_share_one_passage(folder):
    rows = [annotation(f"d:{i}") for i in range(8_000)]
    where = folder(rows, {"d": "word " * 300})
    documents = load_documents(where, "val")
    assert len(documents) == 8_000
    assert len({id(document.words) for document in documents}) == 1


def test_only_documents_that_are_asked_for_are_read(folder):
    assert len(load_documents(folder([annotation()], {"d": REVIEW, "broken": b"\xff"}), "val")) == 1


def test_a_document_of_100k_words(folder):
    words = [f"w{i}" for i in range(100_000)]
    row = annotation(evidences=[[evidence("d", 99_990, 100_000)]])
    (document,) = load_documents(folder([row], {"d": " ".join(words)}), "val")
    assert len(document.words) == 100_000
    assert document.rationale.sum() == 10
    assert document.words[-1] == "w99999"


@pytest.mark.parametrize("text", ["a b\nc d\r\ne\rf\n", "\ufeffa b\nc d\n\n\ne\n f \n", "a  b\n \nc d\ne\nf"])
def test_line_endings_blank_lines_and_byte_order_marks_change_no_word(folder, text):
    (document,) = load_documents(folder([annotation(evidences=[[evidence("d", 0, 6)]])], {"d": text}), "val")
    assert document.words == ("a", "b", "c", "d", "e", "f")
    assert document.sentences == ((0, 2), (2, 4), (4, 5), (5, 6))


def test_annotations_with_mixed_line_endings_and_a_byte_order_mark(folder):
    lines = [json.dumps(annotation(str(i), query="a\u2028b"), ensure_ascii=False) for i in range(3)]
    where = folder("\ufeff" + lines[0] + "\r\n" + lines[1] + "\n\n" + lines[2] + "\r")
    assert [d.id for d in load_documents(where, "val")] == ["0", "1", "2"]


def test_only_spaces_part_words(folder):
    text = "a\u00a0b c\u200bd \u2003e"
    (document,) = load_documents(folder([annotation(evidences=[])], {"d": text, "a": text}), "val")
    assert document.words == ("a\u00a0b", "c\u200bd", "\u2003e")


def test_ids_may_be_numbers(folder):
    row = annotation(7, docids=[12], evidences=[[evidence(12, 0, 1)]])
    assert load_documents(folder([row], {"12": "one two"}), "val")[0].key == ("7", "12")


# what is refused


def test_missing_docs_folder(folder):
    where = folder([annotation()])
    (where / "docs" / "d").unlink()
    (where / "docs").rmdir()
    assert message(where) == (
        f"{where}: an ERASER folder holds docs/ or docs.jsonl; this one has neither docs/ nor docs.jsonl. "
        "Unpack the whole archive, or name the folder that holds the documents."
    )


def test_both_kinds_of_documents(folder):
    where = folder([annotation()])
    (where / "docs.jsonl").write_text("{}")
    assert "both docs/ and docs.jsonl" in message(where)


@pytest.mark.parametrize("single_file", [False, True])
def test_missing_document(folder, single_file):
    where = folder(
        [annotation(), annotation("b", evidences=[[evidence("gone", 0, 1)]])], single_file=single_file
    )
    place = where / ("docs.jsonl" if single_file else "docs")
    assert message(where) == (
        f"{where / 'val.jsonl'}:2: document 'gone' is not in {place}. "
        "Add the document, or remove the annotation."
    )


@pytest.mark.parametrize("docid", ["../val.jsonl", "/etc/hostname", "..", "n" * 300])
def test_a_document_id_cannot_lead_out_of_the_folder(folder, docid):
    assert "is not in" in message(folder([annotation(evidences=[[evidence(docid, 0, 1)]])]))


def test_truncated_line_names_file_and_line(folder):
    whole = json.dumps(annotation())
    where = folder(whole + "\n" + whole[:40])
    assert message(where).startswith(f"{where / 'val.jsonl'}:2: not a JSON object (")
    assert "cut off" in message(where)


def test_truncated_document_line(folder):
    where = folder([annotation()], single_file=True)
    (where / "docs.jsonl").write_text('{"docid": "d", "docu')
    assert message(where).startswith(f"{where / 'docs.jsonl'}:1: not a JSON object")


@pytest.mark.parametrize("line", ["[1]", '"x"', "null", "3", "[" * 100_000])
def test_a_line_that_is_no_object(folder, line):
    assert "JSON object" in message(folder(line))


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (3, 12, "evidence [3, 12) lies outside document 'd' of 11 words"),
        (-1, 2, "evidence [-1, 2) lies outside document 'd' of 11 words"),
        (40, 41, "lies outside document 'd' of 11 words"),
        (5, 2, "evidence in document 'd' starts at word 5 and ends before it, at 2"),
        (1.5, 2, "'start_token' must be a whole number, got 1.5"),
        (0, "3", "'end_token' must be a whole number, got '3'"),
        (True, 2, "'start_token' must be a whole number, got True"),
    ],
)
def test_spans_that_cannot_be(folder, start, end, said):
    where = folder([annotation("first"), annotation(evidences=[[evidence("d", start, end)]])])
    assert message(where).startswith(f"{where / 'val.jsonl'}:2: ")
    assert said in message(where)


@pytest.mark.parametrize("field", ["docid", "start_token", "end_token"])
def test_a_field_of_the_evidence_is_missing(folder, field):
    broken = evidence("d", 0, 1)
    del broken[field]
    assert f"the field '{field}' is missing" in message(folder([annotation(evidences=[[broken]])]))


@pytest.mark.parametrize("evidences", [{}, "x", [1], [{"docid": "d"}], [["x"]]])
def test_evidence_of_another_shape(folder, evidences):
    assert "evidence" in message(folder([annotation(evidences=evidences)]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"annotation_id": None}, "the field 'annotation_id' is null"),
        ({"docids": "d"}, "'docids' must be a list or null, got str"),
        ({"query": 3}, "'query' must be text, a list of words or null, got 3"),
        ({"classification": [1]}, "'classification' must be text, a finite number or null, got [1]"),
        ({"evidences": []}, "annotation 'a' has no docids, no evidence, and no document of its name"),
    ],
)
def test_fields_that_cannot_be(folder, change, said):
    where = folder([annotation(**change)])
    assert message(where).startswith(f"{where / 'val.jsonl'}:1: {said}")


@pytest.mark.parametrize("text", ["", "\n\n", "  \n "])
def test_an_empty_document(folder, text):
    where = folder([annotation()], {"d": text})
    assert message(where) == (
        f"{where / 'docs' / 'd'}: the document is empty (used by {where / 'val.jsonl'}:1). "
        "Give it at least one word, or remove its annotations."
    )


@pytest.mark.parametrize(("prefix", "offset"), [(b"caf", 3), (b"\xef\xbb\xbfcaf", 6), (b"line\r\n", 6)])
def test_another_encoding_names_file_and_byte(folder, prefix, offset):
    where = folder([annotation()], {"d": prefix + b"\xe9 noir"})
    assert message(where) == (
        f"{where / 'docs' / 'd'}: not UTF-8: byte 0xe9 at offset {offset}. "
        "Save the file as UTF-8, for example with: iconv -f LATIN1 -t UTF-8."
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_unicode_encodings_with_a_byte_order_mark(folder, encoding):
    where = folder([annotation()])
    (where / "val.jsonl").write_bytes(json.dumps(annotation()).encode(encoding))
    assert load_documents(where, "val")[0].key == ("a", "d")


def test_duplicate_ids_are_refused_or_numbered(folder):
    where = folder([annotation("x"), annotation("y"), annotation("x", query="another ?")])
    assert message(where).startswith(
        f"{where / 'val.jsonl'}:3: annotation id 'x' was used before, in {where / 'val.jsonl'}:1. "
    )
    documents = load_documents(where, "val", duplicate_ids="number")
    assert [d.id for d in documents] == ["x", "y", "x#2"]
    assert documents[2].query == ("another", "?")


def test_duplicate_documents(folder):
    where = folder([annotation()], single_file=True)
    line = json.dumps({"docid": "d", "document": "x"})
    (where / "docs.jsonl").write_text(f"{line}\n{line}\n")
    assert message(where).startswith(f"{where / 'docs.jsonl'}:2: document 'd' occurs twice")


def test_no_such_split(folder):
    where = folder([annotation()])
    with pytest.raises(DataError, match=r"there is no split 'train'. Splits found: val\."):
        load_documents(where, "train")
    with pytest.raises(DataError, match=r"there is no split 'docs'"):
        read_eraser(where, "docs")


def test_the_only_split_need_not_be_named(folder):
    where = folder([annotation()])
    assert load_documents(where).split == "val"
    (where / "train.jsonl").write_text("")
    with pytest.raises(DataError, match=r"a split must be named. Splits found: train, val\."):
        load_documents(where)
    with pytest.raises(DataError, match=r"split train: no documents found"):
        load_documents(where, "train")


def test_folders_where_files_should_be(folder):
    at = folder([annotation()])
    (at / "val.jsonl").rename(at / "kept")
    (at / "val.jsonl").mkdir()
    (at / "docs.jsonl").mkdir()
    assert "not a kind of data that can be read" in message(at)


def test_half_a_surrogate_pair_is_no_text(folder):
    at = folder(json.dumps(annotation(identifier="\ud800")) + "\n")
    said = message(at)
    assert "val.jsonl:1" in said
    assert "half a surrogate pair" in said
