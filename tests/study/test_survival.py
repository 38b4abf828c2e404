"""What survives is what the traces say, counted by hand; intervals are SciPy's."""

import re
from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import bootstrap

from rationale.agreement import agree
from rationale.corpus import Document, Documents, Span
from rationale.errors import ScoresError
from rationale.evaluation.survival import survival
from rationale.loading.classifier import load_classifier
from rationale.report.html import report_html
from rationale.report.survival import (
    alone_table,
    alone_text,
    kinds_table,
    survival_curves,
    words_table,
)
from rationale.scores import Faithfulness, ScoreOptions, score
from rationale.scores.removal import reduced_logits, without
from rationale.tokens import Windower, pack_windows
from tests.dropping.models import dropping_model
from tests.toys import toy_classifier, toy_tokenizer, wordy

DOCUMENTS = Documents(
    [
        Document(
            str(n), str(n), (*wordy(n, n), "The", "film,", "42", "--"), label="POS", spans=(Span(n - 1, n),)
        )
        for n in (4, 11, 9, 16, 7)
    ]
)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    dropping_model("bert").save_pretrained(folder)
    toy_tokenizer("wordpiece").save_pretrained(folder)
    return load_classifier(folder, device="cpu")


@pytest.fixture(scope="module")
def scores(classifier):
    return score(classifier, DOCUMENTS, ScoreOptions(("kept",)), progress=False)


@pytest.fixture(scope="module")
def kept_words(classifier):
    """For each document, bool (L, W) from the model's own trace."""
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    found = {}
    for document in DOCUMENTS:
        (window,) = windower(document).windows
        (way,) = classifier.hard(pack_windows([window])).traces()
        left = [way.dropped[window.word == w].max() for w in range(len(document.words))]
        found[document.key] = np.array([[l > layer for l in left] for layer in range(way.layers)])  # noqa: E741
    return found


def test_kinds_are_ratios_of_sums(scores, kept_words):
    found = {share.name: share for share in survival(scores, DOCUMENTS, least=1).kinds}
    human = [(kept_words[d.key][:, d.rationale].sum(axis=1), d.rationale.sum()) for d in DOCUMENTS]
    expected = np.sum([k for k, _ in human], axis=0) / sum(n for _, n in human)
    assert found["human rationale"].survival == pytest.approx(expected)
    everything = np.concatenate([kept_words[d.key] for d in DOCUMENTS], axis=1)
    assert found["all words"].survival == pytest.approx(everything.mean(axis=1))
    assert found["numbers"].words == len(DOCUMENTS)  # "42" of each
    marks = sum(not any(map(str.isalnum, word)) for d in DOCUMENTS for word in d.words)
    assert found["punctuation"].words == marks
    assert found["function words"].words >= len(DOCUMENTS)  # "The" of each
    parts = [found[kind].words for kind in ("content words", "function words", "numbers", "punctuation")]
    assert sum(parts) == found["all words"].words == everything.shape[1]


def test_intervals_are_scipys(scores, kept_words):
    share = next(s for s in survival(scores, DOCUMENTS, resamples=499, seed=3).kinds if s.name == "all words")
    for layer in range(len(share.survival)):
        kept = np.array([kept_words[d.key][layer].sum() for d in DOCUMENTS], dtype=float)
        words = np.array([len(d.words) for d in DOCUMENTS], dtype=float)
        theirs = bootstrap(
            (kept, words), lambda k, n, axis: k.mean(axis) / n.mean(axis), paired=True, vectorized=True,
            n_resamples=499, method="percentile", rng=3,
        ).confidence_interval  # fmt: skip
        assert (share.low[layer], share.high[layer]) == pytest.approx((theirs.low, theirs.high))


