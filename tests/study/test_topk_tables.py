"""Tables of the top-k study: comparisons over the seeds both conditions have, against SciPy."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import permutation_test

from rationale.study.topk.tables import compared, records


def test_conditions_are_compared_over_the_seeds_both_have():
    def rows(condition, seed, right):
        return [
            {"condition": condition, "seed": seed, "oracle": False, "id": str(i), "docid": "d", "label": "x",
             "predicted": "x" if hit else "y", "kept": [0], "words": 2, "operations": 1, "operations_full": 1}
            for i, hit in enumerate(right)
        ]  # fmt: skip

    table = pa.Table.from_pylist(
        rows("full", 0, [1, 1, 0, 0]) + rows("full", 1, [1, 1, 1, 1])
        + rows("a", 1, [1, 0, 0, 1]) + rows("b", 2, [1, 1, 1, 1])
    )  # fmt: skip
    (told,) = compared(table)
    assert (told.condition, told.other, told.seeds) == ("full", "a", (1,))
    assert told.difference == 0.5


def test_comparisons_are_scipys_and_need_no_seeds_alike():
    drawn = np.random.default_rng(0)
    rows = []
    for condition, chance in (("full", 0.9), ("human", 0.85), ("random", 0.6)):
        for seed in (0, 1):
            for number in range(12):
                right = drawn.random() < chance
                rows.append({
                    "condition": condition, "seed": seed, "oracle": condition == "human", "id": str(number), "docid": "d",
                    "label": "x", "predicted": "x" if right else "y", "kept": [number % 3, 5], "words": 10,
                    "operations": 10, "operations_full": 20,
                })  # fmt: skip
    table = pa.Table.from_pylist(rows)
    found = {(c.condition, c.other): c for c in compared(table)}
    means = {
        condition: np.mean(
            [
                [r["predicted"] == "x" for r in rows if (r["condition"], r["seed"]) == (condition, s)]
                for s in (0, 1)
            ],
            axis=0,
        )
        for condition in ("full", "human", "random")
    }
    for (one, other), told in found.items():
        gap = means[one] - means[other]
        assert told.difference == pytest.approx(gap.mean())
        exact = permutation_test(
            (means[one], means[other]),
            lambda a, b: np.mean(a - b),
            permutation_type="samples",
            n_resamples=np.inf,
        )
        assert told.p_single == pytest.approx(exact.pvalue, abs=0.02)
        assert told.p >= told.p_single
        assert told.overlap == 1
    assert [record.flops_speedup for record in records(table)] == [2.0] * 6
