"""The seven tasks of the ERASER benchmark as they are published: one tiny made-up folder for each."""

import json

import pytest

from rationale.corpus import Span, load_documents, write_eraser
from rationale.corpus.check import check_data
from rationale.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Writes ``val.jsonl`` and the documents, in ``docs/`` or ``docs.jsonl``."""

    def write(rows, texts, *, single_file=False):
        (tmp_path / "val.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if single_file:
            lines = [json.dumps({"docid": name, "document": text}) for name, text in texts.items()]
            (tmp_path / "docs.jsonl").write_text("\n".join(lines))
        else:
            (tmp_path / "docs").mkdir()
            for name, text in texts.items():
                (tmp_path / "docs" / name).write_text(text)
        return tmp_path

    return write


def row(identifier, label, evidences, query, **more):
    fields = {"annotation_id": identifier, "classification": label, "evidences": evidences, "query": query}
    return {**fields, "query_type": None, **more}


def piece(docid, start, end, first=-1, last=-1, text=""):
    tokens = {"docid": docid, "start_token": start, "end_token": end, "text": text}
    return {**tokens, "start_sentence": first, "end_sentence": last}


def stated(document):
    return [span.stated for span in document.spans]


# boolq


PAGE = "Gel . A gel is soft\nand wet . It\nholds water .\n"


@pytest.mark.parametrize("docids", [{"docids": ["AA_wiki_01_15"]}, {"docids": None}, {}])
def test_boolq(folder, docids):
    """Ids are numbers; ``docids`` is a list, null or missing; evidence begins and ends inside sentences."""
    groups = [[piece("AA_wiki_01_15", 1, 8, 0, 2, text=". A gel is soft and wet")]]
    where = folder([row(6374, "True", groups, "is gel wet", **docids)], {"AA_wiki_01_15": PAGE})
    (document,) = load_documents(where)
    assert (document.exported_id, document.docid, document.label) == (6374, "AA_wiki_01_15", "True")
    assert document.query == ("is", "gel", "wet")
    assert (document.spans, stated(document)) == ((Span(1, 8, 0),), [(0, 2)])
    assert document.sentences == ((0, 6), (6, 10), (10, 13))
    assert check_data(where)[0].notes == ()


def test_boolq_test_files_state_no_sentences_and_nest_their_groups(folder):
    groups = [[piece("p", 2, 8)], [piece("p", 4, 8)], [piece("p", 9, 9)]]
    where = folder([row(6374, "True", groups, "is gel wet", docids=None)], {"p": PAGE})
    (document,) = load_documents(where)
    assert document.spans == (Span(2, 8, 0), Span(4, 8, 1))
    assert stated(document) == [None, None]
    assert document.rationale.tolist() == [False] * 2 + [True] * 6 + [False] * 5
    (note,) = check_data(where)[0].notes
    assert note.startswith("1 pieces of evidence mark no word and are left out (the first in ")


# fever


def test_fever(folder):
    """Groups are alternatives that share sentences; titles and words hold brackets as the treebank's."""
    title = "Gel_-LRB-film-RRB-"
    groups = [[piece(title, 0, 2, 0, 1), piece(title, 4, 6, 2, 3)], [piece(title, 2, 6, 1, 3)]]
    rows = [row("10", "SUPPORTS", groups, "Gel is a film.", docids=[title])]
    rows.append(row("101042__0", "REFUTES", groups, "Gel is a book.", docids=[title]))
    one, two = load_documents(folder(rows, {title: "-LRB- a\n-RRB- b\nc d\n"}))
    assert (one.key, two.key) == (("10", title), ("101042__0", title))
    assert (one.label, two.label, one.words[2]) == ("SUPPORTS", "REFUTES", "-RRB-")
    assert one.spans == (Span(0, 2, 0), Span(4, 6, 0), Span(2, 6, 1))
    assert stated(one) == [(0, 1), (2, 3), (1, 3)]


# multirc


@pytest.mark.parametrize("evidences", [[[piece("news.txt", 0, 2, 0, 1), piece("news.txt", 4, 6, 2, 3)]], []])
def test_multirc(folder, evidences):
    """The document comes from the evidence or from the id up to its first colon."""
    rows = [row("news.txt:0:1", "False", evidences, "who ? || it", docids=None)]
    (document,) = load_documents(folder(rows, {"news.txt": "a b\nc d\ne f\n"}))
    assert (document.key, document.annotated) == (("news.txt:0:1", "news.txt"), True)
    assert document.query == ("who", "?", "||", "it")
    assert document.rationale.tolist() == [bool(evidences) and n not in (2, 3) for n in range(6)]


# esnli


PAIR = {"7.jpg#0_premise": "two cats sleep", "7.jpg#0_hypothesis": "cats are awake"}
PREMISE, HYPOTHESIS = PAIR
MARKED = [
    ("neutral", [[piece(HYPOTHESIS, 2, 3, text="awake")]]),
    ("entailment", [[piece(PREMISE, 2, 3, text="sleep")]]),
    ("contradiction", [[piece(PREMISE, 2, 3, text="sleep"), piece(HYPOTHESIS, 2, 3, text="awake")]]),
    ("contradiction", []),
]


