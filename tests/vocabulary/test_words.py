"""Words over a corpus are counted as by hand, scikit-learn and pandas; frequency alone makes no word lead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap, rankdata
from sklearn.feature_extraction.text import CountVectorizer

from rationale.agreement.select import Rule
from rationale.corpus import Documents
from rationale.errors import ScoresError
from rationale.scores import MemoryScores
from rationale.vocabulary import Counting, corpus_words, tally_words, words_of
from rationale.vocabulary.words import _intervals
from tests.vocabulary.making import METHOD, corpus, random_rows

HAND = [
    ("The film is good .", [0.1, 0.1, 0.1, 0.6, 0.1], "POS", "POS"),
    ("Good , good fun", [0.3, 0.1, 0.4, 0.2], "POS", "POS"),
    ("the plot is bad", [0.1, 0.2, 0.1, 0.6], "NEG", "POS"),
    ("bad film", [0.8, 0.2], "NEG", "NEG"),
]
VOCABULARY = {"alpha": 1.0, "beta": 2.0, "gamma": 0.5, "delta": 3.0, "eps": 1.0, "zeta": 0.1}


def found(rows, *, least=1, phrases=1, **options):
    scores, documents = corpus(rows)
    counting = Counting(method=METHOD, phrases=phrases)
    return corpus_words(scores, documents, counting, min_documents=least, resamples=100, **options)


def by_word(group):
    return {row.word: row for row in group.words}


def test_a_corpus_counted_by_hand():
    negative, positive = found(HAND).groups
    assert (negative.label, negative.documents, negative.occurrences) == ("NEG", 1, 2)
    assert (positive.label, positive.documents, positive.occurrences) == ("POS", 3, 11)  # no "." and no ","
    rows = by_word(positive)
    assert set(rows) == {"the", "film", "is", "good", "fun", "plot", "bad"}
    good = rows["good"]
    assert (good.documents, good.occurrences, good.size) == (2, 3, 1)
    assert good.score.value == pytest.approx((0.6 + 0.3 + 0.4) / 3)
    means = (0.9 / 4, 0.3, 0.3)  # of the words of its documents, punctuation apart
    assert good.score.difference == pytest.approx((0.6 + 0.3 + 0.4 - sum(means)) / 3)
    assert good.percentile.value == pytest.approx((1 + 0.5 + 1) / 3)
    assert good.percentile.difference == pytest.approx(good.percentile.value - 0.5)
    # the threshold is 1/n with two special tokens: 1/7, 1/6, 1/6
    assert good.selected.value == 1
    assert good.selected.difference == pytest.approx((3 * 1 - 1 / 4 - 1 - 1) / 3)
    assert rows["the"].selected.value == 0
    assert positive.selected == pytest.approx((1 + 3 + 2) / 11)
    assert good.p == 1  # of all words of the second document are selected anyway


def test_counts_are_count_vectorizers():
    rows = random_rows(60, VOCABULARY, seed=1)
    result = found(rows, phrases=3, by="gold")
    for group in result.groups:
        texts = [text for text, _, gold, _ in rows if gold == group.label]
        counter = CountVectorizer(ngram_range=(1, 3), tokenizer=str.split, token_pattern=None)
        counts = counter.fit_transform(texts).toarray()
        expected = {
            word: (int((counts[:, n] > 0).sum()), int(counts[:, n].sum()))
            for word, n in counter.vocabulary_.items()
        }
        assert {row.word: (row.documents, row.occurrences) for row in group.words} == expected
        assert group.rare == 0


def test_means_are_pandas_and_scipys():
    rows = random_rows(60, VOCABULARY, seed=2)
    table = pd.concat(
        pd.DataFrame(
            {
                "word": text.split(),
                "score": values,
                "rank": (rankdata(np.float32(values)) - 1) / (len(values) - 1),
                "selected": np.float32(values) >= np.float32(1) / np.float32(len(values) + 2),
                "document": n,
                "predicted": predicted,
            }
        )
        for n, (text, values, _, predicted) in enumerate(rows)
    )
    for measure in ("score", "rank", "selected"):
        base = table.groupby("document")[measure].transform("mean")
        table[f"{measure}_excess"] = table[measure].astype(float) - base
    for group in found(rows).groups:
        means = table[table.predicted == group.label].drop(columns="predicted").groupby("word").mean()
        for row in group.words:
            for name, lift in (("score", row.score), ("rank", row.percentile), ("selected", row.selected)):
                assert lift.value == pytest.approx(means.loc[row.word, name], abs=1e-6)
                assert lift.difference == pytest.approx(means.loc[row.word, f"{name}_excess"], abs=1e-6)


def test_a_frequent_average_word_does_not_lead():
    rng = np.random.default_rng(0)
    rows = []
    for n in range(60):
        words = [f"w{k}" for k in rng.integers(0, 40, 10)] + ["the"] * 5
        values = rng.exponential(1, 15)
        if n % 6 == 0:
            words[0], values[0] = "cue", 8.0
        rows.append((" ".join(words), (values / values.sum()).tolist(), "POS", "POS"))
    for order in ("score", "selected", "percentile"):
        rated = found(rows, least=3, order=order).groups[1].words
        assert rated[0].word == "cue"
        place = [row.word for row in rated].index("the")
        the = rated[place]
        assert the.occurrences == max(row.occurrences for row in rated)
        assert the.lift(order).low < 0 < the.lift(order).high or abs(the.lift(order).difference) < 0.02
    assert rated[0].p < 0.01
    assert the.p > 0.2


@pytest.mark.parametrize("documents", [3, 10, 30])
def test_intervals_cover(documents):
    """The end near zero, by which words are ordered, whatever their number of documents; both from ten on."""
    rng = np.random.default_rng(3)
    count = rng.integers(1, 4, (500, documents))
    shares = rng.binomial(count, 0.8) - 0.3 * count
    scores = count * rng.normal(0.5, 0.3, (500, documents))
    low, high = _intervals(np.stack([shares, scores]), count, 400, 0)
    assert ((low > 0.5).mean(axis=1) < 0.03).all()
    assert documents < 10 or (((low <= 0.5) & (high >= 0.5)).mean(axis=1) > 0.93).all()
    mirrored = _intervals(-np.stack([shares, scores]), count, 400, 0)
    assert mirrored[0] == pytest.approx(-high)


def test_intervals_are_the_wider_of_scipys_with_and_without_one_average_document_more():
    rng = np.random.default_rng(4)
    count, excess = rng.integers(1, 4, (1, 6)), rng.normal(0.1, 1, (1, 1, 6))
    low, high = _intervals(excess, count, 300, 5)
    more = (np.append(excess, 0.0), np.append(count, count.mean()))
    theirs = [
        bootstrap(
            parts, lambda a, b, axis: a.mean(axis) / b.mean(axis), paired=True, vectorized=True,
            n_resamples=300, method="percentile", rng=5,
        ).confidence_interval
        for parts in ((excess[0, 0], count[0]), more)
    ]  # fmt: skip
    assert low[0, 0] == pytest.approx(min(one.low for one in theirs))
    assert high[0, 0] == pytest.approx(max(one.high for one in theirs))


def test_three_documents_that_agree_do_not_give_an_interval_without_width():
    low, high = _intervals(np.full((1, 1, 3), 0.8), np.ones((1, 3), dtype=np.int64), 1000, 0)
    assert low[0, 0] < 0.4
    assert high[0, 0] == pytest.approx(0.8)


def test_groups_by_error_and_what_is_in_none():
    rows = [*HAND, ("no label", [0.5, 0.5], None, "POS"), ("no prediction", [0.5, 0.5], "POS", None)]
    result = found(rows, by="error")
    assert [(g.title, g.documents) for g in result.groups] == [
        ("NEG, right", 1), ("NEG, wrong", 0), ("POS, right", 2), ("POS, wrong", 1),
    ]  # fmt: skip
    assert result.ungrouped == 2
    assert {row.word for row in result.groups[3].words} == {"the", "plot", "is", "bad"}
    assert found(rows, by="predicted").ungrouped == 1
    (everything,) = found(rows, by="all").groups
    assert (everything.title, everything.documents) == ("all documents", 6)
    assert by_word(everything)["bad"].documents == 2


def test_one_class_has_the_numbers_it_has_beside_the_others():
    rows = random_rows(40, VOCABULARY, seed=5)
    both, alone = found(rows), found(rows, label="POS")
    assert alone.groups == both.groups[1:]
    assert alone.compared == both.compared


def test_rare_words_are_counted_and_left_out():
    positive = found(HAND, least=2).groups[1]
    assert set(by_word(positive)) == {"the", "is", "good"}
    assert positive.rare == 4


def test_equal_words_stand_in_the_order_of_the_alphabet_whatever_the_corpus_order():
    rows = [("b a c", [0.2, 0.2, 0.2], "POS", "POS"), ("c a b", [0.2, 0.2, 0.2], "POS", "POS")]
    assert [row.word for row in found(rows).groups[1].words] == ["a", "b", "c"]
    assert found(rows).groups == found(rows[::-1]).groups


def test_phrases_end_at_punctuation_documents_and_words_that_were_not_read():
    rows = [("a b , c d", [0.3, 0.3, 0.1, 0.2, 0.1], "POS", "POS"), ("e a", [0.5, 0.5], "POS", "POS")]
    words = by_word(found(rows, phrases=3).groups[1])
    assert {word for word in words if " " in word} == {"a b", "c d", "e a"}
    assert words["a b"].score.value == pytest.approx(0.3)
    assert words["a b"].selected.value == 1
    assert words["c d"].selected.value == 0  # one of its words is not
    scores, documents = corpus([("a b c", [0.3, 0.3, 0.4], "POS", "POS")])
    (item,) = scores
    unread = replace(item, covered=np.array([True, False, True]), token_word=np.array([-1, 0, 2, -1]),
                     tokens=("[CLS]", "a", "c", "[SEP]"), token_window=np.zeros(4, dtype=np.int32),
                     token_scores={METHOD: np.array([[0, 0.3, 0.4, 0]], dtype=np.float32)})  # fmt: skip
    tally = tally_words(MemoryScores(scores.recipe, [unread]), documents, Counting(method=METHOD, phrases=3))
    assert tally.forms == ("a", "c")


def test_punctuation_can_be_kept():
    scores, documents = corpus(HAND)
    tally = tally_words(scores, documents, Counting(method=METHOD, strip=False))
    assert {".", ",", "good", "the"} <= set(tally.forms)


def test_signed_scores_are_shares_of_the_absolute_score():
    scores, documents = corpus([("for against", [0.6, -0.2], "POS", "POS")], signed=True)
    tally = tally_words(scores, documents, Counting(method=METHOD))
    rows = by_word(words_of(tally, min_documents=1).groups[1])
    assert rows["for"].score.value == pytest.approx(0.75)
    assert rows["against"].score.value == pytest.approx(-0.25)
    rule = Rule("threshold", None, absolute=True)
    tally = tally_words(scores, documents, Counting(method=METHOD, rule=rule))
    assert by_word(words_of(tally, min_documents=1).groups[1])["against"].score.value == pytest.approx(0.25)
    assert tally.rule.endswith("by absolute value")


def test_a_document_without_any_score_speaks_for_no_word():
    row = by_word(found([("a b", [0.0, 0.0], "POS", "POS")]).groups[1])["a"]
    assert (row.score.value, row.score.difference, row.percentile.value) == (0, 0, 0.5)


def test_a_method_that_gives_only_words_is_counted_by_them():
    scores, documents = corpus(HAND)
    entry = replace(scores.recipe.methods[METHOD], gives="selection")
    items = [
        replace(
            item, words={}, token_scores={}, given={METHOD: np.isin(document.words, ["good", "Good", "bad"])}
        )
        for item, document in zip(scores, documents, strict=True)
    ]
    imported = MemoryScores(replace(scores.recipe, methods={METHOD: entry}), items)
    result = corpus_words(imported, documents, Counting(method=METHOD), min_documents=1)
    assert result.order == "selected"
    assert result.rule == "the words that the method gives"
    row = by_word(result.groups[1])["good"]
    assert (row.selected.value, row.score, row.percentile) == (1, None, None)
    assert result.groups[1].words[0].word in ("good", "bad")
    with pytest.raises(ScoresError, match="gives selected words and no scores"):
        corpus_words(imported, documents, Counting(method=METHOD), order="score")


def test_a_word_leads_to_the_documents_that_hold_it():
    scores, documents = corpus(HAND)
    tally = tally_words(scores, documents, Counting(method=METHOD, phrases=2))
    assert tally.holding("good") == {("0", "0"): (1, 1), ("1", "1"): (2, 2)}
    assert tally.holding("is bad") == {("2", "2"): (1, 0)}
    assert tally.holding("nowhere") == {}
    assert tally.places(documents[1], "good") == (0, 2)
    assert tally.places(documents[2], "is bad") == (2, 3)
    assert tally.places(documents[1], "good good") == ()  # a comma stands between


@pytest.mark.parametrize(
    ("counting", "options", "told"),
    [
        ({"method": "nobody"}, {}, f"no scores of method 'nobody'. There are: {METHOD}"),
        ({"layer": 7}, {}, "has no layer 7. Layers: 0"),
        ({"phrases": 9}, {}, "phrases of 9 words. Choose 1"),
        ({}, {"label": "MAYBE"}, "there is no class 'MAYBE'. Classes: NEG, POS"),
        ({}, {"by": "weather"}, "cannot be grouped by 'weather'. Known: predicted, gold, error, all"),
        ({}, {"order": "length"}, "cannot be ordered by 'length'. Known: selected, score, percentile"),
        ({}, {"by": "all", "label": "POS"}, "there is no class 'POS'. Leave the class out"),
    ],
)
def test_bad_choices_are_refused_with_what_there_is(counting, options, told):
    scores, documents = corpus(HAND)
    with pytest.raises(ScoresError, match=told):
        corpus_words(scores, documents, Counting(**{"method": METHOD, **counting}), **options)


def test_labels_that_are_missing_leave_no_document():
    unlabelled = [(text, values, None, predicted) for text, values, _, predicted in HAND]
    with pytest.raises(ScoresError, match=r"no document is left: none has a gold label\. Group by `all`"):
        found(unlabelled, by="gold")
    with pytest.raises(ScoresError, match="none has both labels"):
        found(unlabelled, by="error")
    with pytest.raises(ScoresError, match="no document of class 'NEG' is left"):
        found(HAND[:3], label="NEG")


def test_documents_of_another_corpus_are_refused():
    scores, documents = corpus(HAND)
    others = Documents([replace(d, words=("other", *d.words[1:])) for d in documents])
    with pytest.raises(ScoresError, match="another text"):
        corpus_words(scores, others, Counting(method=METHOD))
