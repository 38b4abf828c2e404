"""The chance that random words are selected as often: SciPy's hypergeometric and binomial, and by drawing."""

import numpy as np
import pytest
from scipy.stats import binomtest, hypergeom

from rationale.vocabulary.chance import EXACT, chance


def test_one_document_is_the_hypergeometric_tail():
    rng = np.random.default_rng(0)
    for _ in range(30):
        units = int(rng.integers(2, 30))
        drawn, selected = int(rng.integers(1, units + 1)), int(rng.integers(0, units + 1))
        hits = int(rng.integers(0, min(drawn, selected) + 1))
        ours = chance(np.array([hits]), *(np.array([[n]]) for n in (drawn, selected, units)))
        assert ours[0] == pytest.approx(hypergeom.sf(hits - 1, units, selected, drawn), abs=1e-12)


@pytest.mark.parametrize("n", [3, EXACT, EXACT + 1, 400])
def test_one_word_a_document_is_binomial(n):
    ones = np.ones((1, n), dtype=np.int64)
    for share in (0.3, 0.4, 0.6):
        hits = round(share * n)
        exact = binomtest(hits, n, 0.25, alternative="greater").pvalue
        ours = chance(np.array([hits]), ones, 5 * ones, 20 * ones)[0]
        assert ours == pytest.approx(
            exact, rel=1e-9 if n <= EXACT else 0.6, abs=1e-12 if n <= EXACT else 2e-4
        )


def test_it_is_what_drawing_gives():
    rng = np.random.default_rng(1)
    drawn, selected, units = np.array([2, 1, 3]), np.array([3, 1, 4]), np.array([6, 9, 7])
    documents = zip(drawn, selected, units, strict=True)
    draws = sum(rng.hypergeometric(k, u - k, m, 20_000) for m, k, u in documents)
    ours = chance(np.array([4]), drawn[None], selected[None], units[None])[0]
    assert ours == pytest.approx((draws >= 4).mean(), abs=0.01)


def test_where_all_or_no_words_are_selected_nothing_is_improbable():
    many = np.ones((1, EXACT + 5), dtype=np.int64)
    assert chance(np.array([EXACT + 5]), many, 9 * many, 9 * many)[0] == 1
    assert chance(np.array([0]), many, 0 * many, 9 * many)[0] == 1
