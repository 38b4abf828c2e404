"""The drop view's marks and thresholds are those of the model's own trace."""

from dataclasses import replace

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
    methods = ("policy_score", "kept", "input_x_gradient")
    options = ScoreOptions(methods, faithfulness=Faithfulness(0.2))
    scores = score(classifier, documents, options, progress=False)
    window = Windower(classifier.tokenizer, classifier.max_length, "document")(document).windows[0]
    (said,) = classifier.hard(pack_windows([window])).traces()
    return Collection("toy", scores, documents), document, scores.get(document.key), said


def test_words_are_marked_by_where_their_last_token_left(opened):
    from workbench.panels import CHOSEN, DROPPED_BEFORE, DROPPED_HERE

    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "policy_score", "threshold")
    assert layered.drops
    for word in range(len(document.words)):
        left = int(said.dropped[scored.token_word == word].max())
        for layer in range(said.layers):
            expected = CHOSEN if left > layer else DROPPED_HERE if left == layer else DROPPED_BEFORE
            assert layered.marks[layer, word] == expected


def test_thresholds_are_those_that_were_met(opened):
    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "policy_score", "threshold")
    met = np.where(np.isnan(said.scores), np.nan, said.thresholds[:, None])
    np.testing.assert_allclose(layered.thresholds, met, rtol=1e-5)
    np.testing.assert_allclose(layered.compared, said.scores, atol=1e-6)


def test_numbers_are_of_the_words_kept(opened):
    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "kept", "top_k_gold")
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
    assert not collection.layered(document, scored, "input_x_gradient", "threshold").drops


def test_the_prediction_is_told_with_the_kept_words_alone_and_without_them(opened):
    from workbench.drawing import words_data

    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "policy_score", "threshold")
    (panel,) = words_data(document, scored, [layered], collection.scores.labels, share=0.2)["panels"]
    at = collection.scores.labels.index(scored.predicted)
    for layer in range(said.layers):
        one = next(p for p in scored.perturbed if (p.method, p.layer) == ("kept", layer))
        only, without = panel["perturbed"][layer]
        assert only == [f"{scored.predicted}, kept words only", one.only[at]]
        assert without == [f"{scored.predicted}, without them", one.without[at]]


@pytest.mark.parametrize(
    ("decision_point", "heading", "sign"),
    [
        ("layer", "What layer 1 still reads", "dropped here"),
        (
            "feed-forward",
            "What layer 1 passes to its feed-forward",
            "read by this layer's attention, dropped before its feed-forward",
        ),
    ],
)
def test_a_dropped_word_says_whether_the_layers_attention_read_it(opened, decision_point, heading, sign):
    from workbench.drawing import words_data

    collection, document, scored, _ = opened
    layered = replace(
        collection.layered(document, scored, "kept", "threshold"), decision_point=decision_point
    )
    data = words_data(document, scored, [layered], collection.scores.labels)
    (panel,) = data["panels"]
    assert panel["headings"][1] == heading
    assert ["dropped", sign] in panel["legend"]
    assert data["labels"]["marks"][2] == sign


def test_the_page_has_score_and_threshold_of_each_word_and_token(opened):
    """Of a word those of its best token; null once all of it is gone."""
    from workbench.drawing import words_data

    collection, document, scored, said = opened
    layered = collection.layered(document, scored, "kept", "threshold")
    for units in ("words", "tokens"):
        data = words_data(document, scored, [layered], collection.scores.labels, units=units)
        (panel,) = data["panels"]
        for layer in range(said.layers):
            for unit in range(len(data["units"])):
                own = scored.token_word == unit if units == "words" else np.arange(len(said.dropped)) == unit
                scores = said.scores[layer][own]
                met = not np.isnan(scores).all()
                assert (panel["thresholds"][layer][unit] is not None) == met
                if met:
                    assert panel["best"][layer][unit] == pytest.approx(np.nanmax(scores), rel=1e-3)
