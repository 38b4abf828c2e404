"""Occlusion, LIME and KernelSHAP against loops over plain transformers and exact Shapley values."""

from contextlib import contextmanager
from functools import cache
from itertools import permutations
from math import factorial

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import KernelShap as CaptumShap
from captum.attr import Lime as CaptumLime
from captum.attr._core.lime import get_exp_kernel_similarity_function

from rationale.randomness import Randomness
from rationale.scores import METHODS
from rationale.scores.captum import Lime, LimeOptions
from rationale.scores.captum.sampling import kernel_shap
from tests.lanes import first_fast
from tests.scores.captum_cases import TARGET, method, window_of, without_words
from tests.toys import MODELS, toy_classifier


def wide(name):
    """transformers' local attention counts rows, not positions: with gaps only a wide one is comparable."""
    return {"local_attention": 128} if name.startswith("modernbert") else {}


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_occlusion_equals_a_loop_over_the_plain_model(name):
    classifier = toy_classifier(name, scale=0.2, **wide(name))
    window = window_of(classifier, words=6)
    scores = METHODS.get("occlusion").attribute(classifier, window, TARGET, 0)
    whole = without_words(classifier, window, set())
    for word in range(6):
        expected = whole - without_words(classifier, window, {word})
        own = scores[0, window.word == word]
        assert own.sum() == pytest.approx(expected, abs=1e-5)
        assert np.ptp(own) == 0
    assert (window.word >= 0).sum() > 6  # some word has several tokens


def test_occlusion_of_neighbours_averages_over_the_removals_a_word_was_in():
    bert = toy_classifier("bert", scale=0.2)
    window = window_of(bert, words=4)
    scores = method("occlusion", width=2).attribute(bert, window, TARGET, 0)
    whole = without_words(bert, window, set())
    losses = [whole - without_words(bert, window, {first, first + 1}) for first in range(3)]
    expected = [losses[0], (losses[0] + losses[1]) / 2, (losses[1] + losses[2]) / 2, losses[2]]
    found = [scores[0, window.word == word].sum() for word in range(4)]
    assert found == pytest.approx(expected, abs=1e-5)


def shapley(value, words):
    """By definition: the mean gain of each word over all orders of arrival."""
    gains = np.zeros(words)
    for order in permutations(range(words)):
        for place, word in enumerate(order):
            gains[word] += value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
    return gains / factorial(words)


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_kernel_shap_is_exact_where_all_subsets_are_read(name):
    classifier = toy_classifier(name, scale=0.2, **wide(name))
    window = window_of(classifier, words=4)

    @cache
    def value(kept):
        return without_words(classifier, window, set(range(4)) - kept)

    scores = METHODS.get("kernel_shap").attribute(classifier, window, TARGET, 0)
    found = [scores[0, window.word == word].sum() for word in range(4)]
    assert found == pytest.approx(shapley(value, 4), abs=2e-4)
    assert scores.sum() == pytest.approx(value(frozenset(range(4))) - value(frozenset()), abs=2e-4)


def test_kernel_shap_approaches_the_shapley_values():
    torch.manual_seed(0)
    words, triple = 12, [1, 4, 6]
    weights, pairs = torch.randn(words).double(), torch.randn(words, words).double().fill_diagonal_(0)

    def value(subsets):
        x = subsets.double()
        return x @ weights + torch.einsum("pi,ij,pj->p", x, pairs, x) + 3.0 * x[:, triple].prod(dim=1)

    exact = weights + (pairs + pairs.T).sum(dim=1) / 2  # an interaction is shared by those who take part
    exact[triple] += 1.0
    found = kernel_shap(value, words, 3000).flatten()
    assert float((found - exact).abs().max()) < 0.1
    assert float(found.sum()) == pytest.approx(float(value(torch.ones(1, words))), abs=1e-2)


def test_pairs_make_interactions_of_two_words_exact():
    torch.manual_seed(1)
    pairs = torch.randn(12, 12).double()
    found = kernel_shap(lambda s: torch.einsum("pi,ij,pj->p", s.double(), pairs, s.double()), 12, 60, 0.0)
    expected = pairs.diagonal() + ((pairs + pairs.T) / 2).fill_diagonal_(0).sum(dim=1)
    torch.testing.assert_close(found.flatten().double(), expected, atol=5e-3, rtol=1e-2)


