"""The model of the demo learns the planted truth, and each score behaves on it as it should."""

import pytest

from rationale.agreement import agree
from rationale.corpus import load_documents
from rationale.demo import sample_classifier, sample_folder, sample_reviews
from rationale.scores import Faithfulness, ScoreOptions, score

METHODS = ("attention.all", "rollout.all", "deep_lift", "random")


@pytest.fixture(scope="module")
def agreement(trained_on_sample):
    documents = sample_reviews()
    options = ScoreOptions(methods=METHODS, faithfulness=Faithfulness(0.3, (0,)), batch_size=32)
    return agree(score(trained_on_sample, documents, options, progress=False), documents, resamples=50)


def value(agreement, method, metric="ap"):
    return agreement.record(metric, method, 0, None)["value"]


def test_it_learns_what_a_bag_of_words_cannot(trained_on_sample):
    documents = load_documents(str(sample_folder()), "val")
    scores = score(trained_on_sample, documents, ScoreOptions(methods=("random",)), progress=False)
    assert sum(s.predicted == s.label for s in scores) / len(documents) >= 0.88


def test_training_is_cached_by_content(trained_on_sample):
    assert sample_classifier(trained_on_sample.parent) == trained_on_sample


@pytest.mark.parametrize(
    ("method", "margin"), [("attention.all", 0.02), ("rollout.all", 0.02), ("deep_lift", 0.03)]
)
def test_scores_find_the_planted_words_better_than_chance(agreement, method, margin):
    assert value(agreement, method) >= value(agreement, "random") + margin


def test_signed_evidence_carries_the_prediction(agreement):
    random = value(agreement, "random", "comprehensiveness")
    assert value(agreement, "deep_lift", "comprehensiveness") > random + 0.3
