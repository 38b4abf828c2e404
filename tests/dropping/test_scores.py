"""A dropping model is scored like any other, and its own decisions are scores."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file

from rationale.agreement import agree, read_eta
from rationale.agreement.correlation import correlate
from rationale.agreement.measure import AgreementOptions, measure
from rationale.agreement.result import selecting
from rationale.artifacts.scores import old_digest
from rationale.artifacts.seal import SEAL
from rationale.corpus import Document, Documents, Span
from rationale.dropping.run import hard
from rationale.errors import ModelError, ScoresError
from rationale.evaluation.traces import trace_documents
from rationale.loading.classifier import load_classifier
from rationale.report.eraser import export_eraser
from rationale.report.exports import Choice
from rationale.scores import Faithfulness, NaopcOptions, ScoreOptions, StoredScores, one_pass_methods, score
from rationale.tokens import Windower, pack, pack_windows
from tests.agreement.making import above
from tests.dropping.models import dropping_model
from tests.lanes import first_fast
from tests.toys import MODELS, toy_classifier, toy_tokenizer, wordy


@pytest.fixture(params=first_fast(MODELS), scope="module")
def classifier(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    dropping_model(request.param).save_pretrained(folder)
    toy_tokenizer(MODELS[request.param][0]).save_pretrained(folder)
    return load_classifier(folder, device="cpu")


@pytest.fixture
def documents():
    return Documents([Document(str(n), str(n), wordy(n, n), label="POS") for n in (4, 11, 9, 16)])


def test_predictions_are_those_of_the_hard_run(classifier, documents):
    scores = score(classifier, documents, ScoreOptions((*one_pass_methods(), "policy_score")), progress=False)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    for document, scored in zip(documents, scores, strict=True):
        (window,) = windower(document).windows
        with torch.no_grad():
            run = hard(classifier.encoder, classifier.policy, pack_windows([window]))
        expected = classifier.probabilities(run.logits)[0].numpy()
        np.testing.assert_allclose(scored.probabilities, expected, atol=1e-5)


def test_what_a_model_keeps_is_compared_with_no_share_of_words(classifier, documents):
    """Faithfulness removes all words it keeps, and of the others a share."""
    marked = Documents([replace(document, spans=(Span(1, 3),)) for document in documents])
    options = ScoreOptions(("policy_score", "kept"), faithfulness=Faithfulness(0.2))
    agreement = agree(score(classifier, marked, options, progress=False), marked, resamples=20)
    there = {(r.method, r.metric) for r in agreement.records if r.value is not None}
    assert {("kept", "comprehensiveness"), ("policy_score", "comprehensiveness")} <= there
    compared = {(c.method, c.other, c.metric) for c in agreement.comparisons}
    assert ("policy_score", "kept", "ap") in compared
    assert not any("kept" in pair and pair[2] == "comprehensiveness" for pair in compared)
    found = correlate(agreement, resamples=20)
    assert {one.method for one in found.within} == {"policy_score"}
    assert selecting(agreement.recipe) == ["kept"]


def test_policy_score_and_kept_are_the_traces(classifier, documents):
    scores = score(classifier, documents, ScoreOptions(("policy_score", "kept")), progress=False)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    for document, scored in zip(documents, scores, strict=True):
        (window,) = windower(document).windows
        packed = pack_windows([window])
        (said,) = hard(classifier.encoder, classifier.policy, packed).traces()
        for layer in range(said.layers):
            got = scored.token_scores["policy_score"][layer]
            np.testing.assert_allclose(got, np.nan_to_num(said.scores[layer]), atol=1e-5)
            assert np.array_equal(scored.token_scores["kept"][layer] > 0, said.kept[layer])


def test_the_models_own_threshold_is_what_passes_each_layer(classifier, documents):
    """eta and n are the model's own, unasked: the selection is its decision itself."""
    scores = score(classifier, documents, ScoreOptions(("policy_score", "kept")), progress=False)
    eta = tuple(classifier.policy.eta.tolist())
    for scored in scores:
        for layer, value in enumerate(eta):
            kept = scored.words["kept"][layer] > 0
            assert np.array_equal(above(scored, "policy_score", layer, value), kept)
            assert np.array_equal(scored.kept_words[layer], kept)
    found = agree(scores, documents_with_rationales(documents), resamples=20)
    assert found.recipe.agreement.eta == tuple(eta)
    for layer in range(len(eta)):
        for metric in ("fpr", "recall", "selected_share"):
            ours = found.record(metric, "policy_score", layer, "threshold")
            theirs = found.record(metric, "kept", layer, "threshold")
            assert ours.value == theirs.value
            assert ours.rule == "model's own threshold eta/n, n = tokens kept before the layer"
            assert theirs.rule == "the tokens that the model keeps"


