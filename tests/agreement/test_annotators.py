"""Several annotators: the worked numbers, scikit-learn, alpha by its definition."""

from itertools import combinations, permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, cohen_kappa_score

from rationale.agreement.annotators import (
    chance_ap,
    cohen_kappa,
    krippendorff,
    others_mean,
    pairwise_f1,
    pairwise_kappa,
    units_of,
)
from rationale.agreement.ranking import average_precision, rank
from rationale.errors import DataError
from rationale.metrics.ragged import totals

ABC = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 1, 0]], dtype=bool)


def corpus(seed, documents=30):
    drawn = np.random.default_rng(seed)
    return [drawn.random((drawn.integers(2, 5), drawn.integers(1, 12))) < 0.35 for _ in range(documents)]


def leave_one_out_ap(masks):
    """AP of the others' mean, by scikit-learn, one annotator after another."""
    found = []
    for number, own in enumerate(masks):
        others = np.delete(masks, number, axis=0).mean(axis=0)
        if 0 < own.sum() < len(own):
            found.append(average_precision_score(own, others))
    return np.mean(found) if found else np.nan


def test_the_worked_example():
    assert pairwise_f1(ABC) == pytest.approx(0.5667, abs=5e-5)
    assert krippendorff([ABC]).alpha() == pytest.approx(0.3377, abs=5e-5)
    kappas = [cohen_kappa(one, other) for one, other in combinations(ABC, 2)]
    assert kappas == pytest.approx([2 / 3, 0.25, 0.0])
    units, shares = units_of([ABC]), others_mean([ABC])
    found = average_precision(rank(shares, units.truth, units.offsets))
    assert found[0] == pytest.approx([0.75, 0.7222, 0.4167], abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_leave_one_out_is_scikit_learns(seed):
    masks = corpus(seed)
    units = units_of(masks)
    values = average_precision(rank(others_mean(masks), units.truth, units.offsets))
    expected = [leave_one_out_ap(mask) for mask in masks]
    np.testing.assert_allclose(units.per_document(values)[0], expected, atol=1e-12)


def test_units_say_whose_mask_they_are():
    masks = corpus(9, documents=4)
    units = units_of(masks)
    for number, (document, annotator) in enumerate(zip(units.document, units.annotator, strict=True)):
        own = units.truth[units.offsets[number] : units.offsets[number + 1]]
        assert (own == masks[document][annotator]).all()
    lengths = [mask.shape[1] for mask in masks]
    assert units.words.max() + 1 == sum(lengths)
    assert totals(units.truth, units.offsets).sum() == sum(mask.sum() for mask in masks)


@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_one_minus_observed_over_expected_disagreement(seed):
    """By its definition: pairs of values inside words over pairs of values anywhere."""
    masks = corpus(seed)
    columns = [column for mask in masks for column in mask.T]
    values = np.concatenate(columns)
    observed = sum((a != b) / (len(c) - 1) for c in columns for a, b in permutations(c, 2)) / len(values)
    ones = values.sum()
    expected = 2 * ones * (len(values) - ones) / (len(values) * (len(values) - 1))
    assert krippendorff(masks).alpha() == pytest.approx(1 - observed / expected)


def test_one_annotator_says_nothing_of_agreement():
    alone = [np.ones((1, 5), bool), *corpus(1)]
    assert krippendorff(alone).alpha() == krippendorff(corpus(1)).alpha()
    assert np.isnan(pairwise_f1(alone[0]))
    assert np.isnan(krippendorff(alone[:1]).alpha())
    with pytest.raises(DataError, match="at least two annotators"):
        others_mean(alone)


def test_kappa_is_scikit_learns():
    for mask in corpus(3):
        for one, other in combinations(mask, 2):
            if len({*one, *other}) > 1:
                assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))
    assert np.isnan(cohen_kappa(np.ones(3, bool), np.ones(3, bool)))
    assert np.isnan(pairwise_kappa(np.zeros((3, 4), bool)))


@pytest.mark.parametrize(("words", "marked"), [(2, 1), (5, 1), (5, 4), (6, 2), (7, 3)])
def test_chance_is_the_mean_over_all_orders(words, marked):
    truth = np.arange(words) < marked
    orders = set(permutations(truth.tolist()))
    scores = -np.arange(words)
    mean = np.mean([average_precision_score(order, scores) for order in orders])
    assert chance_ap(np.array([marked]), np.array([words]))[0] == pytest.approx(mean)


def test_chance_of_none_or_all_marked_is_not_defined():
    assert np.isnan(chance_ap(np.array([0, 3]), np.array([3, 3]))).all()


def test_masks_have_two_dimensions():
    with pytest.raises(DataError, match=r"document 1 .* expected bool \(annotators, words\)"):
        units_of([ABC, ABC[0]])
