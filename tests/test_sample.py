"""The embedded sample: made by its generator, its truth planted, beyond a bag of words."""

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from rationale.corpus import load_documents
from rationale.demo import sample_folder
from tests.children import python
from tests.places import ROOT

pytestmark = pytest.mark.slow  # every test makes or reads the whole sample

MAKER = ROOT / "eraser_data" / "make_sample.py"


@pytest.fixture(scope="module")
def splits():
    return {name: load_documents(str(sample_folder()), name) for name in ("train", "val", "test")}


def test_the_committed_files_are_what_the_generator_makes():
    checked = python(MAKER, "--check")
    assert checked.returncode == 0, checked.stdout


def test_it_is_a_corpus_of_balanced_splits(splits):
    assert sum(len(documents) for documents in splits.values()) >= 600
    for documents in splits.values():
        assert documents.labels == ("NEG", "POS")
        assert sum(d.label == "POS" for d in documents) == len(documents) / 2
    assert len({d.digest for documents in splits.values() for d in documents}) == 2700


def test_every_review_has_a_rationale_that_is_less_than_half_of_it(splits):
    for document in splits["train"]:
        assert len({span.group for span in document.spans}) >= 3
        assert 0 < document.rationale.mean() < 0.75


def test_a_bag_of_words_is_not_enough(splits):
    texts = {name: [" ".join(d.words) for d in documents] for name, documents in splits.items()}
    labels = {name: [d.label for d in documents] for name, documents in splits.items()}
    vectors = CountVectorizer().fit(texts["train"])
    model = LogisticRegression(C=0.3, max_iter=2000).fit(vectors.transform(texts["train"]), labels["train"])
    assert model.score(vectors.transform(texts["val"]), labels["val"]) <= 0.85


@pytest.mark.slow
def test_the_marked_words_decide_and_the_others_do_not(splits):
    def marked(document, keep):
        return " ".join(
            w for w, inside in zip(document.words, document.rationale, strict=True) if inside == keep
        )

    accuracy = {}
    for keep in (True, False):
        texts = {name: [marked(d, keep) for d in splits[name]] for name in ("train", "val")}
        vectors = CountVectorizer(ngram_range=(1, 3)).fit(texts["train"])
        model = LogisticRegression(C=0.3, max_iter=2000)
        model.fit(vectors.transform(texts["train"]), [d.label for d in splits["train"]])
        accuracy[keep] = model.score(vectors.transform(texts["val"]), [d.label for d in splits["val"]])
    assert accuracy[True] > accuracy[False] + 0.15
