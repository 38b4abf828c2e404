"""A model that knows nothing is told of, and nothing that drops tokens is built on it unasked."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import matthews_corrcoef

from rationale.errors import ModelError
from rationale.training import TrainingOptions, train_classifier, train_dropping
from rationale.training.adapler import AdapLeROptions
from rationale.training.chance import ENOUGH, warn_at_chance
from rationale.training.ltp import LTPOptions
from tests.training.toy_training import planted

STILL = {"learning_rate": 1e-9, "batch_size": 8, "epochs": 1, "device": "cpu"}
BRIEF = {**STILL, "fine_tune_epochs": 1}
TRAIN, DEV = planted(48), planted(40, seed=1)


@pytest.mark.parametrize("right", range(60, 101, 4))
def test_accuracy_is_held_against_the_majority_class(right):
    """The binomial tail, counted: at least so many of 100 right where the majority class is right in 60."""
    tail = binom(100, 0.6).pmf(range(right, 101)).sum()
    said = warn_at_chance({"dev_accuracy": right / 100}, ["a"] * 60 + ["b"] * 40, "accuracy")
    assert (said is None) == (tail < 0.05)


def test_a_rare_class_that_is_found_is_knowledge_though_accuracy_is_below_the_majority():
    gold = np.array([1] * 20 + [0] * 80)
    guess = np.array([1] * 15 + [0] * 5 + [1] * 18 + [0] * 62)
    best = {"dev_accuracy": float((gold == guess).mean()), "dev_mcc": float(matthews_corrcoef(gold, guess))}
    assert best["dev_accuracy"] < 0.8
    assert warn_at_chance(best, gold.tolist(), "accuracy") is not None
    assert warn_at_chance(best, gold.tolist(), "mcc") is None
    assert warn_at_chance(best, gold.tolist(), "macro_f1") is None


def test_a_constant_is_at_chance_by_every_figure_that_knows_chance():
    best = {"dev_accuracy": 0.8, "dev_mcc": 0.0, "dev_pearson": 0.0, "dev_f1": 0.0}
    for metric in ("accuracy", "macro_f1", "mcc", "pearson"):
        assert warn_at_chance(best, [0] * 80 + [1] * 20, metric) is not None
    assert warn_at_chance(best, [0] * 80 + [1] * 20, "f1") is None


def test_too_few_documents_to_tell_stop_nobody():
    assert warn_at_chance({"dev_accuracy": 0.5}, [0, 0, 1, 1], "accuracy") is None


def test_the_guesses_of_one_who_knows_nothing_are_stopped_nineteen_times_in_twenty():
    generator, labels = np.random.default_rng(0), [0] * 60 + [1] * 60
    rates = generator.binomial(120, 0.5, 2000) / 120
    passed = sum(warn_at_chance({"dev_accuracy": rate}, labels, "accuracy") is None for rate in rates)
    assert 0.01 < passed / len(rates) < 0.06


@pytest.mark.training
@pytest.mark.parametrize(("system", "kind"), [("adapler", AdapLeROptions), ("ltp", LTPOptions)])
def test_nothing_is_built_on_a_fine_tuning_at_chance(encoder, tmp_path, system, kind, caplog):
    with pytest.raises(ModelError) as caught:
        train_dropping(system, encoder, TRAIN, DEV, tmp_path / "out", kind(**BRIEF))
    message = str(caught.value)
    for part in (r"dev accuracy 0.", "majority class, 0.500", "n = 40", "--fine-tune-rate", "--allow-chance"):
        assert part in message
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.fine-tuned" / "1").is_dir()
    asked = kind(**BRIEF, allow_chance=True)
    assert train_dropping(system, encoder, TRAIN, DEV, tmp_path / "out", asked).path.is_dir()
    assert "not better than chance" in caplog.text


@pytest.mark.training
def test_a_handful_of_dev_documents_warns_and_stops_nobody(encoder, tmp_path, caplog):
    few = planted(ENOUGH - 10, seed=1)
    trained = train_dropping("ltp", encoder, TRAIN, few, tmp_path / "out", LTPOptions(**BRIEF))
    assert trained.path.is_dir()
    assert "not better than chance" in caplog.text


@pytest.mark.training
def test_without_dev_documents_nothing_is_said_of_chance(encoder, tmp_path):
    options = AdapLeROptions(**BRIEF)
    assert train_dropping("adapler", encoder, TRAIN, None, tmp_path / "out", options).path.is_dir()


@pytest.mark.training
def test_a_classifier_at_chance_is_warned_of_and_one_that_learnt_is_not(encoder, tmp_path, caplog):
    train_classifier(encoder, TRAIN, DEV, tmp_path / "still", TrainingOptions(**STILL))
    assert "is not better than chance: dev accuracy" in caplog.text
    caplog.clear()
    learns = replace(TrainingOptions(**STILL), learning_rate=3e-3, epochs=12)
    train_classifier(encoder, TRAIN, DEV, tmp_path / "learnt", learns)
    assert "chance" not in caplog.text
