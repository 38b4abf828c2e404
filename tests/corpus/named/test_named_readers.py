"""Named corpora on tiny files: what is a document, who said what, and what is left out and counted."""

import pytest

from rationale.corpus.document import Mark, Span
from rationale.corpus.named.reader import NAMED, named_splits, read_named
from rationale.errors import DataError
from tests.corpus.named import corpora


def read(name, source, split=None, **options):
    corpus = read_named(name, source, split, **options)
    return {document.id: document for document in corpus.documents}, " | ".join(corpus.notes)


def test_the_readers_there_are():
    known = "hatexplain toxic-spans cose evidence-inference fair-rationales expmrc vihos"
    assert sorted(NAMED) == sorted(known.split())


def test_hatexplain(tmp_path):
    documents, notes = read("hatexplain", corpora.hatexplain(tmp_path))
    one = documents["two_masks"]
    assert one.words == ("red", "big", "dog", "ran")
    assert (one.label, one.query) == ("offensive", ())
    assert one.marks == (Mark(None, (Span(1, 3),)), Mark(None, (Span(2, 3),)))
    assert one.spans == (Span(1, 3),)
    normal = documents["normal"]
    assert (normal.label, normal.annotated) == ("normal", False)
    assert normal.marks == (Mark("7", (), "normal", "not_asked"), Mark("8", (), "normal", "not_asked"))
    assert len(documents["three_labels_two_masks"].marks) == 2
    assert documents["all_differ"].label is None
    assert documents["all_differ"].marks[2:] == (Mark("8", (), "normal", "not_asked"),)
    assert "1 posts have three different labels" in notes
    # two_masks and three_labels_two_masks lack one mask each, and normal that of its one toxic label
    assert "3 labels other than normal have no mask" in notes


def test_hatexplain_as_its_authors_publish_it(tmp_path):
    source = corpora.hatexplain_whole(tmp_path)
    assert named_splits("hatexplain", source) == ["train", "val", "test"]
    documents, notes = read("hatexplain", source, "val")
    assert documents["a"].label == "offensive"
    assert documents["a"].spans == (Span(1, 3),)
    assert "1 labels other than normal have no mask" in notes
    assert list(read("hatexplain", source, "train")[0]) == ["b"]
    assert list(read("hatexplain", source / "dataset.json")[0]) == ["a", "b"]


def test_toxic_spans_of_semeval(tmp_path):
    source = corpora.toxic_spans(tmp_path)
    assert named_splits("toxic-spans", source) == ["train", "trial"]
    documents, _ = read("toxic-spans", source, "train")
    assert documents["train_0"].spans == (Span(1, 2), Span(2, 3))
    assert documents["train_0"].marks == (Mark(None, (Span(1, 2), Span(2, 3))),)
    assert documents["train_1"].marks == (Mark(None, (), None, "nothing"),)
    assert documents["train_1"].annotated
    assert documents["train_1"].label is None


def test_toxic_spans_raw(tmp_path):
    source = corpora.toxic_raw(tmp_path)
    assert named_splits("toxic-spans", source) == ["raw"]
    documents, notes = read("toxic-spans", source)
    one, two = documents["20"], documents["21"]
    # ann's second row says "not toxic": her rows are one annotator without one label
    assert one.marks == (
        Mark("ann", (Span(3, 4),), None),
        Mark("bob", (Span(1, 2),), "not toxic"),
        Mark("cem", (), "not toxic", "nothing"),
    )
    assert one.label == "not toxic"
    assert two.marks == (
        Mark("ann", (Span(0, 2),), "toxic"),
        Mark("bob", (), None, "not_asked"),
        Mark("cem", (), "toxic", "not_asked"),
    )
    assert two.label == "toxic"
    for said in (
        "2 spans end behind their comment",
        "1 annotations have no other span: they are not_asked",
        "1 annotations say that all is toxic, without a span: every word is marked",
        "1 annotations have neither spans nor a flag: they are not_asked",
        "1 annotations are a worker's second on a comment",
    ):
        assert said in notes


def test_toxic_spans_raw_may_have_no_majority(tmp_path):
    rows = [corpora.annotation(1, "20", "ann"), corpora.annotation(2, "20", "bob", nothing=True)]
    documents, notes = read("toxic-spans", corpora.toxic_raw(tmp_path, rows, [corpora.span(1, 0, 3)]))
    assert documents["20"].label is None
    assert documents["21"].marks == ()
    assert not documents["21"].annotated
    assert "2 comments have no majority" in notes


def test_cose(tmp_path):
    documents, notes = read("cose", corpora.cose(tmp_path))
    assert documents["0"].words[:4] == ("Where", "does", "a", "fish,")
    assert (documents["0"].label, documents["0"].query_first) == ("B", True)
    assert documents["0"].query == ("a", "big", "box", "[sep]", "sea", "[sep]", "sky")
    assert documents["0"].marks == (Mark(None, (Span(6, 8),)),)
    assert documents["1"].spans == (Span(3, 6),)
    assert documents["2"].spans == (Span(0, 2),)
    assert documents["3"].spans == (Span(3, 4), Span(7, 8))
    assert documents["4"].marks == (Mark(None, (), None, "not_asked"),)
    assert not documents["4"].annotated
    assert "1 highlights are not found in their question" in notes


def test_a_highlight_that_occurs_twice_marks_both(tmp_path):
    source = corpora.cose(
        tmp_path,
        [corpora.question("0", "a fish or fishing for fish"), corpora.question("1", "to be or")],
        [corpora.highlight("0", "fish")],
    )
    documents, notes = read("cose", source)
    assert documents["0"].spans == (Span(1, 2), Span(5, 6))
    assert "1 highlights occur more than once" in notes
    assert documents["1"].marks == (Mark(None, (), None, "not_asked"),)
    assert "1 questions have no highlight" in notes


