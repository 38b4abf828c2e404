"""One pass gives what captum, eager attention and plain products give, alone, batched or shuffled."""

import numpy as np
import pytest
import torch

from rationale.corpus.document import Document
from rationale.scores.engine import OnePass
from rationale.scores.methods import METHODS, LayeredMethod
from rationale.tokens import Windower
from tests.lanes import first_fast
from tests.scores import oracle
from tests.toys import MODELS, toy_classifier, wordy

NAMES = tuple(oracle.ORACLES)
QUERY = ("is", "the", "film", "better", "?")


def windows_of(name, **settings):
    classifier = toy_classifier(name, **settings)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    documents = [
        Document("0", "0", wordy(4)),
        Document("1", "1", wordy(100, 1)),
        Document("2", "2", wordy(9, 2), query=QUERY),
        Document("3", "3", wordy(9, 3), query=QUERY, query_first=False),
        Document("4", "4", ()),
    ]
    return [windower(document).windows[0] for document in documents]


def one_pass(name, batch_size=8, methods=NAMES, **settings):
    return OnePass(toy_classifier(name, **settings), [METHODS.get(m) for m in methods], batch_size)


def assert_equal(one, other, within=1e-5):
    assert one.target == other.target
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=within)
    assert one.scores.keys() == other.scores.keys()
    for method, scores in one.scores.items():
        loose = 5 if METHODS.get(method).signed else 1  # a sum over the width whose terms cancel
        np.testing.assert_allclose(scores, other.scores[method], atol=loose * within, err_msg=method)


def test_the_names_are_all_layered_methods():
    layered = {name for name, m in METHODS.items() if isinstance(m, LayeredMethod) and m.fits(None)}
    assert layered == set(NAMES)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_scores_equal_those_of_others(name):
    windows = windows_of(name)
    for window, reading in zip(windows, one_pass(name)(windows, [None] * len(windows)), strict=True):
        logits = oracle.logits(name, window)
        assert reading.target == int(logits.argmax())
        np.testing.assert_allclose(reading.probabilities, logits.double().softmax(dim=0), atol=1e-5)
        expected = oracle.every_method(name, window, reading.target)
        assert reading.scores.keys() == expected.keys()
        for method, scores in expected.items():
            got = reading.scores[method]
            assert got.dtype == np.float32
            np.testing.assert_allclose(got, oracle.shares(scores), atol=1e-5, err_msg=method)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_a_target_may_be_given(name):
    window = windows_of(name)[0]
    readings = one_pass(name, methods=["input_x_gradient.sum"])([window, window], [0, 1])
    for target, reading in enumerate(readings):
        expected = oracle.gradients(name, window, target, times_input=True).sum(axis=-1)
        assert reading.target == target
        np.testing.assert_allclose(reading.scores["input_x_gradient.sum"], oracle.shares(expected), atol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
def test_one_logit_or_three(outputs):
    window = windows_of("bert", outputs=outputs)[1]
    (reading,) = one_pass("bert", outputs=outputs)([window], [None])
    logits = oracle.logits("bert", window, outputs=outputs).double()
    single = torch.cat([1 - logits.sigmoid(), logits.sigmoid()])  # one logit has a class on either side of 0
    expected = single if outputs == 1 else logits.softmax(dim=0)
    np.testing.assert_allclose(reading.probabilities, expected, atol=1e-5)
    side = -1 if outputs == 1 and reading.target == 0 else 1  # evidence of -z
    for method, scores in oracle.every_method("bert", window, reading.target, outputs=outputs).items():
        scores = side * scores if METHODS.get(method).signed else scores
        np.testing.assert_allclose(reading.scores[method], oracle.shares(scores), atol=1e-5, err_msg=method)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_padding_batch_size_and_order_change_nothing(name):
    windows = windows_of(name)
    none = [None] * len(windows)
    together = one_pass(name, 8)(windows, none)
    for size in (1, 2):
        for one, other in zip(together, one_pass(name, size)(windows, none), strict=True):
            assert_equal(one, other)
    order = [3, 0, 4, 2, 1]
    shuffled = one_pass(name, 3)([windows[i] for i in order], none)
    for place, reading in zip(order, shuffled, strict=True):
        assert_equal(reading, together[place])


def test_methods_asked_for_alone_score_as_in_company():
    windows = windows_of("bert")
    none = [None] * len(windows)
    together = one_pass("bert")(windows, none)
    for method in NAMES:
        for alone, company in zip(one_pass("bert", methods=[method])(windows, none), together, strict=True):
            np.testing.assert_allclose(alone.scores[method], company.scores[method], atol=1e-6)


def test_without_methods_there_are_still_probabilities():
    windows = windows_of("bert")
    for window, reading in zip(windows, one_pass("bert", methods=[])(windows, [None] * 5), strict=True):
        assert not reading.scores
        expected = oracle.logits("bert", window).double().softmax(dim=0)
        np.testing.assert_allclose(reading.probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_each_row_is_a_share_of_one(name):
    """Special tokens and the query are in the sum; only the signed method has both signs."""
    windows = windows_of(name)
    for window, reading in zip(windows, one_pass(name)(windows, [None] * len(windows)), strict=True):
        for method, scores in reading.scores.items():
            assert scores.shape == (toy_classifier(name).encoder.layers, len(window.ids))
            np.testing.assert_allclose(np.abs(scores).sum(axis=-1), 1, atol=1e-5)
            if not METHODS.get(method).signed:
                assert (scores >= 0).all()
    assert any(
        (r.scores["input_x_gradient.sum"] < 0).any() for r in one_pass(name)(windows, [None] * len(windows))
    )
