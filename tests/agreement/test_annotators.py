"""Several annotators: the worked numbers, scikit-learn, alpha by its definition."""

from itertools import combinations, permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, cohen_kappa_score

from rationale.agreement.annotators import (
    chance_ap,
    cohen_kappa,
    krippendorff,
    pairwise_f1,
    pairwise_kappa,
)
from rationale.agreement.gold import standard
from rationale.agreement.human import human_ceiling
from rationale.agreement.measure import AgreementOptions, Place
from rationale.corpus.document import Document, Documents, Mark, Span

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


def marked(number, masks):
    """A document with one annotator a mask."""
    marks = []
    for own in masks:
        spans = tuple(Span(int(word), int(word) + 1) for word in np.flatnonzero(own))
        marks.append(Mark(None, spans, state="marked" if spans else "nothing"))
    return Document(str(number), str(number), ("w",) * masks.shape[1], marks=tuple(marks))


def ceiling_of(masks):
    """The AP of the human ceiling of each document with at least two annotators."""
    documents = Documents([marked(number, mask) for number, mask in enumerate(masks)])
    measured = human_ceiling(standard(documents, "each"), AgreementOptions())
    return measured.parts[Place("human", 0, "ap", None)][0]


def test_the_worked_example():
    assert pairwise_f1(ABC) == pytest.approx(0.5667, abs=5e-5)
    assert krippendorff([ABC]).alpha() == pytest.approx(0.3377, abs=5e-5)
    kappas = [cohen_kappa(one, other) for one, other in combinations(ABC, 2)]
    assert kappas == pytest.approx([2 / 3, 0.25, 0.0])
    assert ceiling_of([ABC]) == pytest.approx([np.mean([0.75, 0.7222, 0.4167])], abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_leave_one_out_is_scikit_learns(seed):
    masks = corpus(seed)
    expected = [leave_one_out_ap(mask) for mask in masks]
    np.testing.assert_allclose(ceiling_of(masks), expected, atol=1e-12)


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
    assert len(ceiling_of(alone)) == len(alone) - 1


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
