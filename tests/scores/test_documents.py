"""From windows to documents: one target, one vector of words, nothing lost on the way."""

import numpy as np
import pytest

from rationale.corpus.document import Document, Documents
from rationale.errors import DataError, RationaleError
from rationale.scores import METHODS, Faithfulness, ScoreOptions, score, score_text
from rationale.study.topk.conditions import Condition
from rationale.tokens import Windower, align
from tests.scores import oracle
from tests.scores.made import documents_of, scored
from tests.toys import toy_classifier, wordy

pytestmark = pytest.mark.slow  # every test scores long documents window by window


def windows_of(document, protocol="document", classifier=None):
    classifier = classifier or toy_classifier("bert", max_length=20)
    return Windower(classifier.tokenizer, classifier.max_length, protocol)(document).windows


def joined(document, **settings):
    """Probabilities averaged by weight, and each window's own prediction, from plain transformers."""
    windows = windows_of(document)
    each = [oracle.logits("bert", w, **settings).double().softmax(dim=0).numpy() for w in windows]
    return sum(w.weight * p for w, p in zip(windows, each, strict=True)), [int(p.argmax()) for p in each]


def same(one, other, within=1e-5):
    assert (one.key, one.predicted, one.tokens) == (other.key, other.predicted, other.tokens)
    for method in one.words:
        np.testing.assert_allclose(one.words[method], other.words[method], atol=within, err_msg=method)
        np.testing.assert_allclose(one.token_scores[method], other.token_scores[method], atol=10 * within)


def test_probabilities_are_averaged_over_windows_by_their_words():
    for document, one in zip(documents_of(), scored(documents_of(), ["attention.all"]), strict=True):
        expected, _ = joined(document)
        np.testing.assert_allclose(one.probabilities, expected, atol=1e-5)
        assert one.predicted == ("NEG", "POS")[int(expected.argmax())]
        assert one.label == document.label


@pytest.mark.parametrize("target", ["predicted", "gold"])
def test_every_window_is_explained_for_the_documents_target(target):
    """Also a window that on its own would have chosen the other class: the seeds below hold some."""
    disagreeing = 0
    for document, one in zip(
        documents_of(), scored(documents_of(), ["input_x_gradient.sum"], target=target), strict=True
    ):
        _, own = joined(document)
        wanted = ("NEG", "POS").index(one.predicted if target == "predicted" else document.label)
        disagreeing += sum(choice != wanted for choice in own)
        for number, window in enumerate(windows_of(document)):
            product = oracle.gradients("bert", window, wanted, times_input=True)
            got = one.token_scores["input_x_gradient.sum"][:, one.token_window == number]
            np.testing.assert_allclose(got, oracle.shares(product.sum(axis=-1)), atol=1e-5)
    assert disagreeing > 0


def test_tokens_words_and_windows_lie_as_the_tokenizer_says():
    classifier = toy_classifier("bert", max_length=20)
    for document, one in zip(documents_of(), scored(documents_of(), ["attention.cls"]), strict=True):
        windows = windows_of(document)
        assert one.digest == document.digest
        assert one.window_tokens.tolist() == [len(w.ids) for w in windows]
        np.testing.assert_allclose(one.window_weight.sum(), 1, atol=1e-6)
        ids = np.concatenate([w.ids for w in windows])
        assert list(one.tokens) == classifier.tokenizer.convert_ids_to_tokens(ids.tolist())
        assert (
            one.token_word[one.token_word >= 0].tolist()
            == align(classifier.tokenizer, document.words).word.tolist()
        )
        assert one.covered.all()
        assert one.layers["attention.cls"] == (0, 1, 2)


def test_a_word_scores_the_weighted_sum_of_its_tokens():
    for one in scored(documents_of()):
        for method, tokens in one.token_scores.items():
            expected = np.zeros_like(one.words[method], dtype=np.float64)
            for token, word in enumerate(one.token_word):
                if word >= 0:
                    expected[:, word] += tokens[:, token] * one.window_weight[one.token_window[token]]
            np.testing.assert_allclose(one.words[method], expected, atol=1e-6)
            assert one.words[method].dtype == one.token_scores[method].dtype == np.float32


def test_a_document_scores_the_same_alone_in_any_batch_and_order():
    documents = documents_of()
    together = {one.key: one for one in scored(documents, batch_size=16)}
    for size, part in ((1, 1), (3, 2), (64, 32)):
        for one in scored(Documents(list(documents)[::-1]), batch_size=size, part_size=part):
            same(one, together[one.key])


def test_baselines_are_what_they_say_and_share_one_over_the_document():
    documents = documents_of()
    for document, one in zip(documents, scored(documents, ["random", "lead", "word_length"]), strict=True):
        count = len(document.words)
        lengths = np.array([len(word) for word in document.words])
        np.testing.assert_allclose(one.words["word_length"][0], lengths / lengths.sum(), atol=1e-6)
        places = np.arange(count, 0, -1)
        np.testing.assert_allclose(one.words["lead"][0], places / places.sum(), atol=1e-6)
        assert len(set(one.words["random"][0].tolist())) == count
        np.testing.assert_allclose(one.words["random"].sum(), 1, atol=1e-5)
        assert one.layers["random"] == (0,)


def test_random_hangs_on_seed_and_document_alone():
    documents = documents_of()
    first = {one.key: one.words["random"] for one in scored(documents, ["random"])}
    for one in scored(Documents(list(documents)[::-1]), ["random"]):
        assert np.array_equal(one.words["random"], first[one.key])
    other = {one.key: one.words["random"] for one in scored(documents, ["random"], seed=1)}
    assert not any(np.array_equal(first[key], other[key]) for key in first)