def test_kernel_shap_does_not_break_down_where_subsets_are_as_many_as_words():
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(40, generator=generator).double()

    def value(subsets):  # a text of words that add up, and a little that does not
        noise = torch.sin(1e4 * (subsets.double() @ weights)) / 2
        return subsets.double() @ weights + noise

    for samples in (40, 80):
        found = kernel_shap(value, 40, samples).flatten()
        assert float(found.norm()) < 1.5 * float(weights.norm())
        assert np.corrcoef(found, weights)[0, 1] > 0.5
        total = value(torch.ones(1, 40)) - value(torch.zeros(1, 40))
        assert float(found.sum()) == pytest.approx(float(total), rel=1e-2, abs=1e-2)


class Linear:
    """A text whose logit is the sum of its words' weights."""

    def __init__(self, words):
        self.words, self.weights = np.arange(words), torch.linspace(-1, 2, words).double()

    def __call__(self, kept):
        return kept.double() @ self.weights + 0.3

    def everything(self):
        return torch.ones(1, len(self.words))


def test_lime_recovers_the_order_of_a_linear_text():
    text, drawn = Linear(12), Randomness.of(0, "text")
    found = METHODS.get("lime")._words(text, drawn).flatten()
    assert found.argsort().tolist() == list(range(12))
    unpenalised = Lime("lime", "", "", options=LimeOptions(penalty=1e-6))._words(text, drawn).flatten()
    torch.testing.assert_close(unpenalised.double(), text.weights, atol=1e-3, rtol=1e-3)


@contextmanager
def global_generator(drawn):
    """captum draws from torch's generator: here in the state in which ours begins."""
    with torch.random.fork_rng([]):
        torch.set_rng_state(drawn.torch().get_state())
        yield


def test_lime_equals_captums_own():
    text, drawn = Linear(9), Randomness.of(4, "text")
    kernel = get_exp_kernel_similarity_function("cosine", kernel_width=0.25)
    with global_generator(drawn):
        method = CaptumLime(text, SkLearnRidge(alpha=1.0), kernel)
        expected = method.attribute(
            text.everything(), n_samples=500, perturbations_per_eval=500, return_input_shape=False
        )
    torch.testing.assert_close(
        METHODS.get("lime")._words(text, drawn), expected.flatten(), atol=1e-6, rtol=1e-5
    )


@pytest.mark.parametrize("samples", [60, 61])
def test_kernel_shap_reads_captums_subsets_and_their_complements(samples):
    seen, drawn = [], Randomness.of(4, "text")
    with global_generator(drawn):
        game = lambda subsets: seen.append(subsets) or subsets.double().sum(dim=1)  # noqa: E731
        CaptumShap(game).attribute(torch.ones(1, 12), n_samples=40, perturbations_per_eval=40)
    subsets = []
    kernel_shap(lambda s: subsets.append(s) or s.double().sum(dim=1), 12, samples, randomness=drawn)
    read = subsets[0]
    assert read.shape == (samples + 2, 12)
    assert torch.equal(read[:2], torch.stack([torch.ones(12), torch.zeros(12)]))
    drawn_by_captum = seen[0][2 : 2 + len(read[2::2])].float()
    assert torch.equal(read[2::2], drawn_by_captum)
    assert torch.equal(read[3::2], 1 - drawn_by_captum[: len(read[3::2])])


def test_an_input_that_occurs_twice_is_run_once(monkeypatch):
    bert = toy_classifier("bert", scale=0.2)
    window, seen = window_of(bert, words=3, query=()), []
    tail = bert.encoder.forward_from

    def watched(layer, hidden, packed, attend):
        seen.extend(packed.lengths)
        return tail(layer, hidden, packed, attend)

    monkeypatch.setattr(bert.encoder, "forward_from", watched)
    METHODS.get("lime").attribute(bert, window, TARGET, 0)
    assert len(seen) == 2**3
