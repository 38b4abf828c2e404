"""What holds of every captum method: same window, same scores; nothing outside is touched; clear errors."""

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rationale.artifacts.record import to_json
from rationale.corpus.document import Document, Documents
from rationale.errors import ModelError, RationaleError
from rationale.loading.classifier import load_classifier
from rationale.scores import METHODS, ScoreOptions, StoredScores, score
from rationale.scores.captum import (
    DeepLiftOptions,
    GradientShapOptions,
    IntegratedGradientsOptions,
    KernelShapOptions,
    LimeOptions,
    OcclusionOptions,
)
from rationale.scores.captum.base import inputs_at_once, samples_at_once
from tests.scores.captum_cases import GRADIENT, NAMES, TARGET, method, window_of
from tests.toys import save_model, toy_classifier, wordy

pytestmark = pytest.mark.slow  # captum's methods run the model hundreds of times

SEEDED = ("gradient_shap", "lime", "kernel_shap")


@pytest.fixture
def bert():
    return toy_classifier("bert", scale=0.2)


@pytest.mark.parametrize("name", NAMES)
def test_seed_and_window_alone_decide(bert, name):
    first, second = window_of(bert, seed=1, words=12), window_of(bert, seed=2, words=12)
    score_of = METHODS.get(name).attribute
    alone = score_of(bert, first, TARGET, 7)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002  the generator captum draws from
    score_of(bert, second, TARGET, 7)
    np.testing.assert_array_equal(score_of(bert, first, TARGET, 7), alone)
    other = score_of(bert, first, TARGET, 8)
    assert np.array_equal(other, alone) == (name not in SEEDED)


def global_states():
    """Of the three generators that a process shares."""
    return (
        torch.get_rng_state().tolist(),
        str(np.random.get_state()),  # noqa: NPY002
        random.getstate(),
    )


@pytest.mark.parametrize("name", SEEDED)
def test_threads_that_take_turns_change_no_numbers(bert, name):
    """Two sessions of one process, one hundred times switched; a third draws from the global generators."""
    windows, score_of = [window_of(bert, seed=seed, words=12) for seed in (1, 2)], METHODS.get(name).attribute
    alone = [score_of(bert, window, TARGET, 7) for window in windows]
    every, stop = sys.getswitchinterval(), threading.Event()

    def noise():
        while not stop.is_set():
            torch.manual_seed(random.randrange(9))
            np.random.seed(random.randrange(9))  # noqa: NPY002

    sys.setswitchinterval(1e-5)
    other = threading.Thread(target=noise)
    other.start()
    try:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda window: score_of(bert, window, TARGET, 7), windows * 3))
    finally:
        stop.set()
        other.join()
        sys.setswitchinterval(every)
    for scores, expected in zip(found, alone * 3, strict=True):
        np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_outside_is_touched(bert, name):
    window, model = window_of(bert), bert.encoder.model
    states = global_states()
    before = (window.ids.copy(), window.word.copy(), [p.clone() for p in model.parameters()])
    METHODS.get(name).attribute(bert, window, TARGET, 0)
    assert global_states() == states
    assert np.array_equal(before[0], window.ids)
    assert np.array_equal(before[1], window.word)
    assert all(torch.equal(a, b) for a, b in zip(before[2], model.parameters(), strict=True))
    assert not any(p.requires_grad or p.grad is not None for p in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.modules())
    assert torch.is_grad_enabled()


def documents(count=2):
    made = [Document(str(i), str(i), wordy(6 + 44 * i, i), label="POS") for i in range(count)]
    return Documents(made, source="toys", split="val")


def test_scores_are_the_same_alone_in_any_order_and_from_disk(bert, tmp_path):
    options = ScoreOptions(methods=NAMES)
    together = score(bert, documents(), options, out=tmp_path / "scores", progress=False)
    backwards = score(bert, Documents(reversed(list(documents())), source="toys"), options, progress=False)
    for one in documents():
        alone = score(bert, Documents([one], source="toys"), options, progress=False)
        for name in NAMES:
            scored = together.get(one.key)
            assert scored.layers[name] == (0,)
            for others in (alone, backwards):
                np.testing.assert_allclose(others.get(one.key).words[name], scored.words[name], atol=1e-5)
            for number in range(len(scored.window_tokens)):
                tokens = scored.token_scores[name][0, scored.token_window == number]
                assert np.abs(tokens).sum() == pytest.approx(1, abs=1e-5)
    assert len(together.get(("1", "1")).window_tokens) > 1
    assert StoredScores(tmp_path / "scores").recipe == together.recipe


