"""'In short' names what a test supports, and nothing else; where no test can, it says so and what to do."""

from dataclasses import replace

import numpy as np
import pytest

from rationale.agreement import Agreement, agree
from rationale.corpus.document import Documents
from rationale.dropping.advice import drops_nothing
from rationale.dropping.system import SYSTEMS
from rationale.report.findings import findings
from rationale.report.results import Results
from rationale.report.table import AtMost
from rationale.report.tables import ONE_CLASS, TIES, agreement_table, layer_table
from rationale.report.write import report_markdown
from rationale.scores.families import is_baseline
from rationale.scores.store import MemoryScores
from tests.report.making import make_document, make_recipe, make_scored


def agreement_of(count, change=None):
    rng = np.random.default_rng(2)
    documents = Documents([make_document(number, rng) for number in range(count)], source="few")
    scored = [make_scored(document, rng) for document in documents]
    return agree(MemoryScores(make_recipe(documents), [(change or (lambda s, _: s))(s, rng) for s in scored]),
                 documents, resamples=100)  # fmt: skip


def shuffled(scored, rng):
    """Scores that know nothing of the words."""
    for rows in scored.words.values():
        for row in rows:
            rng.shuffle(row)
    return scored


def steady(scored, rng):
    """Scores that are the same in every layer, but for their random halves."""
    for rows in scored.words.values():
        rows[:] = rows[:1] * rng.uniform(0.99, 1.01, rows.shape)
    return scored


def test_the_leader_is_significantly_above_random_and_the_others_are_told_by_their_tests(agreement) -> None:
    results, text = Results(agreement), " ".join(findings(agreement))
    method, layer = results.ranked()[0]
    assert f"{results.title(method)} (AP" in text
    assert "is above random scores" in text
    assert "the least this test can give" in text
    own = {c.other if c.method == method else c.method: c for c in agreement.comparisons
           if c.metric == "ap" and c.layer == c.other_layer == layer
           and method in (c.method, c.other)}  # fmt: skip
    alike = [other for other, c in own.items() if not is_baseline(other) and c.p >= 0.05]
    apart = [other for other, c in own.items() if not is_baseline(other) and c.p < 0.05]
    assert ("No significant difference" in text) == bool(alike)
    assert ("is higher than that of" in text) == bool(apart)
    assert "comes closest" not in text
    assert "follows" not in text


def test_too_few_documents_are_said_to_be_too_few() -> None:
    found = agreement_of(6)
    text = " ".join(findings(found))
    tests = [c for c in found.comparisons if c.metric == "ap"]
    n = max(c.n for c in tests)
    assert f"n = {n} documents are too few for any significant difference" in text
    assert f"the least p this test can give is {min(1.0, len(tests) * 2 / 2**n):.2g}" in text
    assert "Score at least " in text
    assert "above random" not in text
    assert "is higher" not in text


def test_scores_without_information_are_not_praised_where_the_test_could_see_it() -> None:
    text = " ".join(findings(agreement_of(40, shuffled)))
    assert "None of the methods is above random scores" in text
    assert "too few" not in text
    assert "is above random scores (" not in text


def test_a_change_over_layers_is_named_only_where_a_paired_test_supports_it(agreement) -> None:
    """attention.cls rises from -0.2 to 0.6 and saliency falls from 0.9 to 0.3 by construction."""
    [text] = [f for f in findings(agreement) if "From the first to the last layer" in f]
    rises, falls = text.split("falls for")
    assert "Attention CLS" in rises
    assert "Saliency," in falls
    assert "From the first to the last layer" not in " ".join(findings(agreement_of(40, steady)))
    loaded = Agreement(agreement.recipe, agreement.records, agreement.comparisons, agreement.classification)
    assert not any("From the first" in f for f in findings(loaded))


def test_a_classifier_at_chance_is_named_beside_its_accuracy(agreement) -> None:
    assert not any("not significantly above" in f for f in findings(agreement))
    confusion = ((8, 8), (8, 8))
    chance = replace(agreement.classification, accuracy=0.5, low=0.3, high=0.7, n=32, confusion=confusion)
    changed = Agreement(agreement.recipe, agreement.records, agreement.comparisons, chance)
    assert any("always answering NEG (0.500" in f for f in findings(changed))
    assert "always answering NEG (0.500" in report_markdown(changed)


def rounded(scored, rng):
    """Nearly all words score alike."""
    del rng
    scored.words["attention.cls"][:] = np.where(scored.words["attention.cls"] > 0.02, 0.5, 0.0)
    return scored


def test_an_auprc_that_ties_inflate_is_marked_and_never_bold() -> None:
    found = agreement_of(40, rounded)
    results = Results(found)
    gaps = {}
    for method in results.methods:
        for layer in results.layers(method):
            ap, area = (found.document_values(m, method, layer) for m in ("ap", "auprc"))
            gaps[method, layer] = np.mean([area[key] for key in ap]) - np.mean(list(ap.values()))
    assert {place for place, gap in gaps.items() if gap > 0.02} == {
        place for place in gaps if results.tied(*place)
    }
    assert any(method == "attention.cls" for method, layer in gaps if gaps[method, layer] > 0.02)
    for table in (layer_table(found, "auprc"), agreement_table(found, "auprc")):
        assert TIES in table.notes
        assert table.marks
        assert not table.marks.keys() & table.strong
        assert "‡" in table.to_html()
        assert "‡" in table.to_markdown()
        assert {table.rows[row][0] for row, _ in table.marks} <= {
            results.title(method) for method, layer in gaps if gaps[method, layer] > 0.02
        }
    assert not layer_table(found, "ap").marks


def test_documents_whose_words_are_all_rationale_are_told_where_auprc_counts_them(agreement) -> None:
    """One document of the sample is marked as a whole: AP leaves it out, AUPRC counts it as 1."""
    method, layer = "attention.cls", 0
    ap, area = (agreement.document_values(m, method, layer) for m in ("ap", "auprc"))
    (only,) = area.keys() - ap.keys()
    assert area[only] == 1.0
    note = ONE_CLASS.format(1)
    assert note in layer_table(agreement, "auprc").notes
    assert note in agreement_table(agreement, "auprc").notes
    assert note not in layer_table(agreement, "ap").notes


def test_without_ties_nothing_is_marked(agreement) -> None:
    results = Results(agreement)
    assert not any(results.tied(m, layer) for m in results.methods for layer in results.layers(m))
    assert not layer_table(agreement, "auprc").marks


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_every_system_says_what_makes_it_drop_more(name) -> None:
    said = drops_nothing("1.01x fewer operations", name)
    assert said.startswith("The model drops next to nothing (1.01x fewer operations): ")
    assert " --" in said
    assert said.endswith(".")


def test_a_p_value_at_the_floor_is_shown_as_such() -> None:
    from rationale.report.findings import p_shown

    assert p_shown(AtMost(0.02)) == "p ≤ 0.020, the least this test can give"
    assert p_shown(0.02) == "p = 0.020"
    assert p_shown(AtMost(0.0002)) == "p < 0.001"
