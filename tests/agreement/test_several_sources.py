"""Several sources in one agreement, several annotators, chance and the human ceiling."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, cohen_kappa_score

from rationale.agreement import agree, measure
from rationale.agreement.gold import standard
from rationale.artifacts.provenance import Provenance, ScoredData, ScoredMethod, ScoredModel
from rationale.corpus import Document, Documents, Span
from rationale.corpus.document import Mark
from rationale.errors import DataError, ScoresError
from rationale.report.ceilings import ceiling_table
from rationale.scores.of_words import scored_words
from rationale.scores.store import MemoryScores
from tests.report.making import make_document, make_recipe, make_scored

WORDS = tuple("abcdef")
A, B, C = (Span(0, 2),), (Span(0, 3),), (Span(1, 2), Span(4, 5))
SCORES = np.array([0.5, 0.2, 0.1, 0.05, 0.1, 0.05], np.float32)


def document(name="1", marks=(A, B, C), **others):
    given = tuple(Mark(who, spans) for who, spans in zip("ABC", marks, strict=False))
    return Document(name, name, WORDS, marks=given, spans=A, **others)


def source(documents, name="llm", *, words=None, given=None, labels=("",), unmatched=0, predicted=None):
    gives = "both" if words is not None and given is not None else "scores" if given is None else "selection"
    recipe = Provenance(
        model=ScoredModel(name="no model", layers=1),
        data=ScoredData(source="memory", split=None, documents=len(documents)),
        labels=labels,
        methods={name: ScoredMethod(signed=False, layers=(0,), gives=gives, family="imported", title=name)},
    )
    scored = [
        scored_words(
            one,
            words=None if words is None else {name: words},
            given=None if given is None else {name: given},
            unmatched={name: unmatched},
            predicted=predicted,
        )
        for one in documents
    ]
    return MemoryScores(recipe, scored)


def value(agreement, metric, method="llm", select=None):
    return agreement.record(metric, method, 0, select).value


def test_the_worked_example_of_three_annotators():
    documents = Documents([document()])
    agreement = agree(source(documents, words=SCORES), documents, resamples=100)
    assert value(agreement, "ap") == pytest.approx((1 + 11 / 12 + 0.5) / 3)  # .8056, expected AP
    assert value(agreement, "ap", "human") == pytest.approx(0.6296, abs=5e-5)
    assert value(agreement, "token_f1", "human", "given") == pytest.approx((2 / 3 + 2 / 3 + 0.4) / 3)
    assert value(agreement, "soft_jsd") == pytest.approx(0.1075, abs=5e-5)
    assert value(agreement, "soft_overlap") == pytest.approx(0.6857, abs=5e-5)
    assert value(agreement, "soft_spearman") == pytest.approx(0.9394, abs=5e-5)
    assert value(agreement, "soft_ap") == pytest.approx(0.8451, abs=5e-5)
    assert value(agreement, "entropy") == pytest.approx(0.7973, abs=5e-5)
    counts = agreement.recipe.agreement.annotators
    assert counts.alpha[0] == pytest.approx(0.3377, abs=5e-5)
    assert counts.pairwise_f1 == pytest.approx(0.5667, abs=5e-5)
    assert counts.kappa == pytest.approx((2 / 3 + 0.25 + 0) / 3)
    assert (counts.masks, counts.shared, counts.left_out) == (3, 1, 0)


def test_chance_is_the_mean_of_all_orders_against_each_annotator():
    documents = Documents([document(marks=(A,))])
    agreement = agree(source(documents, words=SCORES), documents, resamples=100)
    assert value(agreement, "ap", "chance") == pytest.approx(0.5267, abs=5e-5)  # n = 6, k = 2
    assert value(agreement, "roc_auc", "chance") == 0.5
    assert "human" not in agreement.recipe.methods  # one annotator is no ceiling


@pytest.mark.parametrize(("gold", "ap"), [("majority", 1.0), ("union", 1.0), ("intersection", 0.5)])
def test_one_rationale_can_be_made_of_all(gold, ap):
    documents = Documents([document()])
    agreement = agree(source(documents, words=SCORES), documents, gold=gold, resamples=100)
    assert value(agreement, "ap") == ap
    assert agreement.recipe.agreement.gold == gold
    assert "human" not in agreement.recipe.methods  # its gold is another


def test_each_is_the_mean_over_annotators_and_then_over_documents():
    """So that a document counts once however many annotators it has."""
    documents = Documents([document("1"), document("2", marks=(A,))])
    agreement = agree(source(documents, words=SCORES), documents, resamples=100)
    expected = []
    for one in documents:
        masks = one.masks.astype(int)
        expected.append(np.mean([average_precision_score(mask, SCORES) for mask in masks]))
    assert value(agreement, "ap") == pytest.approx(np.mean(expected))
    assert agreement.record("ap", "llm").n == 2
    assert agreement.record("ap", "human").n == 1


def test_what_no_annotator_decides_is_computed_once(monkeypatch):
    """Faithfulness against three annotators is that against one, and asked for once a method."""
    rng, calls = np.random.default_rng(0), []
    made = [make_document(number, rng) for number in range(6)]
    marks = [tuple(Mark(who, one.spans, one.label) for who in "ABC") for one in made]
    documents = Documents([replace(one, marks=three) for one, three in zip(made, marks, strict=True)])
    scores = MemoryScores(make_recipe(documents), [make_scored(one, rng) for one in documents])
    perturbation_of = measure.perturbation_of

    def counted(block, method, *others):
        calls.append(method)
        return perturbation_of(block, method, *others)

    monkeypatch.setattr(measure, "perturbation_of", counted)
    each = agree(scores, documents, gold="each", resamples=20)
    assert calls == list(scores.methods)
    one = agree(scores, documents, gold="union", resamples=20)
    faithful = [[r for r in a.records if r.metric == "comprehensiveness"] for a in (each, one)]
    assert faithful[0] == faithful[1] != []


@pytest.mark.parametrize(
    ("annotators", "said"),
    [
        ((2, 2), "These documents have two annotators"),
        ((2, 3), "Some documents have two annotators"),
        ((1, 3), None),  # two in the mean, and no document has two
        ((3, 3), None),
    ],
)
def test_a_ceiling_of_single_masks_is_said_by_the_counts(annotators, said):
    documents = Documents([document(str(n), (A, B, C)[:many]) for n, many in enumerate(annotators)])
    agreement = agree(source(documents, words=SCORES), documents, gold="each", resamples=20)
    counts = agreement.recipe.agreement.annotators
    several = [many for many in annotators if many > 1]
    assert (counts.fewest, counts.most) == (min(several), max(several))
    notes = " ".join(ceiling_table(agreement).notes)
    assert (said in notes) if said else ("two annotators, and" not in notes)


def test_annotators_who_marked_nothing_or_all_are_left_out_and_counted():
    marks = (Mark("A", A), Mark("B", (Span(0, 6),)), Mark("C", state="nothing"), Mark("D", state="not_asked"))
    documents = Documents([Document("1", "1", WORDS, marks=marks, spans=A)])
    golds = standard(documents)
    assert golds.gold == "each"
    assert [one[0].annotated for one in golds.documents] == [True, False, False]
    assert (golds.counts.left_out, golds.counts.nothing, golds.counts.not_asked) == (2, 1, 1)


def test_a_gold_of_annotators_nobody_names_is_refused():
    documents = Documents([Document("1", "1", WORDS, spans=A)])
    with pytest.raises(DataError, match="no document says who marked what"):
        agree(source(documents, words=SCORES), documents, gold="each")
    with pytest.raises(DataError, match=r"no gold is called 'most'\. Use one of union, majority"):
        agree(source(documents, words=SCORES), documents, gold="most")


def test_a_selection_alone_has_no_ap_and_its_kappa_is_scikit_learns():
    documents = Documents([document()])
    picked = np.array([1, 0, 0, 0, 1, 1], bool)
    agreement = agree(source(documents, given=picked, unmatched=1), documents, gold="majority", resamples=100)
    assert {(r.metric, r.select) for r in agreement.records if r.method == "llm"} == {
        (metric, "given")
        for metric in ("fpr", "precision", "recall", "token_f1", "iou_f1", "selected_share", "kappa")
    } | {("strict_precision", "given")}
    gold = np.array([1, 1, 0, 0, 0, 0])
    assert value(agreement, "kappa", select="given") == pytest.approx(cohen_kappa_score(gold, picked))
    assert value(agreement, "precision", select="given") == pytest.approx(1 / 3)
    assert value(agreement, "strict_precision", select="given") == pytest.approx(1 / 4)


def test_a_source_has_the_same_numbers_alone_and_beside_others():
    documents = Documents([document(str(n)) for n in range(6)])
    rng = np.random.default_rng(0)
    first = source(documents, words=SCORES)
    part = Documents(list(documents)[:4])
    second = source(part, "other", words=rng.random(6).astype(np.float32), given=np.arange(6) < 3)
    alone = [agree(one, documents, resamples=100) for one in (first, second)]
    both = agree([first, second], documents, resamples=100)
    records = {(r.method, r.metric, r.select): r.value for r in both.records}
    for agreement in alone:
        for r in agreement.records:
            assert records[r.method, r.metric, r.select] == r.value or r.method == "chance"
    assert both.record("ap", "other").n == 4
    test = next(t for t in both.comparisons if {t.method, t.other} == {"llm", "other"} and t.metric == "ap")
    assert test.n == 4


def test_two_sources_of_one_name_are_refused():
    documents = Documents([document()])
    with pytest.raises(ScoresError, match=r"two sources have a method 'llm'. Give .* another --name"):
        agree([source(documents, words=SCORES)] * 2, documents)


def test_right_and_wrong_labels_are_told_apart():
    documents = Documents(
        [document("1", label="POS"), document("2", label="NEG"), document("3", label="POS")]
    )
    scores = source(documents, words=SCORES, labels=("NEG", "POS"), predicted="POS")
    agreement = agree(scores, documents, gold="majority", resamples=100)
    n = {(r.subset, r.method): r.n for r in agreement.subsets if r.metric == "ap"}
    assert n == {("label right", "llm"): 2, ("label wrong", "llm"): 1}
    assert agreement.classification.accuracy == pytest.approx(2 / 3)


def test_it_comes_back_from_the_disk(tmp_path):
    documents = Documents([document("1", label="POS"), document("2", label="NEG")])
    scores = source(documents, words=SCORES, given=SCORES > 0.1, labels=("NEG", "POS"), predicted="POS")
    agreement = agree(scores, documents, resamples=100)
    agreement.save(tmp_path / "a.json")
    assert type(agreement).load(tmp_path / "a.json") == agreement
