"""A dropping model is scored like any other, and its own decisions are scores."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from rationale.agreement import agree
from rationale.agreement.agree import read_eta
from rationale.agreement.correlation import correlate
from rationale.agreement.result import selecting
from rationale.corpus import Document, Documents, Span
from rationale.dropping.run import hard
from rationale.dropping.trace import trace
from rationale.encoder.loading import load_classifier
from rationale.errors import ModelError, ScoresError
from rationale.scores import ONE_PASS, Faithfulness, ScoreOptions, score
from rationale.study.traces import trace_documents
from rationale.tokens import Windower, pack, pack_windows
from tests.dropping.test_run import dropping_model
from tests.toys import MODELS, toy_classifier, toy_tokenizer, wordy


@pytest.fixture(params=MODELS)
def classifier(request, tmp_path):
    dropping_model(request.param).save_pretrained(tmp_path)
    toy_tokenizer(MODELS[request.param][0]).save_pretrained(tmp_path)
    return load_classifier(tmp_path, device="cpu")


@pytest.fixture
def documents():
    return Documents([Document(str(n), str(n), wordy(n, n), label="POS") for n in (4, 11, 9, 16)])


def test_predictions_are_those_of_the_hard_run(classifier, documents):
    scores = score(classifier, documents, ScoreOptions((*ONE_PASS, "contribution")), progress=False)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    for document, scored in zip(documents, scores, strict=True):
        (window,) = windower(document).windows
        with torch.no_grad():
            run = hard(classifier.encoder.inner, classifier.encoder.system, pack_windows([window]))
        expected = classifier.probabilities(run.logits)[0].numpy()
        np.testing.assert_allclose(scored.probabilities, expected, atol=1e-5)


def test_what_a_model_keeps_is_compared_with_no_share_of_words(classifier, documents):
    """Faithfulness removes all words it keeps, and of the others a share."""
    marked = Documents([replace(document, spans=(Span(1, 3),)) for document in documents])
    options = ScoreOptions(("contribution", "alive"), faithfulness=Faithfulness(0.2))
    agreement = agree(score(classifier, marked, options, progress=False), marked, resamples=20)
    there = {(r["method"], r["metric"]) for r in agreement.records if r["value"] is not None}
    assert {("alive", "comprehensiveness"), ("contribution", "comprehensiveness")} <= there
    compared = {(c["method"], c["other"], c["metric"]) for c in agreement.comparisons}
    assert ("contribution", "alive", "ap") in compared
    assert not any("alive" in pair and pair[2] == "comprehensiveness" for pair in compared)
    found = correlate(agreement, resamples=20)
    assert {one["method"] for one in found["within"]} == {"contribution"}
    assert selecting(agreement.recipe) == ["alive"]


def test_contribution_and_alive_are_the_traces(classifier, documents):
    scores = score(classifier, documents, ScoreOptions(("contribution", "alive")), progress=False)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    for document, scored in zip(documents, scores, strict=True):
        (window,) = windower(document).windows
        packed = pack_windows([window])
        _, (said,) = trace(classifier.encoder.inner, classifier.encoder.system, packed)
        for layer in range(said.layers):
            got = scored.token_scores["contribution"][layer]
            np.testing.assert_allclose(got, np.nan_to_num(said.scores[layer]), atol=1e-5)
            assert np.array_equal(scored.token_scores["alive"][layer] > 0, said.alive(layer))


def test_delta_with_the_models_own_eta_is_what_passes_each_layer(classifier, documents):
    """n counts the tokens alive before the layer, so the selection is the model's decision itself."""
    scores = score(classifier, documents, ScoreOptions(("contribution", "alive")), progress=False)
    eta = tuple(classifier.encoder.system.eta.tolist())
    for scored in scores:
        for layer, value in enumerate(eta):
            kept = scored.words["alive"][layer] > 0
            assert np.array_equal(scored.selected_by_delta("contribution", layer, value), kept)
    found = agree(scores, documents_with_rationales(documents), eta=eta, resamples=20)
    for layer in range(len(eta)):
        for metric in ("fpr", "recall", "selected_share"):
            ours = found.record(metric, "contribution", layer, "delta")
            theirs = found.record(metric, "alive", layer, "delta")
            assert ours["value"] == theirs["value"]


def documents_with_rationales(documents):
    return Documents([replace(d, spans=(Span(1, 3),)) for d in documents])


