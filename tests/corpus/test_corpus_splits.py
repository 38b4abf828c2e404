"""The development set: stratified, independent of order, whole annotations."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rationale.corpus import Document, Documents, split_dev
from rationale.errors import DataError


def corpus(labels):
    return [Document(f"id {i}", f"id {i}", ("word",), label=label) for i, label in enumerate(labels)]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from(["a", "b", None]), min_size=30, max_size=80), st.randoms(use_true_random=False)
)
def test_order_does_not_matter_and_nothing_is_lost(labels, random):
    documents = corpus(labels)
    train, dev = split_dev(Documents(documents), 0.2)
    shuffled = random.sample(documents, len(documents))
    assert {d.id for d in split_dev(Documents(shuffled), 0.2)[1]} == {d.id for d in dev}
    assert sorted(d.id for d in (*train, *dev)) == sorted(d.id for d in documents)
    assert [d.id for d in dev] == [d.id for d in documents if d.id in {x.id for x in dev}]


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_each_label_gives_its_share(fraction):
    _, dev = split_dev(Documents(corpus(["a"] * 100 + ["b"] * 300 + [None] * 40)), fraction)
    assert Counter(d.label for d in dev) == {"a": 100 * fraction, "b": 300 * fraction, None: 40 * fraction}


def test_more_documents_do_not_move_earlier_ones_across():
    """The choice hangs on the hash of the id: but for its edge, dev of a part lies in dev of the whole."""
    small = {d.id for d in split_dev(Documents(corpus(["a"] * 1000)))[1]}
    large = {d.id for d in split_dev(Documents(corpus(["a"] * 2000)))[1]}
    assert len({i for i in large if int(i[3:]) < 1000} & small) >= 85


def test_documents_of_one_annotation_stay_together():
    documents = [Document(str(i // 2), str(i), ("word",), label="x") for i in range(100)]
    train, dev = split_dev(Documents(documents))
    assert len(dev) == 10
    assert not {d.id for d in train} & {d.id for d in dev}


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 2, float("nan")])
def test_impossible_fractions(fraction):
    with pytest.raises(DataError, match="the dev fraction must lie between 0 and 1"):
        split_dev(Documents(corpus("ab" * 10)), fraction)


def test_too_few_documents():
    with pytest.raises(DataError, match="2 documents leave 2 to train and 0 as dev"):
        split_dev(Documents(corpus("ab")))
