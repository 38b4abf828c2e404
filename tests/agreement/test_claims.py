"""What a test can show at all, and whether a classifier does more than name the most frequent label."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test

from rationale.agreement.comparison import Floor, PairedTest, floors
from rationale.metrics.chance import at_chance, majority, majority_of
from rationale.metrics.classification import classification
from rationale.metrics.statistics import holm, least_p_value, paired_p_values


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_the_least_p_value_is_scipys_for_differences_of_one_sign(n):
    gaps = np.linspace(1, 2, n)
    expected = permutation_test(
        (gaps, np.zeros(n)), lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples", vectorized=True, n_resamples=np.inf,
    ).pvalue  # fmt: skip
    assert least_p_value(n, 9_999) == pytest.approx(expected)
    signs = np.array(list(product((-1, 1), repeat=n)))
    every = paired_p_values(signs * gaps, permutations=9_999, seed=0)
    assert every.min() == pytest.approx(least_p_value(n, 9_999))


@pytest.mark.parametrize(("n", "permutations"), [(14, 9_999), (200, 999), (60, 9_999)])
def test_the_least_p_value_of_drawn_sign_changes_is_reached_and_never_undercut(n, permutations):
    found = paired_p_values(np.stack([np.ones(n), np.linspace(1, 9, n)]), permutations=permutations, seed=3)
    least = least_p_value(n, permutations)
    if 2 / 2**n < least / 100:  # the draw never gives all signs at once
        assert found.tolist() == pytest.approx([least] * 2)
    assert (found >= least).all()


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_documents_have_no_least_p_value(n):
    assert np.isnan(least_p_value(n, 9_999))


def comparison(p_single, n, metric="ap", other="random"):
    return PairedTest(
        metric=metric, select=None, method="one", layer=0, other=other, other_layer=0,
        difference=0.1, low=0.0, high=0.2, p=None, p_single=p_single, n=n,
    )  # fmt: skip


def corrected_by_closure(p):
    """Holm's correction by its definition: the largest Bonferroni over all sets that hold the test."""
    places = range(len(p))
    sets = [s for size in range(1, len(p) + 1) for s in combinations(places, size)]
    return [min(1.0, max(len(s) * min(p[j] for j in s) for s in sets if i in s)) for i in places]


def test_the_floor_after_correction_is_that_of_a_family_in_which_all_give_their_least():
    counts = [5, 5, 7, 6, 9]
    some = [comparison(2 / 2**n * (1 if n != 6 else 3), n) for n in counts]
    some.insert(2, comparison(None, 1))  # not tested: not counted
    some.append(comparison(2 / 2**4, 4, metric="roc_auc"))  # another family
    found = floors(some)
    assert found[2] is None
    own = [found[place] for place in (0, 1, 3, 4, 5)]
    assert [f.p for f in own] == pytest.approx(corrected_by_closure([2 / 2**n for n in counts]))
    assert [f.reached for f in own] == [True, True, True, False, True]
    assert {f.comparisons for f in own} == {5}
    assert found[6] == Floor(2 / 2**4, 2 / 2**4, reached=True, comparisons=1)


@pytest.mark.parametrize("comparisons", [1, 40, 315])
def test_the_documents_needed_are_the_fewest_with_which_a_test_can_show_something(comparisons):
    needed = Floor(0.5, 1.0, reached=False, comparisons=comparisons).pairs_needed(0.05)
    drawn = max(9_999, 100 * comparisons - 1)
    for n, enough in ((needed - 1, False), (needed, True)):
        p = paired_p_values(np.ones((comparisons, n)), permutations=drawn, seed=0)
        assert bool(holm(p)[0] < 0.05) == enough


def counted(gold, predicted, labels=("NEG", "POS")):
    confusion = [[0] * len(labels) for _ in labels]
    for g, p in zip(gold, predicted, strict=True):
        confusion[labels.index(g)][labels.index(p)] += 1
    return replace(classification([], [], labels), confusion=confusion, n=len(gold))


@pytest.mark.parametrize("right", [60, 75, 80, 95, 150])
def test_chance_is_told_by_scipys_binomial_test(right):
    gold = ["NEG"] * 75 + ["POS"] * 75
    wrong = {"NEG": "POS", "POS": "NEG"}
    order = np.random.default_rng(right).permutation(150)
    predicted = [g if place in set(order[:right]) else wrong[g] for place, g in enumerate(gold)]
    found = majority(counted(gold, predicted))
    expected = binomtest(right, 150, 0.5, alternative="greater").pvalue
    assert found.p == pytest.approx(expected)
    assert (found.share, found.accuracy) == (0.5, right / 150)
    assert majority_of([*gold, None], [*predicted, "POS"]) == found
    assert found.beaten == (expected < 0.05 and right > 75)
    assert bool(at_chance(counted(gold, predicted))) != found.beaten


def test_a_classifier_that_always_says_the_same_is_at_chance():
    found = at_chance(counted(["NEG"] * 20 + ["POS"] * 30, ["POS"] * 50))
    assert "0.600 is not significantly above always answering POS (0.600" in found
    assert "--learning-rate" in found


def test_one_label_alone_tells_nothing_and_unknown_labels_say_nothing():
    assert "Every document (n = 9) has the label POS" in at_chance(counted(["POS"] * 9, ["POS"] * 9))
    assert at_chance(counted([], [])) == ""
