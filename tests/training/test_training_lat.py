"""LAT's search against brute force, its distillation against the definition, its steps and its resuming."""

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner

from rationale.cli import app
from rationale.errors import DataError
from rationale.evaluation.evaluate import Timing, evaluate
from rationale.loading.classifier import load_classifier
from rationale.training import train_dropping
from rationale.training.lat import LATOptions
from rationale.training.lat import train as lat_module
from rationale.training.lat.evolution import Bounds, front, search
from rationale.training.lat.trainer import LATTrainer, distillation
from tests.training.toy_training import planted, save_encoder

BOUNDS = Bounds(layers=3, longest=12, share=0.5)
OPTIONS = LATOptions(
    epochs=2, fine_tune_epochs=3, batch_size=8, learning_rate=2e-3, device="cpu",
    length_drop=0.4, layer_drop=0.2, iterations=1, population=3, offspring=3,
)  # fmt: skip
TRAIN, DEV = planted(48), planted(16, seed=1)


def price(lengths):
    """Early layers cost more than they are worth."""
    return 3.0 * lengths[0] + 2.0 * lengths[1] + lengths[2]


def worth(lengths):
    return float(np.tanh(lengths[2] / 4) + 0.1 * np.tanh(lengths[0] / 8))


def judge(lengths):
    return price(lengths), worth(lengths)


def test_the_search_finds_the_front_that_trying_everything_finds():
    found = search(price, worth, BOUNDS, iterations=30, population=8, offspring=8)
    least, most = judge(BOUNDS.lower)[0], judge(BOUNDS.upper)[0]
    everything = {
        lengths: judge(lengths)
        for lengths in itertools.product(range(2, 13), repeat=3)
        if lengths[0] >= lengths[1] >= lengths[2] and least <= judge(lengths)[0] <= most
    }
    best = dict(front(everything))
    for _, (cost, figure) in front(found):
        assert figure > max(f for c, f in best.values() if c <= cost) - 0.03
    assert len(found) < len(everything)


def test_every_configuration_is_whole_falling_and_between_the_bounds():
    found = search(price, worth, BOUNDS, iterations=5, population=6, offspring=5)
    least, most = judge(BOUNDS.lower)[0], judge(BOUNDS.upper)[0]
    assert len(found) == 8 + 5 * 10
    for lengths, (cost, figure) in found.items():
        assert (cost, figure) == judge(lengths)
        assert list(lengths) == sorted(lengths, reverse=True)
        assert lengths[-1] >= 2
        assert least <= cost <= most


def test_a_search_that_runs_out_of_configurations_ends():
    tiny = Bounds(layers=2, longest=3, share=0.3)
    found = search(lambda lengths: float(sum(lengths)), lambda lengths: 0.5, tiny, iterations=3, population=2)
    assert len(found) <= 6


def test_a_front_holds_what_nothing_beats():
    generator = np.random.default_rng(0)
    found = {(i,): tuple(generator.random(2)) for i in range(200)}
    kept = dict(front(found))
    for lengths, (cost, figure) in found.items():
        beaten = any(c <= cost and f >= figure and (c, f) != (cost, figure) for c, f in found.values())
        assert beaten != (lengths in kept)


@pytest.mark.parametrize("direction", ["reverse-kl", "forward-kl"])
def test_distillation_is_a_divergence_in_the_direction_asked_for(direction):
    generator = torch.Generator().manual_seed(0)
    logits, teacher = (torch.randn(5, 3, generator=generator) for _ in range(2))
    smaller, full = logits.softmax(-1), teacher.softmax(-1)
    one, other = (smaller, full) if direction == "reverse-kl" else (full, smaller)
    expected = (one * (one / other).log()).sum(dim=-1).mean()
    torch.testing.assert_close(distillation(logits, teacher, direction), expected)
    assert distillation(teacher, teacher, direction) == pytest.approx(0, abs=1e-6)


def test_a_regression_is_distilled_by_its_error():
    logits, teacher = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [1.0]])
    assert distillation(logits, teacher, "reverse-kl") == pytest.approx(2.5)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep") / "encoder", layers=4)


@pytest.fixture(scope="module")
def trained(trains, encoder, tmp_path_factory):
    return train_dropping("lat", encoder, TRAIN, DEV, tmp_path_factory.mktemp("lat") / "lat", OPTIONS)


def test_what_is_left_is_on_the_front_and_says_so(trained):
    recipe = trained.recipe
    model = AutoModelForSequenceClassification.from_pretrained(trained.path)
    assert model.system.lengths == recipe.best["lengths"] == tuple(recipe.system["lengths"])
    speeds = [one["dev_speedup"] for one in recipe.front]
    figures = [one["dev_accuracy"] for one in recipe.front]
    assert speeds == sorted(speeds, reverse=True)
    assert figures == sorted(figures)
    assert recipe.best in recipe.front


def test_what_the_search_counts_is_what_a_run_keeps(trained):
    """Costs are told from lengths alone, and no run is needed: this one keeps as many."""
    found = evaluate(load_classifier(trained.path, device="cpu"), DEV, Timing(0))
    chosen = np.array(trained.recipe.best["lengths"])
    for row in found.predictions:
        assert row.tokens_kept[1:] == tuple(np.minimum(chosen, row.tokens_kept[0]).tolist())