def test_cose_as_true_and_false_rows(tmp_path):
    documents, _ = read("cose", corpora.cose(tmp_path), true_false=True)
    assert list(documents)[:4] == ["0_A", "0_B", "0_C", "1_A"]
    right, wrong = documents["0_B"], documents["0_A"]
    assert (right.label, right.query, right.spans) == ("True", ("sea",), (Span(6, 8),))
    assert right.marks == (Mark(None, (Span(6, 8),), "True"),)
    assert (wrong.label, wrong.query, wrong.annotated) == ("False", ("a", "big", "box"), False)
    assert wrong.marks == (Mark(None, (), "False", "not_asked"),)


def test_evidence_inference(tmp_path):
    source = corpora.evidence_inference(tmp_path)
    assert named_splits("evidence-inference", source) == ["train", "validation"]
    documents, notes = read("evidence-inference", source, "train")
    assert list(documents) == ["1", "2"]
    one, two = documents["1"], documents["2"]
    assert " ".join(one.query) == "tea, warm water, hours of sleep"
    assert one.label == "significantly decreased"
    assert [one.words[s.start : s.end] for s in one.spans] == [
        ("Tea", "drinkers", "slept", "less."),
        ("No", "change"),
    ]
    assert [span.group for span in one.spans] == [0, 1]
    assert one.marks == (
        Mark("0", one.spans, "significantly decreased"),
        Mark("1", (), "significantly decreased", "not_asked"),
    )
    assert two.label is None  # one says increased, one says no difference
    assert [mark.label for mark in two.marks] == ["significantly increased", "no significant difference"]
    for said in (
        "1 annotations (of all splits) were found invalid",
        "2 annotations have their evidence behind the abstract",
        "1 prompts are on articles without an abstract here",
        "1 prompts have no evidence in the abstract",
        "1 prompts have annotators who disagree",
    ):
        assert said in notes


def test_a_split_without_documents(tmp_path):
    with pytest.raises(DataError, match="there are no documents in it"):
        read_named("evidence-inference", corpora.evidence_inference(tmp_path), "validation")


def test_fair_rationales_sst(tmp_path):
    documents, _ = read("fair-rationales", corpora.fair_sst(tmp_path))
    assert documents["5"].label == "no sentiment"  # one vote each: the first in the file
    assert documents["5"].marks == (
        Mark("1", (Span(1, 2),), "no sentiment"),
        Mark("2", (Span(1, 3),), "positive"),
    )
    assert documents["6"].label == "negative"
    assert documents["6"].spans == (Span(0, 3),)


def test_fair_rationales_cose(tmp_path):
    source = corpora.fair_sst(corpora.fair_cose(tmp_path))
    assert sorted(named_splits("fair-rationales", source)) == ["SST", "cose"]
    documents, _ = read("fair-rationales", source, "cose")
    assert [(d.label, d.query) for d in documents.values()] == [("B", ()), ("E", ())]
    assert documents["0"].marks == (
        Mark("1", (Span(2, 4),), "B"),
        Mark("2", (Span(2, 3),), "A"),
        Mark("3", (), "B", "nothing"),
    )


def test_fair_rationales_cose_as_true_and_false_rows(tmp_path):
    documents, notes = read("fair-rationales", corpora.fair_cose(tmp_path), true_false=True)
    assert {name: (d.label, d.query) for name, d in documents.items()} == {
        "0_A": ("False", ("box",)),
        "0_B": ("True", ("sea",)),
        "1_C": ("False", ("sky",)),
    }
    assert documents["0_B"].marks == (
        Mark("1", (Span(2, 4),), "True"),
        Mark("2", (), "False", "not_asked"),
        Mark("3", (), "True", "nothing"),
    )
    assert "1 questions have a right answer that nobody chose" in notes


def test_expmrc(tmp_path):
    documents, _ = read("expmrc", corpora.expmrc(tmp_path))
    one = documents["q1"]
    assert one.docid == "q1"
    assert one.query == ("Where", "do", "fish", "live", "?")
    assert [one.words[s.start : s.end] for s in one.spans] == [
        ("Fish", "live", "in", "the", "sea"),
        ("Fish", "live", "in", "the", "sea", "(", "not", "the", "sky", ")"),
    ]
    assert [span.group for span in one.spans] == [0, 1]
    assert one.marks == (Mark(None, one.spans),)


def test_equal_texts_of_evidence_are_one(tmp_path):
    documents, _ = read("expmrc", corpora.expmrc(tmp_path, ["Birds do", "Birds do"]))
    assert len(documents["q1"].spans) == 1


def test_vihos(tmp_path):
    documents, notes = read("vihos", corpora.vihos(tmp_path))
    assert documents["dev_0"].words == ("món", "này", "ngon", "quá")
    assert documents["dev_0"].spans == (Span(2, 4),)
    assert documents["dev_1"].marks == (Mark(None, (), None, "nothing"),)
    assert documents["dev_2"].marks == (Mark(None, (), None, "nothing"),)
    assert "1 runs of offsets mark white space alone" in notes


def test_counts(tmp_path):
    corpus = read_named("vihos", corpora.vihos(tmp_path))
    assert corpus.counts == ("3 documents (0 with a label), 3 annotations: 1 marked, 2 nothing, 0 not_asked")
    assert (corpus.documents.split, corpus.documents.source) == ("dev", str(tmp_path))


def test_one_file_goes_by_its_own_name(tmp_path):
    path = corpora.vihos(tmp_path) / "dev.csv"
    path.rename(tmp_path / "mine.csv")
    assert list(read("vihos", tmp_path / "mine.csv")[0]) == ["mine_0", "mine_1", "mine_2"]