@pytest.mark.parametrize("query", ["", None, []])
@pytest.mark.parametrize(("label", "evidences"), MARKED)
def test_esnli(folder, label, evidences, query):
    """Both documents by rule, whichever holds the evidence."""
    rows = [row("7.jpg#0", label, evidences, query, docids=None)]
    one, two = load_documents(folder(rows, PAIR, single_file=True))
    assert (one.docid, two.docid, one.label) == (PREMISE, HYPOTHESIS, label)
    assert (one.query, one.query_first) == (two.words, False)
    assert (two.query, two.query_first) == (one.words, True)
    marked = {p["docid"] for group in evidences for p in group}
    assert [bool(d.spans) for d in (one, two)] == [PREMISE in marked, HYPOTHESIS in marked]
    assert one.annotated
    assert two.annotated


# cose


@pytest.mark.parametrize("docid", ["b8c0", "b8c0_query"])
@pytest.mark.parametrize("marked", [True, False])
def test_cose(folder, docid, marked):
    evidences = [[piece(docid, 1, 3, text="is wet")]] if marked else []
    rows = [row("b8c0", "A", evidences, "gel [sep] sand [sep] fire", docids=None, query_type="free text")]
    (document,) = load_documents(folder(rows, {docid: "what is wet ?"}, single_file=True))
    assert (document.key, document.label) == (("b8c0", docid), "A")
    assert document.words == ("what", "is", "wet", "?")
    assert document.query == ("gel", "[sep]", "sand", "[sep]", "fire")
    assert document.spans == ((Span(1, 3),) if marked else ())


@pytest.mark.parametrize("docid", ["b8c0", "b8c0_query"])
def test_cose_with_a_row_for_each_choice(folder, docid):
    rows = [row(f"b8c0_{letter}", "false", [], "gel", docids=None) for letter in "ABCDE"]
    documents = load_documents(folder(rows, {docid: "what is wet ?"}, single_file=True))
    assert [d.key for d in documents] == [(f"b8c0_{letter}", docid) for letter in "ABCDE"]


# evidence_inference


def test_evidence_inference(folder):
    groups = [[piece("4276773", 1, 4)], [piece("4276773", 5, 7)]]
    query = "aspirin || placebo || pain"
    rows = [row("113", "significantly decreased", groups, query, docids=["4276773"])]
    rows.append(row("114", "no significant difference", [], query, docids=["4276773"]))
    one, two = load_documents(folder(rows, {"4276773": "Pain was less .\nTable 1 : less\n"}))
    assert one.spans == (Span(1, 4, 0), Span(5, 7, 1))
    assert (two.docid, two.spans, two.annotated) == ("4276773", (), True)


# movies


def test_movies(folder):
    """A group a span, one query for all reviews, and some annotations without evidence."""
    query = "What is the sentiment of this review?"
    groups = [[piece("negR_805.txt", 0, 2)], [piece("negR_805.txt", 3, 5)]]
    rows = [row("negR_805.txt", "NEG", groups, query, docids=None)]
    rows.append(row("posR_001.txt", "POS", [], query, docids=None))
    texts = {"negR_805.txt": "a dull film\nby and large\n", "posR_001.txt": "a fine film\n"}
    one, two = load_documents(folder(rows, texts))
    assert (one.docid, one.query, one.spans) == ("negR_805.txt", (), (Span(0, 2, 0), Span(3, 5, 1)))
    assert (two.docid, two.spans, two.annotated) == ("posR_001.txt", (), True)


# stated sentences


def test_stated_sentences_survive_writing_and_unknown_ones_are_touched(folder, tmp_path):
    groups = [[piece("p", 1, 8, 1, 3), piece("p", 1, 8)], [piece("p", -1, -1, 2, 3)]]
    (document,) = load_documents(folder([row(1, "True", groups, "q", docids=["p"])], {"p": PAGE}))
    assert stated(document) == [(1, 3), None, (2, 3)]
    (again,) = load_documents(write_eraser({"val": [document]}, tmp_path / "out"))
    assert again == document
    assert stated(again) == [(1, 3), (0, 2), (2, 3)]


@pytest.mark.parametrize(("first", "last"), [(2, 4), (7, 8), (2, 2), (1, 0)])
def test_stated_sentences_outside_the_document_are_noted_and_not_kept(folder, first, last):
    where = folder([row(1, "True", [[piece("p", 0, 2, first, last)]], "q", docids=["p"])], {"p": PAGE})
    (document,) = load_documents(where)
    assert (document.spans, stated(document)) == ((Span(0, 2),), [None])
    assert any("have no word in the sentences they state" in note for note in check_data(where)[0].notes)


def test_what_the_scorer_reads_as_the_last_sentence_is_refused(folder):
    with pytest.raises(DataError, match="which the benchmark's scorer reads as the last sentence"):
        load_documents(folder([row(1, "True", [[piece("p", 0, 2, -1, 0)]], "q")], {"p": PAGE}))
