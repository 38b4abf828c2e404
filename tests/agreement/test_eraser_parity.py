"""Numbers equal those the ERASER benchmark's own scorer gave for the same predictions."""

import json
from pathlib import Path

import pytest

from rationale.agreement import agree
from rationale.corpus.document import Documents
from tests.agreement.making import document
from tests.handmade import BINS, scored, scores_of

CASE = json.loads(Path(__file__).with_name("eraser_case.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def agreement():
    own, items = [], []
    for pair in CASE["pairs"]:
        one = document(pair["id"], pair["words"], pair["spans"], docid=pair["docid"])
        p = pair["confidence"]
        perturbed = [
            ("m", 0, float(share), (1 - without, without), (1 - only, only))
            for share, (without, only) in pair["perturbed"].items()
        ]
        items.append(scored(one, {"m": pair["scores"]}, perturbed=perturbed, probabilities=(1 - p, p)))
        own.append(one)
    own = Documents(own, source="case")
    return agree(scores_of(items, own, faithfulness={"share": 0.15, "bins": BINS, "layers": None}), own)


@pytest.mark.parametrize("part", CASE["numbers"])
def test_the_scorer_gives_the_same(agreement, part):
    select = part if part in ("threshold", "top_k_gold") else None
    for metric, expected in CASE["numbers"][part].items():
        got = agreement.record(metric, "m", 0, select).value
        assert got == pytest.approx(expected, rel=1e-12), metric


def test_the_case_holds_what_is_hard(agreement):
    """Empty, complete, overlapping and repeated rationales, and documents of which nothing is selected."""
    numbers = {name: agreement.record(name, "m").n for name in ("ap", "auprc")}
    assert numbers == {"ap": 8, "auprc": 12}
    keyed = agreement.record("token_f1", "m", 0, "threshold")
    assert (keyed.n, keyed.skipped) == (11, 1)
    assert agreement.record("selected_share", "m", 0, "threshold").n == 12