def test_words_are_counted_bare_and_in_one_case(scores, kept_words):
    by_hand = defaultdict(list)
    for document in DOCUMENTS:
        for place, word in enumerate(document.words):
            by_hand[word.lower().strip(".,!?-;:\"'()")].append(kept_words[document.key][:, place])
    found = {share.name: share for share in survival(scores, DOCUMENTS, least=5).words}
    assert {"film", "the", "42"} <= found.keys()
    assert "" not in found
    for name, share in found.items():
        assert share.words == len(by_hand[name]) >= 5
        assert share.survival == pytest.approx(np.mean(by_hand[name], axis=0))
        for value, low, high in zip(share.survival, share.low, share.high, strict=True):
            assert low <= value <= high


def test_lost_are_the_documents_whose_rationale_is_gone(scores, kept_words):
    found = survival(scores, DOCUMENTS)
    assert found.annotated == len(DOCUMENTS)
    for row, lost in enumerate(found.lost):
        assert list(lost) == [d.key for d in DOCUMENTS if not kept_words[d.key][row][d.rationale].any()]
    assert any(found.lost)


def test_tables_and_figure_say_the_same(scores):
    found = survival(scores, DOCUMENTS, least=2)
    table = kinds_table(found, found.layers[-1])
    assert [row[0] for row in table.rows] == [share.name for share in found.kinds]
    most = [row[2].value for row in words_table(found, 1, most=True).rows]
    least = [row[2].value for row in words_table(found, 1, most=False).rows]
    assert most == sorted(most, reverse=True)
    assert least == sorted(least)
    lines = [t for t in survival_curves(found).data if t.mode == "lines+markers"]
    assert [list(line.y) for line in lines] == [list(share.survival) for share in found.kinds]


def test_the_report_of_a_dropping_model_has_a_section_of_it(scores):
    page = report_html(scores, DOCUMENTS, agree(scores, DOCUMENTS, resamples=20))
    assert "What each layer keeps" in page
    found = survival(scores, DOCUMENTS)
    for layer, lost in zip(found.layers, found.lost, strict=True):
        assert re.search(rf'<td class="number">{layer}</td><td class="number">{len(lost)}</td>', page)


def test_it_does_not_take_the_method_alive(classifier, scores):
    """Every score of a dropping model carries what is kept."""
    others = score(classifier, DOCUMENTS, ScoreOptions(("input_x_gradient",)), progress=False)
    assert survival(others, DOCUMENTS) == survival(scores, DOCUMENTS)


def test_kept_words_alone_are_counted_against_the_prediction(classifier, scores, kept_words):
    """By running the model on them, words removed by hand; the interval is Wilson's formula."""
    options = ScoreOptions(("kept",), faithfulness=Faithfulness(0.2))
    perturbed = score(classifier, DOCUMENTS, options, progress=False)
    found = survival(perturbed, DOCUMENTS)
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    for one in found.alone:
        same = 0
        for document, scored in zip(DOCUMENTS, perturbed, strict=True):
            (window,) = windower(document).windows
            rest = without(window, ~kept_words[document.key][one.layer])
            logits = reduced_logits(classifier, [rest], 1)
            same += classifier.labels[int(logits[0].argmax())] == scored.predicted
        assert (one.same, one.n) == (same, len(DOCUMENTS))
        p, n, z = same / len(DOCUMENTS), len(DOCUMENTS), 1.959963984540054
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        assert (one.low, one.high) == (pytest.approx(middle - half), pytest.approx(middle + half))
    assert [one.layer for one in found.alone] == [0, 1, 2]
    assert [row[2] for row in alone_table(found).rows] == [one.same for one in found.alone]
    first = found.alone[0]
    assert f"{first.same / first.n:.1%} after layer 0" in alone_text(found)
    page = report_html(perturbed, DOCUMENTS, agree(perturbed, DOCUMENTS, resamples=20))
    assert alone_text(found)[:40] in page
    assert "--faithfulness" in alone_text(survival(scores, DOCUMENTS))


def test_scores_that_tell_nothing_are_refused():
    plain = score(toy_classifier("bert"), DOCUMENTS, ScoreOptions(("input_x_gradient",)), progress=False)
    with pytest.raises(ScoresError, match="Score this data again"):
        survival(plain, DOCUMENTS)
