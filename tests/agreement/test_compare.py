"""Paired comparisons: which are made, what they say, and that the correction covers them all."""

import numpy as np
import pytest
import scipy.stats

from rationale.agreement import agree
from rationale.agreement.comparison import matches
from rationale.corpus.document import Documents
from rationale.metrics.statistics import holm
from tests.agreement.making import document, random_corpus
from tests.handmade import scored, scores_of


@pytest.fixture(scope="module")
def corpus():
    return random_corpus(seed=3, documents=30)


@pytest.fixture(scope="module")
def agreement(corpus):
    return agree(*corpus, resamples=300)


def test_methods_meet_in_the_same_layer_and_baselines_everywhere():
    rows = [("a", 0), ("a", 1), ("b", 0), ("b", 1), ("ig", 0), ("random", 0)]
    assert list(matches(rows, ["random"])) == [
        (("a", 0), ("b", 0)),
        (("a", 0), ("ig", 0)),
        (("a", 0), ("random", 0)),
        (("a", 1), ("b", 1)),
        (("a", 1), ("random", 0)),
        (("b", 0), ("ig", 0)),
        (("b", 0), ("random", 0)),
        (("b", 1), ("random", 0)),
        (("ig", 0), ("random", 0)),
    ]
    assert list(matches([("random", 0), ("a", 1)], ["random"])) == [(("a", 1), ("random", 0))]


def test_a_comparison_is_the_mean_difference_of_the_same_pairs(corpus, agreement):
    scores, _ = corpus
    for entry in agreement.comparisons:
        place = {"metric": entry.metric, "select": entry.select}
        one = agreement.document_values(method=entry.method, layer=entry.layer, **place)
        other = agreement.document_values(method=entry.other, layer=entry.other_layer, **place)
        both = [key for key in scores.keys if key in one and key in other]
        differences = np.array([one[key] - other[key] for key in both])
        assert entry.n == len(both)
        assert entry.difference == pytest.approx(differences.mean(), rel=1e-12, abs=1e-15)
        theirs = scipy.stats.bootstrap(
            (differences,), np.mean, n_resamples=300, method="percentile", rng=np.random.default_rng(0)
        )
        assert (entry.low, entry.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-12)
    compared = {(c.metric, c.select) for c in agreement.comparisons}
    assert compared == {
        ("ap", None),
        *((m, s) for m in ("fpr", "token_f1") for s in ("threshold", "top_k_gold")),
    }


def test_each_metric_and_selection_is_one_family(agreement):
    families = {}
    for entry in agreement.comparisons:
        families.setdefault((entry.metric, entry.select), []).append(entry)
    for family in families.values():
        assert len(family) == 2 + 4  # two layers of two methods, and each of the four against random
        np.testing.assert_allclose([c.p for c in family], holm(np.array([c.p_single for c in family])))


def test_a_method_that_finds_the_rationale_beats_random_and_random_does_not_beat_itself():
    """Planted: one method scores rationale words higher, the other is noise like the baseline."""
    rng = np.random.default_rng(1)
    own, items = [], []
    for number in range(60):
        one = document(f"d{number}", 30, [(5, 12)])
        good = rng.random((1, 30)) + one.rationale
        values = {"good": good, "noise": rng.random((1, 30)), "random": rng.random((1, 30))}
        own.append(one)
        items.append(scored(one, values))
    own = Documents(own)
    found = {
        c.method: c
        for c in agree(scores_of(items, own), own).comparisons
        if c.metric == "ap" and c.other == "random"
    }
    assert found["good"].low > 0.4
    assert found["good"].p < 0.001
    assert found["noise"].low < 0 < found["noise"].high
    assert found["noise"].p > 0.05
