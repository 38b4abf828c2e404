"""Evidence groups: the best group is the gold, and words of the other groups are neither right nor wrong."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from rationale.agreement import agree, choices
from rationale.agreement.blocks import blocks
from rationale.agreement.groups import check_alternatives, evidence_groups, share_with_alternatives
from rationale.agreement.measure import AgreementOptions, Place, measure
from rationale.agreement.metric import metrics
from rationale.corpus.document import Documents
from rationale.errors import ScoresError
from tests.agreement.making import document, random_corpus
from tests.handmade import scored, scores_of

SELECTED = ("best_group_f1", "best_group_precision", "best_group_recall", "best_group_fpr")


def one_block(text, values=None):
    own = Documents([text], source="made by hand")
    values = np.zeros(len(text.words)) if values is None else values
    (block,) = blocks(scores_of([scored(text, {"m": values})], own), own)
    return block


def of_selection(text, *words):
    """The metrics of one document with these words selected."""
    picked = np.isin(np.arange(len(text.words)), words)[None]
    selected = choices(one_block(text)).selected(picked)
    return [float(metrics.get(name).compute(selected)[0, 0]) for name in SELECTED]


def test_nested_groups_of_the_spec():
    """Gold [2, 8) or [4, 8), prediction [4, 8): the union gives F1 .8, the best group 1."""
    text = document(words=10, spans=[(2, 8, 0), (4, 8, 1)])
    assert of_selection(text, 4, 5, 6, 7) == [1, 1, 1, 0]
    union = agree(*scored_with(text, [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]), eta=[1])
    assert union.record("token_f1", "m", 0, "threshold").value == pytest.approx(0.8)
    assert union.record("recall", "m", 0, "threshold").value == pytest.approx(0.667, abs=5e-4)


def scored_with(text, values):
    own = Documents([text], source="made by hand")
    return scores_of([scored(text, {"m": values})], own), own


def test_words_of_other_groups_are_neither_right_nor_wrong():
    """Alternatives {0, 1} and {3}: selecting 0, 1, 3 and 5 is one false positive of the words 2, 4, 5."""
    text = document(words=6, spans=[(0, 2, 0), (3, 4, 1)])
    assert of_selection(text, 0, 1, 3, 5) == pytest.approx([0.8, 2 / 3, 1, 1 / 3])
    assert of_selection(text, 3) == [1, 1, 1, 0]


def test_the_first_of_equal_groups_is_the_gold():
    """Both have F1 2/3: {0, 1, 2} by 2 of 3 selected words and of 3, {4} by 1 of 2 and of 1."""
    tied = document(words=8, spans=[(0, 3, 0), (4, 5, 1)])
    assert of_selection(tied, 0, 1, 4, 7) == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1 / 4])
    turned = document(words=8, spans=[(0, 3, 1), (4, 5, 0)])
    assert of_selection(turned, 0, 1, 4, 7) == pytest.approx([2 / 3, 1 / 2, 1, 1 / 4])
    both = choices(one_block(tied))
    assert both.best(np.array([[0.5, 0.5], [np.nan, 0.1], [np.nan, np.nan]])).tolist() == [[0], [1], [0]]


def test_one_group_or_none_is_the_union():
    assert of_selection(document(words=4, spans=[(0, 1, 3), (2, 3, 3)]), 0, 1) == [0.5, 0.5, 0.5, 0.5]
    nothing = of_selection(document(words=4), 0)
    assert nothing[:3] == [0, 0, 0]
    assert np.isnan(nothing[3])
    assert np.isnan(of_selection(document(words=4))).all()


def test_groups_are_collected_by_covered_words_each_once():
    text = document(words=6, spans=[(0, 2, 7), (1, 3, 7), (4, 6, 2), (5, 6, 9)])
    own = Documents([text], source="made by hand")
    items = [scored(text, {"m": np.zeros(6)}, covered=[True, False, True, True, True, False])]
    (block,) = blocks(scores_of(items, own), own)
    groups = evidence_groups(block)
    assert (groups.number % groups.stride).tolist() == [2, 7]
    assert (groups.words.tolist(), groups.bounds.tolist()) == ([3, 0, 1], [0, 1, 3])


def plain(document, values, picked):
    """AP and F1 of the best group, by loops over sets."""
    groups = {}
    for span in document.spans:
        groups.setdefault(span.group, set()).update(range(span.start, span.end))
    union = set().union(*groups.values())
    ap, f1 = [], []
    for _, own in sorted(groups.items()) or [(0, set())]:
        counted = [n for n in range(len(values)) if n in own or n not in union]
        truth = np.array([n in own for n in counted])
        if 0 < truth.sum() < len(truth):
            ap.append(average_precision_score(truth, values[counted]))
        chosen = {n for n in counted if picked[n]}
        if own or chosen:
            f1.append(2 * len(own & chosen) / (len(own) + len(chosen)))
    return max(ap, default=np.nan), max(f1, default=np.nan)


def test_each_document_has_the_values_of_a_plain_loop():
    scores, documents = random_corpus(seed=2, documents=25, longest=15)
    found = measure(scores, documents, AgreementOptions(groups="best"))
    for layer in (0, 1):
        ap = found.parts[Place("attention.all", layer, "best_group_ap", None)][0]
        f1 = found.parts[Place("attention.all", layer, "best_group_f1", "top_k_gold")][0]
        for number, item in enumerate(scores):
            values, text = item.words["attention.all"][layer], documents.get(item.key)
            picked = np.zeros(len(values), dtype=bool)
            picked[np.argsort(-values, kind="stable")[: text.rationale.sum()]] = True
            np.testing.assert_allclose((ap[number], f1[number]), plain(text, values, picked))


def test_best_groups_are_never_below_what_they_are_chosen_by():
    """With one group everywhere they are the metrics of the union, exactly."""
    scores, documents = random_corpus(seed=4)
    found = measure(scores, documents, AgreementOptions(groups="best"))
    single = [len({span.group for span in d.spans}) <= 1 for d in documents]
    pairs = {"best_group_ap": "ap", "best_group_f1": "token_f1", "best_group_fpr": "fpr"}
    for place, values in found.parts.items():
        if place.metric in pairs:
            union = found.parts[Place(place.method, place.layer, pairs[place.metric], place.select)]
            np.testing.assert_array_equal(values[0][single], union[0][single])


def test_the_best_group_needs_documents_with_several():
    one_group, two = document("a", spans=[(0, 1, 0)]), document("b", spans=[(0, 1, 0), (1, 2, 1)])
    assert share_with_alternatives([one_group, two, document("c"), document("d")]) == 0.25
    check_alternatives([two] + [one_group] * 19)
    with pytest.raises(ScoresError, match=r"^4\.8% of the documents have several evidence groups"):
        check_alternatives([two] + [one_group] * 20)
    assert share_with_alternatives([]) == 0
    scores, own = scored_with(one_group, np.arange(4))
    with pytest.raises(ScoresError, match="the best group is the rationale"):
        measure(scores, own, AgreementOptions(groups="best"))
