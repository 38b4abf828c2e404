"""Sentences: the worked numbers, and every metric against scikit-learn and sets, sentence by sentence."""

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, f1_score, precision_recall_curve, roc_auc_score

from rationale.agreement import offsets_of, outline, sentences_of
from rationale.agreement.blocks import blocks
from rationale.agreement.measure import AgreementOptions, Place, measure
from rationale.agreement.metric import metrics
from rationale.agreement.sentence_metrics import group_success_at_5, sentence_ap
from rationale.corpus.document import Document, Documents, Span
from rationale.errors import DataError
from tests.agreement.making import best, document
from tests.handmade import scored, scores_of

NAMES = [name for name, metric in metrics.items() if metric.source == "sentences"]


def cut(words, *lengths):
    """Sentences of these lengths over a document's words."""
    ends = offsets_of(lengths)
    assert ends[-1] == words
    return tuple(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def one_block(pairs):
    """The block of documents with their word scores ``{document: (layers, words)}`` of method ``m``."""
    own = Documents([d for d, _ in pairs], source="made by hand")
    (block,) = blocks(scores_of([scored(d, {"m": values}) for d, values in pairs], own), own)
    return block


def one(document, values, **options):
    layers = tuple(range(np.atleast_2d(values).shape[0]))
    return sentences_of(one_block([(document, values)]), "m", layers, **options)


def value(name, sentences):
    """A metric of the first layer and document."""
    return metrics.get(name).compute(sentences)[0, 0]


# worked numbers


@pytest.mark.parametrize(("score", "ap"), [("sum", 1 / 3), ("mean", 1 / 2), ("max", 1.0)])
def test_the_score_decides_which_sentence_is_best(score, ap):
    words = [0.1, 0.1, 0.1, 0.2, 0.05, 0.1, 0.1, 0.1, 0.1, 0.15]
    text = document(words=10, spans=[(3, 5)], sentences=cut(10, 3, 2, 4, 1))
    assert value("sentence_ap", one(text, words, score=score)) == pytest.approx(ap)


def test_sentences_with_the_same_scores_tie_whatever_their_lengths():
    """Sums of float32 in float64 are exact, so means of a constant are equal: one threshold."""
    text = document(words=10, spans=[(9, 10)], sentences=cut(10, 3, 2, 4, 1))
    found = one(text, [0.1] * 10)
    assert value("sentence_ap", found) == 0.25
    assert value("sentence_roc_auc", found) == 0.5
    assert found.best(1).tolist() == [[True, False, False, False]]


def evidence(text, gold):
    block = one_block([(text, np.zeros(len(text.words)))])
    return outline(block, gold=gold).evidence.tolist()


def test_gold_by_half_any_and_stated():
    spans = (Span(0, 1), Span(3, 5, 0, (0, 1)), Span(6, 9, 1, (2, 4)))
    text = Document("a", "a", tuple("abcdefghij"), spans=spans, sentences=cut(10, 3, 2, 4, 1))
    assert evidence(text, "half") == [False, True, True, False]
    assert evidence(text, "any") == [True, True, True, False]
    assert evidence(text, "stated") == [True, False, True, True]


def test_nothing_stated_marks_none_and_is_left_out():
    text = document(words=4, spans=[(0, 2)], sentences=cut(4, 2, 2))
    found = one(text, [4, 3, 2, 1], gold="stated")
    assert all(np.isnan(value(name, found)) for name in NAMES)


def test_half_of_the_words_selects_a_sentence():
    text = document(words=9, spans=[(0, 3)], sentences=cut(9, 3, 2, 4))
    block = one_block([(text, np.zeros(9))])
    words = np.array([[1, 0, 0, 1, 0, 1, 1, 0, 0]], dtype=bool)
    assert outline(block).selected(words).selected.tolist() == [[False, True, True]]
    assert metrics.get("sentence_f1").compute(outline(block).selected(words)).tolist() == [[0.0]]


# FEVER's alternatives: {s27, s28} or {s6, s28}


def fever(*best_sentences):
    """A page of 30 one-word sentences; evidence {27, 28} or {6, 28}; the best sentences in this order."""
    spans = (Span(27, 29, 0), Span(6, 7, 1), Span(28, 29, 1))
    page = Document("101042__0", "page", ("w",) * 30, spans=spans, sentences=cut(30, *[1] * 30))
    scores = np.zeros(30)
    scores[list(best_sentences)] = np.arange(len(best_sentences), 0, -1)
    return one(page, scores)


@pytest.mark.parametrize(
    ("order", "success", "recall"),
    [
        ((27, 28), 1, 2 / 3),
        ((6, 28), 1, 2 / 3),
        ((1, 2, 3, 28, 6), 1, 2 / 3),
        ((1, 2, 3, 4, 28, 6), 0, 1 / 3),
        ((6, 27, 9, 10, 11), 0, 2 / 3),
        ((28, 9, 10, 11, 12), 0, 1 / 3),
    ],
)
def test_a_whole_group_among_the_five_best(order, success, recall):
    found = fever(*order)
    assert value("group_success_at_5", found) == success
    assert value("sentence_recall_at_5", found) == pytest.approx(recall)
    assert value("sentence_hit", found) == (order[0] in (6, 27, 28))
    assert value("sentence_recall_at_1", found) == pytest.approx((order[0] in (6, 27, 28)) / 3)


def test_a_group_counts_its_own_words_and_needs_a_sentence():
    """Each group marks a third of the sentence: their union is evidence, no group is."""
    text = document(words=6, spans=[(0, 1, 0), (1, 2, 1)], sentences=cut(6, 3, 3))
    found = one(text, np.arange(6))
    assert value("sentence_hit", found) == 0
    assert np.isnan(value("group_success_at_5", found))
    assert value("group_success_at_5", one(text, np.arange(6), gold="any")) == 1


def test_documents_of_up_to_five_sentences_are_found_whole():
    text = document(words=4, spans=[(0, 1, 0), (3, 4, 0)], sentences=cut(4, 1, 1, 1, 1))
    assert value("group_success_at_5", one(text, [0, 1, 2, 0])) == 1


# random documents


def random_pairs(seed, documents=30, layers=2):
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(documents):
        lengths = rng.integers(1, 6, rng.integers(1, 12))
        words = int(lengths.sum())
        spans = []
        for group in range(int(rng.integers(0, 4))):
            for start in rng.integers(0, words, rng.integers(1, 3)):
                stated = np.sort(rng.integers(0, len(lengths) + 1, 2)).tolist()
                span = Span(int(start), int(rng.integers(start + 1, words + 1)), group)
                keep = rng.random() < 0.8 and stated[0] < stated[1]
                spans.append(Span(span.start, span.end, group, tuple(stated) if keep else None))
        text = tuple(f"w{n}" for n in range(words))
        own = Document(f"d{number}", f"d{number}", text, spans=tuple(spans), sentences=cut(words, *lengths))
        pairs.append((own, rng.integers(0, 6, (layers, words)) / 8))
    return pairs


def expected_gold(document, gold):
    """Evidence sentences, and each group's, as sets."""

    def sentences(spans):
        if gold == "stated":
            return {n for span in spans if span.stated for n in range(*span.stated)}
        marked = {n for span in spans for n in range(span.start, span.end)}
        found = set()
        for number, (start, end) in enumerate(document.sentences):
            count = len(marked & set(range(start, end)))
            if count >= (end - start) / 2 if gold == "half" else count:
                found.add(number)
        return found

    numbers = sorted({span.group for span in document.spans})
    groups = [sentences([s for s in document.spans if s.group == number]) for number in numbers]
    return sentences(document.spans), [group for group in groups if group]


def expected(document, values, score, gold):
    """All metrics of one document and layer, from scikit-learn and sets."""
    reduce = {"mean": np.mean, "sum": np.sum, "max": np.max}[score]
    scores = np.array([reduce(values[start:end]) for start, end in document.sentences])
    positives, groups = expected_gold(document, gold)
    truth = np.isin(np.arange(len(scores)), list(positives)).astype(int)
    order = np.argsort(-scores, kind="stable").tolist()
    mixed = 0 < truth.sum() < len(truth)
    precision, recall, _ = precision_recall_curve(truth, scores) if mixed else (None, None, None)
    return {
        "sentence_ap": average_precision_score(truth, scores) if mixed else np.nan,
        "sentence_auprc": auc(recall, precision) if mixed else np.nan,
        "sentence_roc_auc": roc_auc_score(truth, scores) if mixed else np.nan,
        "sentence_hit": float(order[0] in positives) if positives else np.nan,
        "sentence_recall_at_1": len(positives & set(order[:1])) / len(positives) if positives else np.nan,
        "sentence_recall_at_5": len(positives & set(order[:5])) / len(positives) if positives else np.nan,
        "group_success_at_5": float(any(g <= set(order[:5]) for g in groups)) if groups else np.nan,
    }


@pytest.mark.parametrize("gold", ["half", "any", "stated"])
@pytest.mark.parametrize("score", ["mean", "sum", "max"])
def test_each_document_has_the_values_of_scikit_learn_and_sets(score, gold):
    pairs = random_pairs(seed=3)
    found = sentences_of(one_block(pairs), "m", (0, 1), score=score, gold=gold)
    for name in NAMES:
        theirs = [[expected(d, values[row], score, gold)[name] for d, values in pairs] for row in (0, 1)]
        np.testing.assert_allclose(metrics.get(name).compute(found), theirs, rtol=1e-12, err_msg=name)


def test_words_that_no_window_covers_leave_their_sentence_out():
    """The second sentence keeps one word, the third none: its group has one sentence left."""
    text = document(words=6, spans=[(2, 4, 0), (4, 6, 0)], sentences=cut(6, 2, 2, 2))
    own = Documents([text], source="made by hand")
    items = [scored(text, {"m": [3, 1, 5, 9, 9, 9]}, covered=[True, True, True, False, False, False])]
    (block,) = blocks(scores_of(items, own), own)
    found = sentences_of(block, "m", (0,))
    assert found.ranking.lengths.tolist() == [2]
    assert found.ranking.truth.tolist() == [False, True]
    assert sentence_ap(found).tolist() == [[1.0]]
    assert group_success_at_5(found).tolist() == [[1.0]]


def test_scores_of_sentences_of_their_own_are_ranked_as_they_are():
    text = document(words=6, spans=[(2, 4)], sentences=cut(6, 2, 2, 2))
    block = one_block([(text, np.zeros(6))])
    assert sentence_ap(outline(block).of_scores(np.array([[0.2, 0.1, 0.9]]))).tolist() == [[1 / 3]]


def test_absolute_values_of_signed_methods():
    text = document(words=4, spans=[(0, 2)], sentences=cut(4, 2, 2))
    own = Documents([text], source="made by hand")
    (block,) = blocks(scores_of([scored(text, {"m": [-3, -3, 1, 1]})], own, signed=["m"]), own)
    assert sentence_ap(sentences_of(block, "m", (0,))).tolist() == [[0.5]]
    assert sentence_ap(sentences_of(block, "m", (0,), absolute=True)).tolist() == [[1.0]]


# in an agreement


def measured(pairs, **options):
    own = Documents([d for d, _ in pairs], source="made by hand")
    items = [scored(d, {"m": values}) for d, values in pairs]
    return measure(scores_of(items, own), own, AgreementOptions(**options)), items


def test_an_agreement_measures_sentences_where_asked():
    pairs = random_pairs(seed=5, documents=8)
    plain, _ = measured(pairs)
    found, items = measured(pairs, sentences="sum")
    assert {p.metric for p in found.parts} - {p.metric for p in plain.parts} == {*NAMES, "sentence_f1"}
    ap = found.parts[Place("m", 1, "sentence_ap", None)][0]
    np.testing.assert_allclose(ap, [expected(d, v[1], "sum", "half")["sentence_ap"] for d, v in pairs])
    f1 = found.parts[Place("m", 1, "sentence_f1", "top_k_gold")][0]
    for number, ((text, _), item) in enumerate(zip(pairs, items, strict=True)):
        picked = best(item, "m", 1, text.rationale.sum())
        chosen = [2 * picked[a:b].sum() >= b - a for a, b in text.sentences]
        truth = np.isin(np.arange(len(chosen)), list(expected_gold(text, "half")[0]))
        theirs = f1_score(truth, chosen) if truth.any() or any(chosen) else np.nan
        np.testing.assert_allclose(f1[number], theirs)


def test_documents_without_annotation_have_no_value():
    text = document(words=4, annotated=False, sentences=cut(4, 2, 2))
    found, _ = measured([(text, np.arange(4))], sentences="mean")
    names = {*NAMES, "sentence_f1"}
    assert all(np.isnan(found.parts[place]).all() for place in found.parts if place.metric in names)


def test_no_sentences_known_is_refused():
    pairs = [(document("a", sentences=cut(4, 2, 2)), np.arange(4)), (document("b"), np.arange(4))]
    with pytest.raises(DataError) as caught:
        measured(pairs, sentences="mean")
    assert str(caught.value) == (
        "document 'b' of annotation 'b': no sentences are known. Sentence metrics need an ERASER folder, "
        "whose documents have one sentence a line."
    )


@pytest.mark.parametrize("sentences", [((0, 5),), ((0, 2), (1, 4)), ((2, 2),), ((2, 4), (0, 2)), ((-1, 2),)])
def test_sentences_that_cannot_be(sentences):
    with pytest.raises(DataError, match="does not fit 4 words"):
        document(words=4, sentences=sentences)


def test_a_span_may_not_state_sentences_that_do_not_exist():
    with pytest.raises(DataError, match=r"states sentences \[1, 3\] of 2"):
        Document("a", "a", tuple("abcd"), spans=(Span(0, 1, 0, (1, 3)),), sentences=cut(4, 2, 2))