@pytest.mark.slow
def test_a_number_does_not_depend_on_what_else_was_asked_for(classifier, documents, tmp_path):
    """Each method alone, with `kept`, and with all others: the same records, in memory and from disk."""
    human = documents_with_rationales(documents)
    methods = ("policy_score", "rollout.all", "input_x_gradient.sum", "random")
    everything = score(classifier, human, ScoreOptions((*methods, "kept")), progress=False)
    wanted = agree(everything, human, resamples=20).records
    for method in methods:
        for others in ((), ("kept",)):
            out = tmp_path / f"{method}{len(others)}"
            alone = score(classifier, human, ScoreOptions((method, *others)), out=out, progress=False)
            records = agree(alone, human, resamples=20).records
            mine = [r for r in records if r.method == method]
            assert mine == [r for r in wanted if r.method == method]


def test_numbers_are_those_of_a_reading_of_the_parquet_files(classifier, documents, tmp_path):
    """FPR, precision and recall by plain loops over the stored tokens, thresholds included."""
    human = documents_with_rationales(documents)
    options = ScoreOptions(("policy_score", "attention.all", "random"))
    score(classifier, human, options, out=tmp_path / "scores", progress=False)
    found = agree(StoredScores(tmp_path / "scores"), human, resamples=5)
    (part,) = (tmp_path / "scores").glob("part-*")
    rows = pq.read_table(part / "documents.parquet").to_pylist()
    eta = classifier.policy.eta.tolist()
    for entry in pq.read_table(part / "scores.parquet").to_pylist():
        rows[entry["document"]].setdefault("of", {})[entry["method"], entry["layer"]] = entry["tokens"]
    for method, layer in rows[0]["of"]:
        values = {"fpr": [], "precision": [], "recall": []}
        for row in rows:
            chosen = set()
            for token, word in enumerate(row["token_word"]):
                there = [w == row["token_window"][token] for w in row["token_window"]]
                if layer:
                    there = [t and k for t, k in zip(there, row["kept"][layer - 1], strict=True)]
                score_ = np.float32(row["of"][method, layer][token])
                if word >= 0 and score_ >= np.float32(eta[layer]) / np.float32(sum(there)):
                    chosen.add(word)
            truth = set(np.flatnonzero(human.get((row["id"], row["docid"])).rationale).tolist())
            values["fpr"].append(len(chosen - truth) / (len(row["covered"]) - len(truth)))
            values["precision"].append(len(chosen & truth) / max(1, len(chosen)))
            values["recall"].append(len(chosen & truth) / len(truth))
        for metric, each in values.items():
            assert found.record(metric, method, layer, "threshold").value == pytest.approx(np.mean(each))


def before_kept(folder, *, tokens_kept):
    """A score folder as the version before `kept` wrote it."""
    recipe = json.loads((folder / "recipe.json").read_text())
    del recipe["kept"], recipe["seal"]
    (folder / "recipe.json").write_text(json.dumps(recipe))
    for path in folder.glob("part-*/documents.parquet"):
        table = pq.read_table(path).drop_columns(["kept"])
        pq.write_table(table, path, compression="zstd", write_page_checksum=True)
    for seal in folder.glob(f"part-*/{SEAL}"):
        seal.unlink()
    parts = {part.name: old_digest(part) for part in folder.glob("part-*")}
    (folder / "COMPLETE").write_text(json.dumps({"parts": parts}))
    assert ("kept" in recipe["methods"]) is tokens_kept


