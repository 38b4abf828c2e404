"""What is written as an ERASER folder is read back equal; what would not be is refused."""

import json
from itertools import pairwise
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rationale.corpus import Document, Documents, Span, load_documents, write_eraser
from rationale.errors import DataError, OutputError

text_characters = st.characters(exclude_categories=("Cs",), exclude_characters=" \n\r\0")
doc_words = st.text(text_characters, min_size=1, max_size=6).filter(lambda word: word == word.strip())
query_words = st.text(text_characters, min_size=1, max_size=6).filter(lambda word: word.split() == [word])


@st.composite
def passages(draw):
    """Words, and sentences that tile them."""
    words = tuple(draw(st.lists(doc_words, min_size=1, max_size=12)))
    inner = st.sets(st.integers(1, len(words) - 1)) if len(words) > 1 else st.just(set())
    cuts = [0, *sorted(draw(inner)), len(words)]
    return words, tuple(pairwise(cuts))


@st.composite
def spans_in(draw, words):
    found = []
    for group in range(draw(st.integers(0, 3))):
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, len(words) - 1))
            found.append(Span(start, draw(st.integers(start + 1, len(words))), group))
    return tuple(found)


@st.composite
def annotations(draw, identifier, texts):
    """The documents of one annotation; two of them without a query are each other's query."""
    names = draw(st.lists(st.sampled_from(sorted(texts)), min_size=1, max_size=3, unique=True))
    query = tuple(draw(st.lists(query_words, max_size=4)))
    pair = len(names) == 2 and not query
    label, annotated = draw(st.sampled_from(["POS", "NEG", None])), draw(st.booleans())
    documents = []
    for position, name in enumerate(names):
        words, sentences = texts[name]
        documents.append(
            Document(
                id=identifier,
                docid=name,
                words=words,
                label=label,
                query=texts[names[1 - position]][0] if pair else query,
                query_first=position == 1 if pair else True,
                spans=draw(spans_in(words)) if annotated else (),
                annotated=annotated,
                sentences=sentences,
            )
        )
    return documents


@st.composite
def corpora(draw):
    texts = {f"doc {i}.txt": draw(passages()) for i in range(draw(st.integers(1, 4)))}
    names = st.lists(st.sampled_from(["train", "val", "test", "extra"]), min_size=1, unique=True)
    return {
        split: [
            document
            for number in range(draw(st.integers(1, 3)))
            for document in draw(annotations(f"{split}:{number}", texts))
        ]
        for split in draw(names)
    }


@settings(max_examples=30, deadline=None)
@given(corpora(), st.booleans())
def test_round_trip(corpus, single_file):
    with TemporaryDirectory() as folder:
        written = write_eraser(corpus, f"{folder}/data", single_file=single_file)
        for split, documents in corpus.items():
            back = load_documents(written, split)
            assert list(back) == documents
            assert back.fingerprint == Documents(documents).fingerprint


def test_indices_of_evidence_point_at_its_text(tmp_path):
    document = Document(
        "a", "a", ("a", "b", "c", "d", "e"), spans=(Span(1, 4, 1),), sentences=((0, 2), (2, 5)), label="x"
    )
    folder = write_eraser({"val": [document]}, tmp_path / "data")
    row = json.loads((folder / "val.jsonl").read_text())
    assert row["evidences"] == [
        [],
        [
            {
                "docid": "a",
                "start_token": 1,
                "end_token": 4,
                "start_sentence": 0,
                "end_sentence": 2,
                "text": "b c d",
            }
        ],
    ]
    assert (folder / "docs" / "a").read_text() == "a b\nc d e\n"


def doc(identifier="a", docid="d", words=("one", "two"), **more):
    return Document(identifier, docid, words, **more)


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([doc(words=("a b",))], "the word 'a b' would not be read back as one word"),
        ([doc(words=("a", ""))], "the word '' would not be read back"),
        ([doc(words=("a\u2003",))], "would not be read back as one word"),
        ([doc(words=())], "the document is empty"),
        ([doc(), doc("b", words=("other",))], "another text has this document id already"),
        ([doc(docid="x/y")], "the document id 'x/y' is no file name"),
        ([doc(docid="..")], "no file name"),
        ([doc(query=("q",), query_first=False)], "the format cannot represent it"),
        ([doc(query=("q r",))], "the format cannot represent it"),
        ([doc(label="x"), doc(docid="e", label="y")], "the format cannot represent it"),
        ([doc(), doc(docid="e")], "the format cannot represent it"),
        ([doc(spans=(Span(0, 1),), annotated=False)], "the format cannot represent it"),
        ([doc(words=("\ud800",))], "is not Unicode text"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_and_nothing_is_left(tmp_path, documents, said):
    with pytest.raises(DataError) as caught:
        write_eraser({"val": documents}, tmp_path / "data")
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_folder_stays_unless_it_may_be_replaced(tmp_path):
    folder = write_eraser({"val": [doc()]}, tmp_path / "data")
    with pytest.raises(OutputError, match="exists already"):
        write_eraser({"val": [doc(words=("new",))]}, folder)
    assert load_documents(folder)[0].words == ("one", "two")
    with pytest.raises(OutputError, match=r"an earlier output: 'val\.jsonl'"):  # old data would stay
        write_eraser({"test": [doc(words=("new",))]}, folder, overwrite=True)
    write_eraser({"val": [doc(words=("new",))]}, folder, overwrite=True)
    assert load_documents(folder, "val")[0].words == ("new",)