def test_faithfulness_of_alive_is_that_of_what_each_layer_keeps(classifier, documents):
    options = ScoreOptions(("alive",), faithfulness=Faithfulness(0.2))
    scores = score(classifier, documents, options, progress=False)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    system = classifier.encoder.system
    for document, scored in zip(documents, scores, strict=True):
        (window,) = windower(document).windows
        _, (said,) = trace(classifier.encoder.inner, system, pack_windows([window]))
        assert [p.layer for p in scored.perturbed] == list(range(said.layers))
        for one in scored.perturbed:
            kept = {int(w) for w in window.word[said.dropped > one.layer] if w >= 0}
            for wanted, got in ((True, one.only), (False, one.without)):
                stays = np.array([w < 0 or (int(w) in kept) is wanted for w in window.word])
                places = np.flatnonzero(stays).astype(np.int32)
                packed = pack([window.ids[stays]], [window.types[stays]], [places])
                with torch.no_grad():
                    expected = hard(classifier.encoder.inner, system, packed).logits
                np.testing.assert_allclose(got, classifier.probabilities(expected)[0], atol=1e-5)


def test_the_dropped_receive_no_attention(classifier, documents):
    scores = score(
        classifier, documents, ScoreOptions(("saliency", "attention.all", "alive")), progress=False
    )
    for scored in scores:
        gone = scored.token_scores["alive"][0] == 0
        assert (scored.token_scores["attention.all"][0][gone] < 1e-6).all()


def test_a_plain_model_decides_nothing():
    documents = Documents([Document("a", "a", ("word",))])
    with pytest.raises(ModelError, match=r"contribution is what .* this one drops none.*rationale train"):
        score(toy_classifier("bert"), documents, ScoreOptions(("contribution",)))


def test_a_dropping_model_of_another_kind_says_what_it_has(tmp_path):
    dropping_model("bert").save_pretrained(tmp_path)
    toy_tokenizer("wordpiece").save_pretrained(tmp_path)
    documents = Documents([Document("a", "a", ("word",))])
    with pytest.raises(ModelError, match=r"this one has contribution, alive.*Ask for contribution, alive"):
        score(load_classifier(tmp_path, device="cpu"), documents, ScoreOptions(("decision",)))


def test_eta_is_read_from_the_folder(tmp_path):
    dropping_model("bert", eta=0.5).save_pretrained(tmp_path)
    assert read_eta(tmp_path) == (0.5, 0.5, 0.5)


def damaged(classifier, tmp_path, change):
    """The model's folder with other weights or another config."""
    folder = tmp_path / "damaged"
    classifier.encoder.model.save_pretrained(folder)
    classifier.tokenizer.save_pretrained(folder)
    weights, config = (
        load_file(folder / "model.safetensors"),
        json.loads((folder / "config.json").read_text()),
    )
    change(weights, config)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_model_that_decides_by_nan_is_refused(classifier, documents, tmp_path):
    """A NaN reaches no threshold: without a check all tokens would leave, and nothing would tell."""

    def poison(weights, config):
        name = "system.predictors.1.0.weight"
        weights[name] = torch.full_like(weights[name], torch.nan)

    broken = load_classifier(damaged(classifier, tmp_path, poison), device="cpu")
    for ask in (("alive",), ("saliency",)):
        with pytest.raises(ModelError, match="NaN or infinite scores in layer 1"):
            score(broken, documents, ScoreOptions(ask), progress=False)
    with pytest.raises(ModelError, match="NaN or infinite scores in layer 1"):
        list(trace_documents(broken, documents, progress=False))


@pytest.mark.parametrize("eta", [[0.01, 0.01, 0.01], [0.25], None, "much", [0.25, 0.25, float("nan")]])
def test_config_and_weights_have_to_tell_of_one_eta(classifier, tmp_path, eta):
    folder = damaged(classifier, tmp_path, lambda weights, config: config.update(eta=eta))
    with pytest.raises(ModelError, match=r"config\.json says eta is .*, and the weights hold"):
        load_classifier(folder, device="cpu")


def test_missing_weights_of_the_system_are_called_that(classifier, tmp_path):
    folder = damaged(classifier, tmp_path, lambda weights, config: weights.pop("system.eta"))
    with pytest.raises(ModelError, match=r"the dropping model lacks weights \(system.eta\)"):
        load_classifier(folder, device="cpu")


def test_scores_are_not_compared_with_another_models_eta(classifier, documents):
    scores = score(classifier, documents, ScoreOptions(("contribution", "alive")), progress=False)
    for other in ((0.01,) * 3, (0.25,) * 7):
        with pytest.raises(ScoresError, match="the scored model's own is"):
            agree(scores, documents_with_rationales(documents), eta=other, resamples=20)
