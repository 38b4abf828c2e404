from __future__ import annotations

import pytest

from rationale.corpus import Document, Documents
from rationale.errors import DataError
from rationale.training.encoding import encode_documents
from tests.training.toy_training import asked, planted, toy_tokenizer

IDS = {"NEG": 0, "POS": 1}


def test_one_segment_reads_as_the_tokenizer_alone_would_read_it():
    tokenizer, documents = toy_tokenizer(), planted(8)
    rows = encode_documents(tokenizer, documents, IDS, 32)
    assert len(rows) == 8
    for position, length in enumerate(rows.lengths):
        row = rows[position]
        assert len(row["input_ids"]) == length
        plain = tokenizer(list(documents[position].words), is_split_into_words=True)
        assert {name: row[name] for name in plain} == dict(plain)
        assert (row["labels"], row["position"]) == (IDS[documents[position].label], position)


@pytest.mark.parametrize("query_first", [True, False])
def test_pairs_read_in_their_order_and_only_the_words_are_cut(query_first):
    tokenizer = toy_tokenizer()
    words, query = ("good",) * 30, ("yes", "plain1", "no")
    documents = Documents([Document("a", "a", words, "POS", query, query_first)])
    row = encode_documents(tokenizer, documents, IDS, 16)[0]
    first, second = (query, words) if query_first else (words, query)
    plain = tokenizer(
        list(first),
        list(second),
        is_split_into_words=True,
        truncation="only_second" if query_first else "only_first",
        max_length=16,
    )
    assert {name: row[name] for name in plain} == dict(plain)
    assert [tokenizer.decode([i]) for i in row["input_ids"]].count("good") == 16 - 3 - 3


def test_a_query_that_leaves_no_room_is_an_error_not_a_cut():
    documents = Documents([Document("a", "a", ("good",), "POS", ("yes",) * 20)])
    with pytest.raises(DataError, match="Queries are never cut"):
        encode_documents(toy_tokenizer(), documents, IDS, 16)


@pytest.mark.parametrize("words", [(), ("",), (" ", "")])
def test_an_empty_document_is_named(words):
    documents = Documents([Document("a7", "a7", words, "POS")], source="DIR", split="train")
    with pytest.raises(DataError, match=r"DIR \(train\), annotation 'a7', .*: the document is empty"):
        encode_documents(toy_tokenizer(), documents, IDS, 16)


def test_labels_that_training_does_not_know_are_named():
    with pytest.raises(DataError, match="the document has no label; labels are NEG, POS"):
        encode_documents(toy_tokenizer(), Documents([Document("a", "a", ("good",))]), IDS, 16)
    with pytest.raises(DataError, match=r"the label 'False' does not occur among .* \(NEG, POS\)"):
        encode_documents(toy_tokenizer(), asked(2)[1:], IDS, 16)