@pytest.mark.parametrize("name", NAMES)
def test_recipe_says_how_it_was_run(bert, name):
    scores = score(bert, documents(1), ScoreOptions(methods=[name]), progress=False)
    entry = to_json(scores.recipe)["methods"][name]
    assert entry["signed"] is True
    assert entry["settings"]["library"] == "captum"
    assert entry["settings"]["output"] == "the target's logit"
    if name in GRADIENT:
        assert "query unchanged" in entry["settings"]["reference"]
        assert entry["settings"]["references"][0] == "pad"
    else:
        assert "keep their positions" in entry["settings"]["removal"]
    for number in ("steps", "samples", "width"):
        options = METHODS.get(name).options
        if hasattr(options, number):
            assert entry["settings"][number] == getattr(options, number)


@pytest.mark.parametrize("name", NAMES)
def test_one_word_one_logit_and_no_word(name):
    single = toy_classifier("distilbert", outputs=1)
    window = window_of(single, words=1, query=())
    scores = METHODS.get(name).attribute(single, window, 0, 0)
    assert np.isfinite(scores).all()
    assert scores.any()
    empty = replace(window, word=np.full_like(window.word, -1))
    assert not METHODS.get(name).attribute(single, empty, 0, 0).any()


def test_memory_that_runs_out_shrinks_the_batch(bert, monkeypatch, caplog):
    window = window_of(bert, words=4)
    expected = {name: METHODS.get(name).attribute(bert, window, TARGET, 0) for name in NAMES}
    tail = bert.encoder.forward_from

    def tight(layer, hidden, packed, attend):
        if len(packed.lengths) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return tail(layer, hidden, packed, attend)

    monkeypatch.setattr(bert.encoder, "forward_from", tight)
    for name in NAMES:
        found = METHODS.get(name).attribute(bert, window, TARGET, 0)
        np.testing.assert_allclose(found, expected[name], atol=1e-5)
    assert "continuing with batches of" in caplog.text

    monkeypatch.setattr(bert.encoder, "forward_from", lambda *_: (_ for _ in ()).throw(MemoryError()))
    for name in NAMES:
        with pytest.raises(ModelError, match="does not fit in memory"):
            METHODS.get(name).attribute(bert, window, TARGET, 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_yields_nan_is_refused(tmp_path, name):
    broken = load_classifier(save_model(tmp_path, "electra"))
    broken.encoder.model.classifier.out_proj.bias.fill_(torch.nan)
    with pytest.raises(ModelError, match="NaN or infinite"):
        METHODS.get(name).attribute(broken, window_of(broken), TARGET, 0)


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_gives_about_the_same(bert, name):
    half = toy_classifier("bert", scale=0.2, dtype="bfloat16")
    window = window_of(bert)
    exact, rough = (METHODS.get(name).attribute(c, window, TARGET, 0) for c in (bert, half))
    assert rough.dtype == np.float32
    assert np.corrcoef(exact[0], rough[0])[0, 1] > 0.9


def test_layers_are_checked(bert):
    assert method("deep_lift", layers=None).layers(bert) == (0, 1, 2)
    assert method("deep_lift", layers=(2, 0)).layers(bert) == (2, 0)
    with pytest.raises(ModelError, match=r"asked for layer 3 of a model of 3 layers.*from 0 to 2"):
        method("deep_lift", layers=(3,)).layers(bert)
    both = method("integrated_gradients", layers=(2, 0), steps=5).attribute(bert, window_of(bert), TARGET, 0)
    last = method("integrated_gradients", layers=(2,), steps=5).attribute(bert, window_of(bert), TARGET, 0)
    np.testing.assert_array_equal(both[:1], last)


def test_a_tokenizer_without_the_reference_token_is_told(bert):
    window, explain = window_of(bert), METHODS.get("gradient_shap").attribute
    unpadded, bare = (
        replace(bert, tokenizer=SimpleNamespace(pad_token_id=None, mask_token_id=mask))
        for mask in (bert.tokenizer.mask_token_id, None)
    )
    only_mask = method("gradient_shap", references=("mask",)).attribute(bert, window, TARGET, 0)
    np.testing.assert_array_equal(explain(unpadded, window, TARGET, 0), only_mask)
    with pytest.raises(ModelError, match="no pad or mask token"):
        explain(bare, window, TARGET, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IntegratedGradientsOptions(steps=0), "steps is 0, expected at least 1"),
        (lambda: GradientShapOptions(samples=0), "samples is 0"),
        (lambda: DeepLiftOptions(references=("zero",)), "expected special tokens"),
        (lambda: LimeOptions(kernel_width=0.0), "kernel_width is 0.0"),
        (lambda: KernelShapOptions(samples=-1), "samples is -1"),
        (lambda: OcclusionOptions(width=2, stride=3), "never removes some words"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, message):
    with pytest.raises(RationaleError, match=message):
        make()


def test_batches_hold_a_bounded_number_of_tokens():
    assert inputs_at_once(512, torch.device("cpu")) == 8
    assert inputs_at_once(10**6, torch.device("cpu")) == 1
    assert inputs_at_once(512, torch.device("cuda")) == 128
    assert samples_at_once(512) == 128
    assert samples_at_once(10**6) == 1