def test_scores_of_an_earlier_version_open_and_never_count_otherwise(classifier, documents, tmp_path):
    """With `kept` they say what is kept; without it there is no threshold, and the remedy is named."""
    human = documents_with_rationales(documents)
    for methods in (("rollout.all", "kept"), ("rollout.all",)):
        score(classifier, human, ScoreOptions(methods), out=tmp_path / "new", progress=False)
        wanted = agree(StoredScores(tmp_path / "new"), human, resamples=5)
        before_kept(tmp_path / "new", tokens_kept=len(methods) == 2)
        old = StoredScores(tmp_path / "new")
        found = agree(old, human, resamples=5)
        if len(methods) == 2:
            assert found.records == wanted.records
        else:
            assert found.records == tuple(r for r in wanted.records if r.select != "threshold")
            assert ["Score this data again" in note for note in found.recipe.agreement.notes] == [True]
            with pytest.raises(ScoresError, match=r"how many enter each layer.*Score this data again"):
                agree(old, human, select="threshold", resamples=5)
            with pytest.raises(ScoresError, match=r"how many enter each layer.*--select top_k_gold"):
                export_eraser(old, human, tmp_path / "out", Choice("rollout.all", 1))
            assert not (tmp_path / "out").exists()
            with pytest.raises(ScoresError, match="Score this data again"):
                measure(old, human, AgreementOptions())
        shutil.rmtree(tmp_path / "new")


def test_export_selects_what_agree_counts(classifier, documents, tmp_path):
    human = documents_with_rationales(documents)
    scores = score(classifier, human, ScoreOptions(("policy_score",)), progress=False)
    found = agree(scores, human, resamples=5)
    for layer in scores.layers("policy_score"):
        export_eraser(scores, human, tmp_path / f"{layer}", Choice("policy_score", layer))
        shares = []
        for line in map(json.loads, (tmp_path / f"{layer}").read_text().splitlines()):
            (one,) = line["rationales"]
            spans = one["hard_rationale_predictions"]
            words = len(one["soft_rationale_predictions"])
            shares.append(sum(s["end_token"] - s["start_token"] for s in spans) / words)
        record = found.record("selected_share", "policy_score", layer, "threshold")
        assert record.value == pytest.approx(np.mean(shares))


def documents_with_rationales(documents):
    return Documents([replace(d, spans=(Span(1, 3),)) for d in documents])


def test_faithfulness_of_alive_is_that_of_what_each_layer_keeps(classifier, documents):
    options = ScoreOptions(("kept",), faithfulness=Faithfulness(0.2))
    scores = score(classifier, documents, options, progress=False)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    system = classifier.policy
    for document, scored in zip(documents, scores, strict=True):
        (window,) = windower(document).windows
        (said,) = hard(classifier.encoder, system, pack_windows([window])).traces()
        assert [p.layer for p in scored.perturbed] == list(range(said.layers))
        for one in scored.perturbed:
            kept = {int(w) for w in window.word[said.dropped > one.layer] if w >= 0}
            for wanted, got in ((True, one.only), (False, one.without)):
                stays = np.array([w < 0 or (int(w) in kept) is wanted for w in window.word])
                places = np.flatnonzero(stays).astype(np.int32)
                packed = pack([window.ids[stays]], [window.types[stays]], [places])
                with torch.no_grad():
                    expected = hard(classifier.encoder, system, packed).logits
                np.testing.assert_allclose(got, classifier.probabilities(expected)[0], atol=1e-5)


def test_soft_forms_and_naopc_of_a_dropping_model_leave_kept_out(classifier, documents):
    settings = Faithfulness(0.2, soft=2, naopc=NaopcOptions(words=9, exact=4, beam=1))
    options = ScoreOptions(("input_x_gradient", "kept"), faithfulness=settings)
    for one in score(classifier, documents, options, progress=False):
        assert {name for name, _ in one.softened} == {"input_x_gradient"}
        assert {name for name, _ in one.orders} == ({"input_x_gradient"} if one.covered.sum() <= 9 else set())
        assert len(one.nothing) == len(classifier.labels)