def _learnt(trained, to):
    """What a finished training left beside it, beside another."""
    shutil.copytree(trained.path.with_name("lat.any-length"), to / "lat.any-length")
    shutil.copy(trained.path.with_name("lat.search.json"), to)


@pytest.mark.training
def test_a_speedup_asked_for_takes_the_best_that_is_as_cheap(encoder, trained, tmp_path):
    """From the learning and the search that are there: what is asked for decides nothing in them."""
    _learnt(trained, tmp_path)
    before = (tmp_path / "lat.any-length" / "model.safetensors").stat().st_mtime_ns
    speeds = sorted(one["dev_speedup"] for one in trained.recipe.front)
    wanted = (1 + speeds[-1]) / 2
    given = (encoder, TRAIN, DEV, tmp_path / "lat", replace(OPTIONS, speedup=wanted))
    how = {"finetuned_dir": trained.finetuned_dir, "command": "rationale train lat --speedup"}
    chosen = train_dropping("lat", *given, **how).recipe
    assert chosen.command == how["command"]  # of the learning nobody typed one
    assert "command" not in json.loads((tmp_path / "lat.any-length" / "training.json").read_text())
    enough = [one["dev_accuracy"] for one in chosen.front if one["dev_speedup"] >= wanted]
    assert chosen.best["dev_speedup"] >= wanted - 1e-6
    assert chosen.best["dev_accuracy"] == max(enough)
    assert chosen.options["speedup"] == wanted
    assert (tmp_path / "lat.any-length" / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.training
def test_a_speedup_that_nothing_has_takes_what_costs_least(encoder, trained, tmp_path, caplog):
    _learnt(trained, tmp_path)
    given = (encoder, TRAIN, DEV, tmp_path / "lat", replace(OPTIONS, speedup=1e6))
    best = train_dropping("lat", *given, finetuned_dir=trained.finetuned_dir).recipe.best
    assert best == trained.recipe.front[0]
    assert "raise --length-drop" in caplog.text


@pytest.mark.training
def test_a_killed_search_goes_on_to_the_same_lengths(encoder, trained, tmp_path, monkeypatch):
    original, calls = lat_module._Judge._measure, []

    def killed(self, lengths):
        calls.append(lengths)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(self, lengths)

    given = (encoder, TRAIN, DEV, tmp_path / "lat", OPTIONS)
    with monkeypatch.context() as broken:
        broken.setattr(lat_module._Judge, "_measure", killed)
        with pytest.raises(KeyboardInterrupt):
            train_dropping("lat", *given, finetuned_dir=trained.finetuned_dir)
    assert len(json.loads((tmp_path / "lat.search.json").read_text())["judged"]) == 3
    calls.clear()
    with monkeypatch.context() as counted:
        counted.setattr(lat_module._Judge, "_measure", lambda *given: calls.append(given) or original(*given))
        again = train_dropping("lat", *given, finetuned_dir=trained.finetuned_dir)
    kept = json.loads((tmp_path / "lat.search.json").read_text())["judged"]
    assert len(calls) == len(kept) - 3
    assert again.recipe.front == trained.recipe.front


@pytest.mark.training
def test_a_step_runs_the_full_the_smallest_and_the_drawn(encoder, tmp_path, monkeypatch):
    """The sandwich: and every pass, the full one too, may leave layers out."""
    plans, skips = [], []
    original = LATTrainer._run

    def watched(self, batch, lengths, drawn):
        plans.append(lengths)
        return original(self, batch, lengths, drawn)

    def hard(encoder, system, batch, skipped):
        skips.append(skipped)
        return real(encoder, system, batch, skipped=skipped)

    from rationale.training.lat import trainer as trainer_module

    real = trainer_module.hard
    monkeypatch.setattr(LATTrainer, "_run", watched)
    monkeypatch.setattr(trainer_module, "hard", hard)
    train_dropping("lat", encoder, TRAIN, DEV, tmp_path / "lat", replace(OPTIONS, epochs=1, layer_drop=0.5))
    assert len(plans) % 4 == 0
    assert all(plan is None for plan in plans[::4])
    smallest = plans[1]
    for drawn in (*plans[2::4], *plans[3::4]):
        assert all(low <= length for low, length in zip(smallest, drawn, strict=True))
        assert list(drawn) == sorted(drawn, reverse=True)
    share = sum(map(len, skips)) / (4 * len(skips))
    assert 0.3 < share < 0.7


@pytest.mark.training
def test_without_dev_there_is_nothing_to_search_by(encoder, tmp_path):
    with pytest.raises(DataError, match="lat searches on dev documents"):
        train_dropping("lat", encoder, TRAIN, None, tmp_path / "lat", OPTIONS)


@pytest.mark.training
def test_the_command_tells_the_lengths_it_chose(folder, encoder, tmp_path):
    given = ["train", "lat", "--model", encoder, "--data", folder, "--out", tmp_path / "out", "--epochs", 1]
    given += [
        "--fine-tune-epochs",
        1,
        "--device",
        "cpu",
        "--iterations",
        0,
        "--population",
        2,
        "--batch-size",
        8,
    ]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    chosen = json.loads((tmp_path / "out" / "config.json").read_text())["settings"]["lengths"]
    assert f"lengths {chosen}" in result.output
