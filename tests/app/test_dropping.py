"""The drop view's marks and thresholds are those of the model's own trace."""

import numpy as np
import pytest

from rationale.corpus import Document, Documents, Span
from rationale.loading.classifier import load_classifier
from rationale.scores import Faithfulness, ScoreOptions, score
from rationale.tokens import Windower, pack_windows
from tests.dropping.models import dropping_model
from tests.toys import toy_tokenizer, wordy


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A collection of one document scored by a dropping model, and the model's trace of it."""
    from workbench.collection import Collection

    folder = tmp_path_factory.mktemp("dropping")
    dropping_model("bert").save_pretrained(folder)
    toy_tokenizer("wordpiece").save_pretrained(folder)
    classifier = load_classifier(folder, device="cpu")
    document = Document("a", "a", wordy(18, 3), label="POS", spans=(Span(2, 6),))
    documents = Documents([document])
    methods = ("contribution", "alive", "saliency")
    options = ScoreOptions(methods, faithfulness=Faithfulness(0.2))
    scores = score(classifier, documents, options, progress=False)
    window = Windower(classifier.tokenizer, classifier.max_length, "document")(document).windows[0]
    (said,) = classifier.hard(pack_windows([window])).traces()
    return Collection("toy", scores, documents), document, scores.get(document.key), said


def test_words_are_marked_by_where_their_last_token_left(opened):
    from workbench.panels import CHOSEN, DROPPED_BEFORE, DROPPED_HERE

    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "contribution", "delta")
    assert layered.drops
    for word in range(len(document.words)):
        left = int(said.dropped[scored.token_word == word].max())
        for layer in range(said.layers):
            expected = CHOSEN if left > layer else DROPPED_HERE if left == layer else DROPPED_BEFORE
            assert layered.marks[layer, word] == expected


def test_thresholds_are_those_that_were_met(opened):
    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "contribution", "delta")
    np.testing.assert_allclose(
        layered.thresholds, np.repeat(said.thresholds[:, None], len(said.dropped), 1), rtol=1e-5
    )


def test_numbers_are_of_the_words_kept(opened):
    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "alive", "topk")
    for layer, numbers in enumerate(layered.numbers):
        kept = np.array(
            [(said.dropped[scored.token_word == w] > layer).any() for w in range(len(document.words))]
        )
        hits = (kept & document.rationale).sum()
        assert numbers["recall"] == pytest.approx(hits / document.rationale.sum())
        assert numbers["fpr"] == pytest.approx(
            (kept & ~document.rationale).sum() / (~document.rationale).sum()
        )


def test_other_methods_of_the_same_scores_are_shown_as_ever(opened):
    collection, document, scored, _ = opened
    assert not collection.layered(document, scored, "saliency", "delta").drops


def test_the_prediction_is_told_with_the_kept_words_alone_and_without_them(opened):
    from workbench.drawing import words_data

    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "contribution", "delta")
    (panel,) = words_data(document, scored, [layered], collection.scores.labels, share=0.2)["panels"]
    at = collection.scores.labels.index(scored.predicted)
    for layer in range(said.layers):
        one = next(p for p in scored.perturbed if (p.method, p.layer) == ("alive", layer))
        only, without = panel["perturbed"][layer]
        assert only == [f"{scored.predicted}, kept words only", one.only[at]]
        assert without == [f"{scored.predicted}, without them", one.without[at]]
