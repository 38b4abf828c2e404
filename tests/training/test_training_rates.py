"""The learning rate where none is given: written down as a number, and the one that is trained with."""

import json
import math
from dataclasses import replace

import pytest
from transformers import TrainerCallback

from rationale.training import TrainingOptions, train_classifier, train_dropping
from rationale.training import rates as rates_module
from rationale.training import trainer as trainer_module
from rationale.training.adapler import PRESETS, AdapLeROptions
from rationale.training.progress import Progress
from rationale.training.rates import usual_rate
from tests.training.toy_training import planted

TRAIN, DEV = planted(40), planted(8, seed=1)
WIDTH, STEPS_AN_EPOCH = 32, 5
USUAL = {"batch_size": 8, "device": "cpu"}


class Watched(Progress):
    """Notes the peak rate that each training's weights had."""

    peaks: list[float] = []  # noqa: RUF012

    def on_train_begin(self, *args, optimizer=None, **more):
        type(self).peaks.append(optimizer.param_groups[0]["initial_lr"])
        TrainerCallback.on_train_begin(self, *args, **more)


@pytest.fixture
def peaks(monkeypatch):
    Watched.peaks = []
    monkeypatch.setattr(trainer_module, "Progress", Watched)
    return Watched.peaks


def by_hand(epochs):
    return 2e-5 * (768 / WIDTH) ** 1.5 * min(math.sqrt(3000 / (epochs * STEPS_AN_EPOCH)), 5)


def recipe(folder):
    return json.loads((folder / "training.json").read_text())["options"]


@pytest.mark.training
def test_each_phase_has_the_rate_of_its_own_length(encoder, tmp_path, peaks, monkeypatch):
    monkeypatch.setattr(rates_module, "_CEILING", 1.0)
    options = AdapLeROptions(epochs=2, fine_tune_epochs=30, **USUAL)
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", options)
    expected = [by_hand(30), by_hand(2)]
    assert expected[0] < expected[1]
    assert peaks == pytest.approx(expected, rel=1e-2)
    assert recipe(trained.finetuned_dir)["learning_rate"] == peaks[0]
    assert recipe(trained.path)["learning_rate"] == peaks[1]


@pytest.mark.training
def test_a_rate_that_is_given_stays(encoder, tmp_path, peaks):
    options = AdapLeROptions(epochs=1, fine_tune_epochs=1, learning_rate=3e-4, fine_tune_rate=2e-4, **USUAL)
    train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", options)
    assert peaks == [2e-4, 3e-4]


@pytest.mark.training
def test_few_documents_are_fine_tuned_on_for_longer(encoder, tmp_path):
    """As many epochs as the last stage leave a pretrained encoder at chance; a number that is given stays."""
    default = AdapLeROptions(epochs=1, learning_rate=1e-3, **USUAL)
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", default)
    assert recipe(trained.finetuned_dir)["epochs"] == 20
    assert recipe(trained.path)["epochs"] == 1
    told = replace(default, fine_tune_epochs=2)
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "told", told)
    assert recipe(trained.finetuned_dir)["epochs"] == 2


@pytest.mark.training
def test_a_classifier_follows_the_same_rule(encoder, tmp_path, peaks):
    trained = train_classifier(encoder, TRAIN, DEV, tmp_path / "out", TrainingOptions(epochs=1, **USUAL))
    assert [trained.recipe.options["learning_rate"]] == peaks == [2e-3]


def test_the_papers_models_runs_and_presets_keep_what_the_paper_has():
    assert usual_rate(768, 3_000) == usual_rate(768, 20_000) == 2e-5
    assert {preset["learning_rate"] for preset in PRESETS.values()} == {2e-5, 3e-5}
    assert not any(preset["warm_start"] for preset in PRESETS.values())
