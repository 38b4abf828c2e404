"""What the component is told must be what the library says, rounded and named, and nothing else."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from rationale.corpus import Document, Span, load_documents
from rationale.scores import StoredScores
from tests.agreement.making import above
from tests.app.component import data
from tests.app.material import METHODS


@pytest.fixture(scope="module")
def collection(material):
    from workbench.collection import Collection

    scores = StoredScores(material / "scores" / "val")
    return Collection("val", scores, load_documents(material / "data", "val"))


@pytest.fixture(scope="module")
def hard(material):
    from workbench.collection import Collection

    scores = StoredScores(material / "scores" / "hard")
    return Collection("hard", scores, load_documents(material / "data", "hard"))


def drawn(collection, key, methods, select="threshold", **choices):
    from workbench.drawing import words_data

    document, scored = collection.open(key)
    layered = [collection.layered(document, scored, method, select) for method in methods]
    return document, scored, words_data(document, scored, layered, collection.scores.labels, **choices)


@pytest.mark.parametrize("method", METHODS)
def test_scores_and_delta_are_the_stored_ones(collection, method):
    for key in collection.keys[:4]:
        document, scored, data = drawn(collection, key, [method])
        panel = data["panels"][0]
        np.testing.assert_allclose(panel["scores"], scored.words[method], rtol=1e-3)
        for row in range(len(scored.layers[method])):
            expected = above(scored, method, row)
            assert [mark == 1 for mark in panel["marks"][row]] == expected.tolist()
        assert data["units"] == list(document.words)
        assert data["human"] == document.rationale.astype(int).tolist()


def test_what_tests_tell_the_component_by_hand_is_of_the_same_shape(collection):
    _, _, real = drawn(collection, collection.keys[0], ["input_x_gradient"])
    ours = data()
    assert ours.keys() == real.keys()
    for part in ("labels", "prediction"):
        assert ours[part].keys() <= real[part].keys()
    ours, real = ours["panels"][0], real["panels"][0]
    assert ours.keys() == real.keys()
    assert ours["levels"][0].keys() == real["levels"][0].keys()
    assert ours["facts"][0][0].keys() == real["facts"][0][0].keys()


def test_top_k_takes_as_many_words_as_the_human(collection):
    document, scored, data = drawn(collection, collection.keys[2], ["attention.all"], "top_k_gold")
    count = int(document.rationale.sum())
    for row, marks in enumerate(data["panels"][0]["marks"]):
        best = np.argsort(-scored.words["attention.all"][row], kind="stable")[:count]
        assert sorted(best) == np.flatnonzero(marks).tolist()
    assert data["panels"][0]["thresholds"] is None


def test_the_numbers_of_a_document_are_scikit_learns(collection):
    document, scored, data = drawn(collection, collection.keys[3], ["input_x_gradient"])
    truth, panel = document.rationale, data["panels"][0]
    for row, facts in enumerate(panel["facts"]):
        told = {name: value for group in facts for name, value in group["rows"]}
        chosen = np.array(panel["marks"][row]) == 1
        assert (
            told["average precision"]
            == f"{average_precision_score(truth, scored.words['input_x_gradient'][row]):.2f}"
        )
        assert told["false positive rate"] == f"{(chosen & ~truth).sum() / (~truth).sum():.2f}"
        assert told["recall"] == f"{(chosen & truth).sum() / truth.sum():.2f}"
        hits, misses, alarms = panel["tallies"][row][1:]
        assert (int(hits), int(misses)) == ((chosen & truth).sum(), (~chosen & truth).sum())
        assert int(alarms) == (chosen & ~truth).sum()


@pytest.mark.parametrize("method", METHODS)
def test_a_word_is_selected_exactly_when_one_of_its_tokens_is(collection, method):
    for key in collection.keys[:4]:
        _, _scored, words = drawn(collection, key, [method])
        _, _, tokens = drawn(collection, key, [method], units="tokens")
        for of_words, of_tokens in zip(
            words["panels"][0]["marks"], tokens["panels"][0]["marks"], strict=True
        ):
            found = {w for w, mark in zip(tokens["words"], of_tokens, strict=True) if mark == 1 and w >= 0}
            assert found == {w for w, mark in enumerate(of_words) if mark == 1}


def test_the_best_token_of_a_word_decides(collection):
    _, scored, data = drawn(collection, collection.keys[1], ["input_x_gradient"])
    panel = data["panels"][0]
    for row, marks in enumerate(panel["marks"]):
        for word, mark in enumerate(marks):
            own = scored.token_scores["input_x_gradient"][row][scored.token_word == word]
            assert panel["best"][row][word] == pytest.approx(own.max(), rel=1e-3)
            assert panel["thresholds"][row][word] == pytest.approx(1 / scored.window_tokens[0], rel=1e-3)
            assert (own.max() >= np.float32(1) / np.float32(scored.window_tokens[0])) == (mark == 1)


def test_tokens_keep_specials_apart_and_join_sub_words(collection):
    _, _scored, data = drawn(collection, collection.keys[0], ["input_x_gradient"], units="tokens")
    assert (data["units"][0], data["units"][-1]) == ("[CLS]", "[SEP]")
    assert (data["kinds"][0], data["kinds"][1]) == (1, 0)
    split = [i for i, word in enumerate(data["words"]) if word >= 0 and data["words"][i - 1] == word]
    assert split
    assert [i for i, joined in enumerate(data["joins"]) if joined] == split
    assert not any(data["units"][i].startswith("##") for i in split)


def test_two_methods_share_the_layers_and_a_baseline_is_the_same_in_each(collection):
    _, _, data = drawn(collection, collection.keys[0], ["input_x_gradient", "random"])
    assert data["layers"] == [0, 1, 2, 3]
    assert [panel["rows"] for panel in data["panels"]] == [[0, 1, 2, 3], [0, 0, 0, 0]]
    _, _, alone = drawn(collection, collection.keys[0], ["random"])
    assert (alone["names"], alone["panels"][0]["headings"]) == (
        ["Whole model"],
        ["Score of the whole model"],
    )


def test_faithfulness_stands_where_it_was_measured(collection):
    _, scored, data = drawn(collection, collection.keys[0], ["input_x_gradient"], share=0.2)
    told = data["panels"][0]["perturbed"]
    best = collection.scores.labels.index(scored.predicted)
    first = next(p for p in scored.perturbed if (p.method, p.layer, p.share) == ("input_x_gradient", 0, 0.2))
    assert [p for _, p in told[0]] == [first.only[best], first.without[best]]
    assert told[1] == []  # only the first and the last layer were perturbed
    assert len(told[3]) == 2


def test_another_layer_or_pin_is_the_same_version_another_method_the_same_text(collection):
    from workbench.drawing import ViewState

    key = collection.keys[0]
    _, _, one = drawn(collection, key, ["input_x_gradient"], reader=ViewState(0))
    _, _, moved = drawn(collection, key, ["input_x_gradient"], reader=ViewState(3, (2, 5)))
    _, _, other = drawn(collection, key, ["attention.all"], reader=ViewState(0))
    assert (one["version"], one["text"]) == (moved["version"], moved["text"])
    assert one["version"] != other["version"]
    assert one["text"] == other["text"]


def test_long_documents_come_in_parts_but_are_counted_whole(hard):
    from workbench.drawing import ViewState, parts

    key = ("long", "long")
    document, scored, data = drawn(hard, key, ["input_x_gradient"], reader=ViewState(part=2))
    assert parts(document, scored, "words") == 3
    assert (data["offset"], len(data["units"])) == (8000, 1000)
    assert data["panels"][0]["levels"][0]["count"].endswith("of 9000")
    assert len(data["panels"][0]["scores"][0]) == len(data["human"]) == 1000


@pytest.mark.parametrize("units", ["words", "tokens"])
def test_everything_travels_as_json(hard, units):
    for key in hard.keys:
        _, _, data = drawn(hard, key, hard.scores.methods[:2], units=units)
        assert json.loads(json.dumps(data, allow_nan=False).encode("utf-8")) == data


def test_lone_surrogates_travel_as_replacement_characters():
    from workbench.units import safe

    assert safe("a\ud800b \U0001f600") == "a\ufffdb \U0001f600"


def test_without_a_human_there_are_no_hits_and_no_numbers(collection):
    from dataclasses import replace

    from workbench.collection import Collection
    from workbench.drawing import words_data

    document, scored = collection.open(collection.keys[0])
    nobody = replace(document, spans=(), annotated=False)
    layered = Collection("x", collection.scores, collection.documents).layered(
        nobody, scored, "input_x_gradient", "threshold"
    )
    data = words_data(nobody, scored, [layered], collection.scores.labels)
    assert data["human"] is None
    assert [text for _, text in data["panels"][0]["legend"]] == ["darker: higher score", "selected"]
    (group,) = data["panels"][0]["facts"][0]
    assert [name for name, _ in group["rows"]] == ["words selected"]


def test_words_beyond_the_model_are_neither_selected_nor_counted(material):
    """The covered words alone are the evaluation; the page says which are not."""
    from rationale.corpus import Documents
    from rationale.scores import ScoreOptions, score
    from workbench.collection import Collection

    long = Document("l", "l", ("tedious",) * 300, label="NEG", spans=(Span(0, 5), Span(290, 295)))
    documents = Documents([long], source="memory")
    options = ScoreOptions(methods=("input_x_gradient",), protocol="truncate")
    scores = score(material / "model", documents, options, device="cpu", progress=False)
    collection = Collection("x", scores, documents)
    for select in ("threshold", "top_k_gold"):
        _, scored, data = drawn(collection, ("l", "l"), ["input_x_gradient"], select)
        read = int(scored.covered.sum())
        assert 0 < read < 300
        assert data["kinds"] == [0] * read + [3] * (300 - read)
        assert not np.array(data["panels"][0]["marks"])[:, read:].any()
        assert data["panels"][0]["levels"][0]["count"].endswith(f"of {read}")
        assert ["unread", "not read by the model"] in data["panels"][0]["legend"]


def test_scores_of_another_text_are_refused(collection):
    from dataclasses import replace

    from rationale.corpus import Documents
    from rationale.errors import ScoresError
    from workbench.collection import Collection

    first = collection.documents[0]
    other = Documents([replace(first, words=(*first.words[:-1], "!"))], source="elsewhere")
    with pytest.raises(ScoresError, match="computed from another text"):
        Collection("x", collection.scores, other).open(first.key)