def test_the_dropped_receive_no_attention(classifier, documents):
    scores = score(
        classifier, documents, ScoreOptions(("input_x_gradient", "attention.all", "kept")), progress=False
    )
    for scored in scores:
        gone = scored.token_scores["kept"][0] == 0
        assert (scored.token_scores["attention.all"][0][gone] < 1e-6).all()


def test_a_plain_model_decides_nothing():
    documents = Documents([Document("a", "a", ("word",))])
    with pytest.raises(ModelError, match=r"policy_score is what .* this one drops none.*rationale train"):
        score(toy_classifier("bert"), documents, ScoreOptions(("policy_score",)))


def test_eta_is_read_from_the_folder(tmp_path):
    dropping_model("bert", eta=0.5).save_pretrained(tmp_path)
    assert read_eta(tmp_path) == (0.5, 0.5, 0.5)


def damaged(classifier, tmp_path, change):
    """The model's folder with other weights or another config."""
    folder = tmp_path / "damaged"
    classifier.model.save_pretrained(folder)
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
    for ask in (("kept",), ("input_x_gradient",)):
        with pytest.raises(ModelError, match="NaN or infinite scores in layer 1"):
            score(broken, documents, ScoreOptions(ask), progress=False)
    with pytest.raises(ModelError, match="NaN or infinite scores in layer 1"):
        list(trace_documents(broken, documents, progress=False))


@pytest.mark.slow
@pytest.mark.parametrize("eta", [[0.01, 0.01, 0.01], [0.25], None, "much", [0.25, 0.25, float("nan")]])
def test_config_and_weights_have_to_tell_of_one_eta(classifier, tmp_path, eta):
    folder = damaged(classifier, tmp_path, lambda weights, config: config.update(eta=eta))
    with pytest.raises(ModelError, match=r"config\.json says eta is .*, and the weights hold"):
        load_classifier(folder, device="cpu")


def test_missing_weights_of_the_system_are_called_that(classifier, tmp_path):
    folder = damaged(classifier, tmp_path, lambda weights, config: weights.pop("system.eta"))
    with pytest.raises(ModelError, match=r"the dropping model lacks weights \(system.eta\)"):
        load_classifier(folder, device="cpu")


def test_another_eta_overrides_and_is_named(classifier, documents):
    """Of as many layers only: the numbers say whose threshold it is."""
    human = documents_with_rationales(documents)
    scores = score(classifier, human, ScoreOptions(("policy_score",)), progress=False)
    count = classifier.encoder.layers
    found = agree(scores, human, eta=(0.01,) * count, eta_from="other", resamples=5)
    record = found.record("fpr", "policy_score", 1, "threshold")
    assert record.rule == "threshold eta/n, eta of other, n = tokens kept before the layer"
    (note,) = found.recipe.agreement.notes
    assert "not the scored model's own (0.25, 0.25, 0.25" in note
    own = agree(scores, human, eta=(0.25,) * count, eta_from="copy", resamples=5)
    assert own.records == agree(scores, human, resamples=5).records
    with pytest.raises(ScoresError, match=f"eta has 7 layers, and the scored model has {count}"):
        agree(scores, human, eta=(0.25,) * 7, resamples=5)


def test_a_layer_without_a_threshold_selects_nothing_by_it(classifier, documents):
    human = documents_with_rationales(documents)
    scores = score(classifier, human, ScoreOptions(("policy_score", "kept")), progress=False)
    count = classifier.encoder.layers
    eta = [None if layer == 1 else 0.25 for layer in range(count)]
    found = agree(scores, human, eta=eta, resamples=5)
    there = {(r.method, r.layer) for r in found.records if r.select == "threshold"}
    every = {(method, layer) for method in ("policy_score", "kept") for layer in range(count)}
    assert there == every - {("policy_score", 1)}
    assert found.record("ap", "policy_score", 1).value is not None
