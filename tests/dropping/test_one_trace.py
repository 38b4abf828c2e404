"""Who was dropped where is decided once: evaluate, trace, score and the app say the same of every system."""

import numpy as np
import pytest

from rationale.corpus import Document, Documents
from rationale.dropping.system import SYSTEMS
from rationale.evaluation.evaluate import Timing, evaluate
from rationale.evaluation.traces import trace_documents
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions, StoredScores, score
from rationale.scores.methods import decision_methods
from rationale.tokens import Windower, pack_windows
from tests.dropping.models import toy
from tests.lanes import first_fast
from tests.toys import MODELS, toy_tokenizer, wordy

DOCUMENTS = Documents([Document(str(n), str(n), wordy(n, n), label="POS") for n in (4, 35, 11)])


@pytest.mark.parametrize("system", first_fast(SYSTEMS))
def test_evaluate_trace_score_and_app_tell_of_one_run(system, tmp_path):
    from workbench.collection import Collection
    from workbench.panels import CHOSEN, DROPPED_BEFORE, DROPPED_HERE

    toy(system).save_pretrained(tmp_path / "model")
    toy_tokenizer(MODELS["bert"][0]).save_pretrained(tmp_path / "model")
    classifier = load_classifier(tmp_path / "model", device="cpu")
    told = []
    evaluation = evaluate(classifier, DOCUMENTS, Timing(0), progress=False, tell=told.append)
    traced = list(trace_documents(classifier, DOCUMENTS, progress=False))
    options = ScoreOptions(decision_methods(classifier.policy), protocol="truncate")
    score(classifier, DOCUMENTS, options, out=tmp_path / "scores", progress=False)
    scores = StoredScores(tmp_path / "scores")
    opened = Collection("toy", scores, DOCUMENTS)
    for document, one, same, row in zip(DOCUMENTS, traced, told, evaluation.predictions, strict=True):
        way, scored = one.way, scores.get(document.key)
        assert np.array_equal(same.way.kept, way.kept)
        assert list(row.tokens_kept) == [len(one.tokens), *way.lengths.tolist()]
        assert np.array_equal(scored.kept, way.kept)
        assert np.array_equal(scored.token_scores["kept"] > 0, way.kept)
        np.testing.assert_allclose(scored.policy_scores, way.scores, atol=1e-5, rtol=1e-4)
        np.testing.assert_allclose(scored.policy_thresholds[:, 0], way.thresholds, atol=1e-5, rtol=1e-4)
        layered = opened.layered(document, scored, "kept", "threshold")
        assert layered.decision_point == way.decision_point == classifier.policy.decision_point
        assert np.array_equal(layered.tokens, way.kept)
        met = np.where(np.isnan(way.scores), np.nan, way.thresholds[:, None])
        np.testing.assert_allclose(layered.thresholds, met, atol=1e-5, rtol=1e-4)
        for word in range(len(document.words)):
            left = int(way.dropped[one.word == word].max())
            for layer in range(way.layers):
                expected = CHOSEN if left > layer else DROPPED_HERE if left == layer else DROPPED_BEFORE
                assert layered.marks[layer, word] == expected
                assert scored.kept_words[layer, word] == (expected == CHOSEN)
    everything = next(kind for kind in evaluation.survival.kinds if kind.name == "all words")
    kept = np.concatenate([scores.get(d.key).kept_words for d in DOCUMENTS], axis=1)
    assert everything.survival == pytest.approx(kept.mean(axis=1))
    assert not all(one.way.kept.all() for one in traced)  # something was dropped


def test_a_hard_and_a_masked_run_carry_one_trace(tmp_path):
    toy("ltp").save_pretrained(tmp_path)
    toy_tokenizer(MODELS["bert"][0]).save_pretrained(tmp_path)
    classifier = load_classifier(tmp_path, device="cpu")
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    packed = pack_windows([windower(document).windows[0] for document in DOCUMENTS])
    for ours, theirs in zip(classifier.hard(packed).traces(), classifier.mask(packed).traces(), strict=True):
        assert ours.kept.dtype == np.bool_
        assert np.array_equal(ours.kept, theirs.kept)
