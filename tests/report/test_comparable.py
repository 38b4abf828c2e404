"""Faithfulness that compares across models: a table of its own, with what it leaves out."""

from dataclasses import replace

import pytest

from rationale.agreement import agree
from rationale.corpus.document import Document, Documents, Span
from rationale.metrics.naopc import Limits
from rationale.report.comparable import RAW, comparable_table, has_comparable
from rationale.report.prose import left_out, measured
from rationale.report.sections import sections
from rationale.report.tables import faithfulness_table
from rationale.report.write import report_markdown
from rationale.scores.scored import OrderAopc, Softened
from tests.handmade import BINS, scored, scores_of

NAOPC = {"words": 3, "exact": 3, "beam": 5, "removal": "delete"}


@pytest.fixture(scope="module")
def agreement():
    """Of four documents one makes no difference to the model, and one is too long for NAOPC."""
    own = Documents(
        [Document(id, id, tuple("xyz"), label="POS", spans=(Span(0, 1),)) for id in "abcd"], source="made"
    )
    rows = [(m, 0, share, (0.6, 0.4), (0.2, 0.8)) for m in ("m", "random") for share in (0.3, *BINS)]
    places = [("m", 0), ("random", 0)]
    items = []
    for document in own:
        one = scored(
            document,
            {"m": [[0.5, 0.2, 0.3]], "random": [[0.1, 0.2, 0.3]]},
            perturbed=rows,
            probabilities=(0.1, 0.9),
        )
        one = replace(one, nothing=(0.1, 0.9) if document.id == "a" else (0.5, 0.5))
        one = replace(one, softened=dict.fromkeys(places, Softened(0.2, 0.1, 0.1, 0.1)))
        if document.id != "b":
            limits = Limits(0.2, 0.4, exact=True, beam=None, forwards=7)
            one = replace(one, orders=dict.fromkeys(places, OrderAopc(0.35, 0.25)), limits=limits)
        items.append(one)
    faithfulness = {
        "share": 0.3, "bins": BINS, "layers": None, "nothing": True, "soft": 10, "naopc": NAOPC,
    }  # fmt: skip
    return agree(scores_of(items, own, faithfulness=faithfulness), own, resamples=50)


def test_raw_and_comparable_metrics_have_a_table_each(agreement):
    raw, across = faithfulness_table(agreement), comparable_table(agreement)
    assert [column.key for column in raw.columns][2:-1] == [
        "comprehensiveness", "sufficiency", "aopc_comprehensiveness", "aopc_sufficiency",
    ]  # fmt: skip
    assert raw.notes == (RAW,)
    assert [column.key for column in across.columns][2:] == [
        "comprehensiveness_norm", "sufficiency_norm", "soft_comprehensiveness_norm", "soft_sufficiency_norm",
        "naopc_comprehensiveness", "naopc_sufficiency",
    ]  # fmt: skip
    assert [cell.value for cell in across.rows[0][2:]] == pytest.approx([1.0, 0.75, 0.5, 0.75, 0.75, 0.25])
    assert "Normalised sufficiency: higher is better, n = 3, 1 left out." in across.notes
    assert "NAOPC sufficiency: lower is better, n = 3, 1 left out." in across.notes


def test_what_is_left_out_is_counted_with_its_reason(agreement):
    lines = left_out(agreement)
    assert "1 document lost at most 0.0001 without any word: not in normalised faithfulness." in lines
    assert "1 document had too many words, or no order that matters: not in NAOPC." in lines
    text = " ".join(fact.text for fact in measured(agreement))
    assert "means of 10 random draws" in text
    assert "at most 3 words were deleted one after another" in text


def test_the_pages_show_both_and_warn_of_raw_values(agreement):
    (section,) = [one for one in sections(agreement) if one.id == "faithfulness"]
    assert len(section.paragraphs) == 2
    assert section.blocks[-1].table == comparable_table(agreement)
    page = report_markdown(agreement)
    assert "may not be comparable" in page
    assert "NAOPC comprehensiveness" in page


def test_methods_are_compared_by_naopc(agreement):
    found = {(c.metric, c.method, c.other): c.difference for c in agreement.comparisons}
    assert found["naopc_comprehensiveness", "m", "random"] == 0.0


def test_raw_scores_alone_have_no_such_table():
    own = Documents([Document("a", "a", tuple("xyz"), label="POS", spans=(Span(0, 1),))])
    rows = [("m", 0, share, (0.6, 0.4), (0.2, 0.8)) for share in (0.3, *BINS)]
    one = scored(own[0], {"m": [[0.5, 0.2, 0.3]]}, perturbed=rows)
    plain = agree(
        scores_of([one], own, faithfulness={"share": 0.3, "bins": BINS, "layers": None}), own, resamples=20
    )
    assert not has_comparable(plain)
    assert not any("NAOPC." in line for line in left_out(plain))
