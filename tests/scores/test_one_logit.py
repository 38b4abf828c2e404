"""A classifier of one logit has two classes: named, predicted, scored and counted like any other's."""

import json
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

import rationale
from rationale.agreement import agree
from rationale.corpus.document import Document, Documents, Span
from rationale.errors import ModelError
from rationale.evaluation.evaluate import Timing, evaluate
from rationale.loading.classifier import load_classifier
from rationale.scores import METHODS, Faithfulness, ScoreOptions
from tests.toys import toy_folder, wordy

LABELS = ("NEG", "POS")
RANDOM = ScoreOptions(methods=("random",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of one logit that is as often high as low."""
    folder = shutil.copytree(toy_folder("bert", outputs=1), tmp_path_factory.mktemp("one") / "model")
    plain = load_classifier(folder, device="cpu")
    texts = Documents([Document(str(n), str(n), wordy(8, n)) for n in range(12)])
    chances = [one.probabilities[1] for one in rationale.score(plain, texts, RANDOM, progress=False)]
    weights = load_file(folder / "model.safetensors")
    middle = np.median(np.log(chances) - np.log1p(-np.array(chances)))
    weights["classifier.bias"] -= float(middle)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def one(folder):
    return load_classifier(folder, device="cpu", labels=LABELS)


@pytest.fixture(scope="module")
def two(folder, tmp_path_factory):
    """The same model with two outputs, of which the first is always 0: softmax is then the sigmoid."""
    folder = shutil.copytree(folder, tmp_path_factory.mktemp("two") / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "NEG", "1": "POS"}, "label2id": {"NEG": 0, "POS": 1}}
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        row = weights[name]
        weights[name] = row.new_zeros(2, *row.shape[1:])
        weights[name][1] = row[0]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return load_classifier(folder, device="cpu")


@pytest.fixture(scope="module")
def documents(two):
    texts = [wordy(8, seed) for seed in range(12)]
    scored = rationale.score(
        two,
        Documents([Document(str(n), str(n), text) for n, text in enumerate(texts)]),
        RANDOM,
        progress=False,
    )
    wrong = {3, 7}  # a model that errs twice
    return Documents(
        Document(one.id, one.docid, texts[n], label=_other(one.predicted, n in wrong), spans=(Span(1, 3),))
        for n, one in enumerate(scored)
    )


def _other(label, wrong):
    return {"NEG": "POS", "POS": "NEG"}[label] if wrong else label


@pytest.mark.parametrize("target", ["predicted", "gold"])
def test_it_scores_like_the_same_model_with_two_logits(one, two, documents, target):
    """Each class's own log-odds are explained: the gradients' norms are equal, signed scores too up to 2."""
    methods = ("input_x_gradient", "input_x_gradient.sum", "attention.all", "random")
    options = ScoreOptions(methods=methods, target=target, faithfulness=Faithfulness(0.3))
    found = rationale.score(one, documents, options, progress=False)
    expected = rationale.score(two, documents, options, progress=False)
    predictions = set()
    for left, right in zip(found, expected, strict=True):
        assert left.predicted == right.predicted
        np.testing.assert_allclose(left.probabilities, right.probabilities, atol=1e-6)
        predictions.add(left.predicted)
        if (target == "predicted" and left.predicted == "POS") or (target == "gold" and left.label == "POS"):
            for method in methods:  # the other class's logit is 0, so only this one's can be compared
                np.testing.assert_allclose(left.words[method], right.words[method], atol=1e-5)
            for a, b in zip(left.perturbed, right.perturbed, strict=True):
                np.testing.assert_allclose(a.without, b.without, atol=1e-6)
                np.testing.assert_allclose(a.only, b.only, atol=1e-6)
    assert predictions == set(LABELS)


def test_evidence_for_one_class_is_evidence_against_the_other(one):
    text = wordy(8)
    scores = {}
    for label in LABELS:
        documents = Documents([Document("a", "a", text, label=label)])
        options = ScoreOptions(methods=("input_x_gradient.sum",), target="gold")
        (scored,) = rationale.score(one, documents, options, progress=False)
        scores[label] = scored.words["input_x_gradient.sum"]
    np.testing.assert_allclose(scores["NEG"], -scores["POS"], atol=1e-6)


@pytest.mark.parametrize("name", ["integrated_gradients", "deep_lift", "occlusion"])
def test_captum_explains_both_classes(one, name):
    if name not in METHODS:
        pytest.skip(f"there is no {name}")
    found = {}
    for label in LABELS:
        documents = Documents([Document("a", "a", wordy(6), label=label)])
        (scored,) = rationale.score(one, documents, ScoreOptions((name,), "gold"), progress=False)
        found[label] = scored.words[name]
    np.testing.assert_allclose(found["NEG"], -found["POS"], atol=1e-4)


def test_accuracy_is_counted(one, two, documents):
    right = sum(d.label == s.predicted for d, s in zip(documents, _scored(one, documents), strict=True))
    found = agree(_scored(one, documents), documents, resamples=100).classification
    assert found.accuracy == pytest.approx(right / len(documents)) == pytest.approx(10 / 12)
    assert evaluate(one, documents, Timing(0)).metrics["accuracy"] == pytest.approx(10 / 12)
    assert evaluate(two, documents, Timing(0)).metrics["accuracy"] == pytest.approx(10 / 12)


def _scored(model, documents):
    return rationale.score(model, documents, RANDOM, progress=False)


@pytest.mark.parametrize(
    ("names", "labels"),
    [(None, ("not NEG", "NEG")), (["POS"], ("not POS", "POS")), (["NEG", "POS"], ("NEG", "POS"))],
)
def test_names_come_from_the_config_or_the_caller(names, labels):
    assert load_classifier(toy_folder("bert", outputs=1), device="cpu", labels=names).labels == labels


def test_three_names_for_one_logit_are_refused():
    with pytest.raises(ModelError, match="where the logit is low, then where it is high"):
        load_classifier(toy_folder("bert", outputs=1), device="cpu", labels=["a", "b", "c"])


def test_two_names_in_a_config_of_one_output_are_both_classes(tmp_path):
    """As who trains with BCE saves it; transformers alone refuses the shapes."""
    folder = shutil.copytree(toy_folder("bert", outputs=1), tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "no", "1": "yes"}
    (folder / "config.json").write_text(json.dumps(config))
    model = load_classifier(folder, device="cpu")
    plain = load_classifier(toy_folder("bert", outputs=1), device="cpu")
    assert model.labels == ("no", "yes")
    (one,), (other,) = (rationale.explain(m, "a quiet film") for m in (model, plain))
    assert one.probabilities == other.probabilities


def test_labels_can_be_given_from_python():
    (one,) = rationale.explain(toy_folder("bert"), "a film", device="cpu", labels=["bad", "good"])
    assert one.predicted in ("bad", "good")
    documents = Documents([Document("a", "a", ("film",), label="good")])
    loaded = load_classifier(toy_folder("bert"), device="cpu")
    scores = rationale.score(loaded, documents, labels=["bad", "good"], progress=False)
    assert scores.labels == ("bad", "good")
