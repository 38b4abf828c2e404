"""Conditions of the top-k study: which words they keep, how many, and what is no condition."""

import numpy as np
import pytest

from rationale.commands.study import _conditions
from rationale.corpus import Document, Span
from rationale.errors import RationaleError, ScoresError
from rationale.loading.classifier import load_classifier
from rationale.scores import METHODS, ScoreOptions, score
from rationale.scores.scored import ScoredDocument
from rationale.study.topk.budget import Budget
from rationale.study.topk.conditions import Condition
from tests.training.toy_training import planted, save_classifier, save_encoder

REPORTED = planted(40, seed=2, split="test")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("toy") / "encoder")


DOCUMENT = Document("1", "1", tuple("abcdefgh"), spans=(Span(2, 4), Span(6, 7)))


@pytest.mark.parametrize(
    ("text", "k", "expected"),
    [
        ("full", 1, [0, 1, 2, 3, 4, 5]),
        ("human", 9, [2, 3]),
        ("not-human", 9, [0, 1, 4, 5]),
        ("lead", 2, [0, 1]),
        ("not-lead", 2, [2, 3, 4, 5]),
    ],
)
def test_conditions_without_scores_keep_words_of_the_window(text, k, expected):
    covered = np.arange(8) < 6
    assert np.flatnonzero(Condition.parse(text).words(DOCUMENT, covered, k, None, 0)).tolist() == expected


@pytest.mark.parametrize("seed", [0, 1, 17])
def test_random_words_are_those_the_random_score_ranks_first(seed):
    """One seed and one document have one random order, whoever draws it."""
    scores = METHODS.get("random").words(DOCUMENT, seed)
    for k in range(1, 9):
        kept = Condition.parse("random").words(DOCUMENT, np.ones(8, bool), k, None, seed)
        assert set(np.flatnonzero(kept)) == set(np.argsort(-scores)[:k])


def test_random_words_are_the_same_for_one_seed_and_others_for_another():
    covered, condition = np.ones(8, bool), Condition.parse("random")
    kept = [tuple(np.flatnonzero(condition.words(DOCUMENT, covered, 3, None, seed))) for seed in range(30)]
    assert kept[0] == tuple(np.flatnonzero(condition.words(DOCUMENT, covered, 3, None, 0)))
    assert len(set(kept)) > 10
    assert all(len(words) == 3 for words in kept)


@pytest.mark.parametrize("layer", [0, 1])
def test_scored_conditions_keep_the_best_words_of_their_layer(encoder, tmp_path, layer):
    classifier = load_classifier(save_classifier(tmp_path / "model", ("NEG", "POS")), device="cpu")
    for target in ("predicted", "gold"):
        scored = score(
            classifier,
            REPORTED,
            ScoreOptions(("input_x_gradient", "rollout.all"), target=target),
            progress=False,
        )
        for document in REPORTED[:5]:
            own = scored.get(document.key)
            for method in ("input_x_gradient", "rollout.all"):
                condition = Condition.parse(
                    f"{method}:{target}@{layer}" if method == "input_x_gradient" else f"{method}@{layer}"
                )
                kept = condition.words(document, np.ones(len(document.words), bool), 2, own, 0)
                expected = sorted(
                    range(len(document.words)), key=lambda i: (-own.words[method][layer][i], i)
                )[:2]
                assert set(np.flatnonzero(kept)) == set(expected)
    with pytest.raises(ScoresError, match="has no scores of"):
        Condition.parse("input_x_gradient").words(DOCUMENT, np.ones(8, bool), 2, None, 0)


def test_words_that_were_dropped_go_by_the_layers_before_the_nearest_first():
    """Eight words, three layers; only the first word is left in the last, c and d in the one before."""
    scores = [
        [0.1, 0.2, 0.1, 0.1, 0.05, 0.05, 0.3, 0.1],
        [0.4, 0, 0.1, 0.5, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0, 0],
    ]
    scored = ScoredDocument.__new__(ScoredDocument)
    for name, value in (
        ("layers", {"policy_score": (0, 1, 2)}),
        ("words", {"policy_score": np.array(scores)}),
    ):
        object.__setattr__(scored, name, value)
    order = [0, 3, 2, 6, 1, 7, 4, 5]  # the last two are equal everywhere: the earlier
    for k in range(1, 9):
        kept = Condition.parse("policy_score@2").words(DOCUMENT, np.ones(8, bool), k, scored, 0)
        assert set(np.flatnonzero(kept)) == set(order[:k])


@pytest.mark.parametrize(("text", "words", "rationale", "k"), [
    ("rationale", 50, 7, 7), ("20%", 41, 7, 9), ("30", 41, 7, 30), ("7%", 100, 1, 7), ("14%", 100, 1, 14),
    ("30", 12, 7, 12), ("100%", 9, 1, 9),
    ("1%", 9, 1, 1),
])  # fmt: skip
def test_a_budget_is_the_rationale_s_a_share_or_a_number(text, words, rationale, k):
    assert Budget.parse(text).of(words=words, rationale=rationale) == k


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "human@2",
        "not-full",
        "saliency:silver",
        "random:gold",
        "rollout.all:gold",
        "policy_score:gold",
        "position@2",
        "saliency@\u0663",
    ],
)
def test_conditions_that_are_none_are_refused(text):
    with pytest.raises(RationaleError):
        Condition.parse(text)


@pytest.mark.parametrize("text", ["0", "-3", "0%", "101%", "all", "2.5", "%"])
def test_budgets_that_are_none_are_refused(text):
    with pytest.raises(RationaleError, match="the budget is"):
        Budget.parse(text)


def test_a_layer_is_that_of_dropping_conditions_that_name_none():
    texts = [
        condition.text
        for condition in _conditions(
            "input_x_gradient,policy_score,kept@1,not-policy_score", 2, complement=False
        )
    ]
    assert texts == ["input_x_gradient", "policy_score@2", "kept@1", "not-policy_score@2"]
