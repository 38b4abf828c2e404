"""Correlation of plausibility and faithfulness over documents: SciPy's, and only where it is defined."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, spearmanr

from rationale.agreement import Estimate, agree
from rationale.agreement.correlation import correlate
from rationale.corpus.document import Document, Documents
from rationale.errors import ScoresError
from rationale.metrics.ranks import spearman
from rationale.metrics.statistics import holm
from tests.handmade import scored, scores_of

DRAWN = np.random.default_rng(0)
LIKED = DRAWN.random(30).round(1)
CARRIED = {"good": LIKED + 0.2 * DRAWN.random(30), "uninformed": DRAWN.random(30), "flat": np.full(30, 0.5)}


def record(method, metric, value, select=None):
    return Estimate(
        method=method, layer=0, metric=metric, select=select, value=value, low=value, high=value, n=30,
        skipped=0,
    )  # fmt: skip


def invented(*, values=True, faithful="aopc_comprehensiveness"):
    """Three scores, liked alike: one carries what is liked, one something else, one nothing."""
    rows, records = [], []
    for method, carried in CARRIED.items():
        for metric, numbers in (("ap", LIKED), (faithful, carried)):
            records.append(record(method, metric, float(numbers.mean())))
            rows += [
                {"id": str(i), "docid": "d", "method": method, "layer": 0, "metric": metric, "select": None,
                 "value": None if i == 7 and metric == "ap" else float(number)}
                for i, number in enumerate(numbers)
            ]  # fmt: skip
    own = Documents([Document("0", "d", ("a",), label="POS")], source="s")
    real = agree(scores_of([scored(own[0], {"m": np.ones(1)})], own), own, resamples=1)
    table = pa.Table.from_pylist(rows)
    selects = table["select"].cast(pa.string())
    table = table.set_column(table.column_names.index("select"), "select", selects)
    return replace(real, records=tuple(records), comparisons=(), per_document=table if values else None)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=12))
def test_it_is_scipys_with_ties(pairs):
    x, y = np.array(pairs, np.float64).T
    ours = spearman(np.stack([x, x]), np.stack([y, -y]))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(ours).all()
    else:
        rho = spearmanr(x, y).statistic
        assert ours == pytest.approx([rho, -rho], abs=1e-12)


def test_each_score_s_correlation_interval_and_p_are_scipys():
    found = correlate(invented(), resamples=500)
    told = {one.method: one for one in found.within}
    there = np.arange(30) != 7
    for method in ("good", "uninformed"):
        x, y = LIKED[there], CARRIED[method][there]
        theirs = spearmanr(x, y)
        ends = bootstrap(
            (x, y), lambda a, b: spearmanr(a, b).statistic, paired=True, vectorized=False, n_resamples=500,
            method="percentile", rng=0,
        ).confidence_interval  # fmt: skip
        assert told[method].rho == pytest.approx(theirs.statistic)
        assert told[method].p_single == pytest.approx(theirs.pvalue)
        assert (told[method].low, told[method].high) == pytest.approx(tuple(ends))
        assert told[method].n == 29
    single = [told[m].p_single for m in ("good", "uninformed")]
    assert [told[m].p for m in ("good", "uninformed")] == pytest.approx(holm(np.array(single)).tolist())
    assert told["good"].p < 0.001 < told["uninformed"].p


def test_what_is_the_same_everywhere_correlates_with_nothing():
    found = correlate(invented(), resamples=100)
    (flat,) = (one for one in found.within if one.method == "flat")
    assert (flat.rho, flat.low, flat.high, flat.p, flat.p_single) == (None,) * 5
    (between,) = found.between
    assert between.rho is None  # three scores are too few
    assert between.scores == 3
    assert between.higher_is_better == (True, True)


def test_agreements_that_cannot_say_are_refused():
    with pytest.raises(ScoresError, match="computed without --faithfulness"):
        correlate(invented(faithful="roc_auc"))
    with pytest.raises(ScoresError, match="without the values of its documents"):
        correlate(invented(values=False))