def test_truncate_leaves_words_beyond_the_window_out():
    for document, one in zip(documents_of(), scored(documents_of(), protocol="truncate"), strict=True):
        (window,) = windows_of(document, "truncate")
        seen = np.zeros(len(document.words), dtype=bool)
        seen[window.word[window.word >= 0]] = True
        np.testing.assert_array_equal(one.covered, seen)
        expected = oracle.logits("bert", window).double().softmax(dim=0)
        np.testing.assert_allclose(one.probabilities, expected, atol=1e-5)
        for words in one.words.values():
            assert (words[:, ~seen] == 0).all()
            assert (words[:, seen] != 0).any()


def test_windows_reads_only_where_there_is_rationale():
    for document, one in zip(documents_of(), scored(documents_of(), protocol="windows"), strict=True):
        windows = windows_of(document, "windows")
        assert len(windows) == 1
        assert one.covered[document.rationale].all()
        assert one.covered.sum() == len(set(windows[0].word.tolist()) - {-1})


@pytest.mark.parametrize("words", [(), ("",), ("\u200b", "\x07"), ("\u200b", "film", "\x07")])
@pytest.mark.parametrize("protocol", ["document", "truncate", "windows"])
def test_words_without_tokens_score_zero(words, protocol):
    (one,) = scored(Documents([Document("a", "a", words)]), protocol=protocol, faithfulness=Faithfulness(0.5))
    dropped = np.array([word != "film" for word in words], dtype=bool)
    for scores in one.words.values():
        assert scores.shape[1] == len(words)
        assert (scores[:, dropped] == 0).all()
        assert np.isfinite(scores).all()
    np.testing.assert_allclose(sum(one.probabilities), 1)
    assert one.perturbed


def test_a_one_logit_model_is_explained_by_its_logit():
    classifier = toy_classifier("bert", outputs=1, max_length=20)
    documents = Documents([Document("a", "a", wordy(30), label="NEG")])
    for target in ("predicted", "gold"):
        (one,) = scored(documents, ["input_x_gradient"], classifier, target=target)
        (first, *_) = windows_of(documents[0], classifier=classifier)
        expected = oracle.shares(oracle.every_method("bert", first, 0, outputs=1)["input_x_gradient"])
        np.testing.assert_allclose(
            one.token_scores["input_x_gradient"][:, one.token_window == 0], expected, atol=1e-5
        )
        assert len(one.probabilities) == 2


@pytest.mark.parametrize("label", [None, "NEG"])
def test_the_gold_target_needs_a_label_the_model_knows(label):
    documents = Documents([Document("a7", "a", wordy(5), label=label)])
    if label:
        assert len(scored(documents, ["input_x_gradient"], target="gold")) == 1
    else:
        with pytest.raises(
            DataError, match=r"annotation 'a7': the target is the gold label, .* is None.*NEG, POS"
        ):
            scored(documents, ["input_x_gradient"], target="gold")


def test_a_label_the_model_does_not_know_is_refused_before_anything_runs():
    documents = Documents([Document("a", "a", wordy(5), label="neutral")], source="reviews")
    with pytest.raises(
        DataError, match=r"reviews: label 'neutral' is unknown to the model.*NEG, POS.*--labels"
    ):
        scored(documents)


def test_nothing_to_score_is_refused():
    with pytest.raises(DataError, match=r"empty\.jsonl: there is nothing to score"):
        scored(Documents([], source="empty.jsonl"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["salience"]}, "no score method is called 'salience'.*Did you mean 'saliency'"),
        ({"methods": ["input_x_gradient", "input_x_gradient"]}, "each once"),
        ({"methods": []}, "expected at least one, each once"),
        ({"target": "silver"}, "no target is called 'silver'.*predicted, gold"),
        ({"protocol": "slide"}, "no protocol is called 'slide'"),
        ({"batch_size": 0}, "expected at least 1 each"),
        ({"part_size": 0}, "expected at least 1 each"),
        ({"faithfulness": Faithfulness(0.1, layers=(0, 3))}, "at layer 3, and no method has.* 0 to 2"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(RationaleError, match=message):
        scored(documents_of(1), **options)


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_is_a_share(share):
    with pytest.raises(RationaleError, match="expected above 0 and at most 1"):
        Faithfulness(share)


def test_explain_scores_one_text_as_score_does():
    classifier = toy_classifier("bert")
    options = ScoreOptions(methods=("input_x_gradient", "word_length"))
    (one,) = score_text(classifier, "  a quiet\tfilm ! ", query="is it ?", options=options)
    document = Document("text", "text", ("a", "quiet", "film", "!"), query=("is", "it", "?"))
    (other,) = score(classifier, Documents([document]), options, progress=False)
    same(one, other)
    with pytest.raises(DataError, match="the text has no words"):
        score_text(classifier, " \n ")


def test_saliency_is_the_papers_name_of_input_x_gradient():
    """Only what users write knows it: results carry one name."""
    assert ScoreOptions(("saliency", "random")).methods == ("input_x_gradient", "random")
    assert Condition.parse("not-saliency:gold@1") == Condition.parse("not-input_x_gradient:gold@1")
    with pytest.raises(RationaleError, match="each once"):
        ScoreOptions(("saliency", "input_x_gradient"))
    assert "saliency" not in METHODS
