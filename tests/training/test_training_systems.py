"""The rivals' recipes on a planted rule: what each stage leaves, what learns in it, what is used again."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, pipeline
from typer.testing import CliRunner

from rationale.cli import app
from rationale.errors import ModelError, OutputError, RationaleError
from rationale.training import fitting, train_dropping
from rationale.training.adapler import AdapLeROptions
from rationale.training.dropping.options import DroppingOptions
from rationale.training.dropping.stage import outcome
from rationale.training.fixed import SpAttenOptions, UninformedOptions
from rationale.training.lat import LATOptions
from rationale.training.ltp import LTPOptions
from rationale.training.power_bert import PoWERBERTOptions
from rationale.training.tr_bert import TRBERTOptions
from tests.systems import having, options
from tests.training.toy_training import planted, save_encoder

COMMON = {"epochs": 2, "fine_tune_epochs": 12, "batch_size": 8, "learning_rate": 2e-3, "device": "cpu"}
TRAIN, DEV = planted(64), planted(24, seed=1)
OPTIONS = {name: options(name, "training", **COMMON) for name in having("training")}
over_systems = pytest.mark.parametrize("name", OPTIONS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """Deep enough for SpAtten, which leaves three layers alone."""
    return save_encoder(tmp_path_factory.mktemp("deep") / "encoder", layers=5)


@pytest.fixture(scope="module")
def finetuned_dir(encoder, tmp_path_factory):
    """One plain fine-tuning for all."""
    return tmp_path_factory.mktemp("systems") / "fine-tuned"


@pytest.fixture(scope="module")
def made(trains, encoder, tmp_path_factory, finetuned_dir):
    """Trains a system once."""
    root, done = tmp_path_factory.mktemp("made"), {}

    def make(name):
        if name not in done:
            given = (name, encoder, TRAIN, DEV, root / name, OPTIONS[name])
            done[name] = train_dropping(*given, finetuned_dir=finetuned_dir)
        return done[name]

    return make


def model_in(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder).eval()


@over_systems
def test_it_leaves_a_model_that_drops_and_says_how_it_was_made(made, name):
    trained = made(name)
    model = model_in(trained.path)
    assert model.system.name == name
    assert trained.best["dev_speedup"] > 1
    assert trained.recipe.kind == name
    assert trained.recipe.system == model.system.settings
    card = (trained.path / "README.md").read_text()
    assert f"# {model.system.title} over bert" in card
    assert f"token-dropping, {name}]" in card
    pipe = pipeline("text-classification", model=model, tokenizer=str(trained.path))
    said = [one["label"] for one in pipe([" ".join(d.words) for d in DEV])]
    right = sum(label == d.label for label, d in zip(said, DEV, strict=True))
    assert right / len(DEV) == pytest.approx(trained.best["dev_accuracy"])


@pytest.mark.parametrize("name", ["ltp", "lat", "tr-bert", "spatten", "power-bert"])
def test_what_asks_the_model_learns_the_rule(made, name):
    best = made(name).best
    if "dev_loss" in best:
        assert best["dev_loss"] < np.log(2)  # of one who knows nothing of two classes
    else:  # LAT's dev figures are of the lengths it searched
        labels = [document.label for document in DEV]
        assert best["dev_accuracy"] > max(map(labels.count, labels)) / len(labels)


def test_ltps_thresholds_learn_softly_and_stay_in_the_hard_stage(made):
    trained = made("ltp")
    soft = model_in(trained.path.with_name("ltp.soft")).system.theta
    final = model_in(trained.path).system.theta
    assert torch.equal(soft, final)
    ramp = 0.06 * torch.arange(1, len(final) + 1) / len(final)
    assert not torch.allclose(final, ramp, atol=1e-4)


@pytest.mark.training
def test_more_weight_on_the_length_makes_ltp_drop_more(encoder, made, tmp_path, finetuned_dir):
    options = OPTIONS["ltp"]
    free = replace(options, lambda_=0.0, epochs=1)
    train_dropping("ltp", encoder, TRAIN, DEV, tmp_path / "ltp", free, finetuned_dir=finetuned_dir)
    light, heavy = tmp_path / "ltp.soft", made("ltp").path.with_name("ltp.soft")
    assert model_in(heavy).system.theta.mean() > model_in(light).system.theta.mean() + 0.01
    assert outcome(heavy)["best"]["dev_speedup"] > outcome(light)["best"]["dev_speedup"]


@pytest.mark.training
def test_without_a_soft_stage_ltp_keeps_the_ramp(encoder, tmp_path, finetuned_dir):
    options = OPTIONS["ltp"]
    manual = replace(options, soft_epochs=0, epochs=1)
    trained = train_dropping(
        "ltp", encoder, TRAIN, DEV, tmp_path / "ltp", manual, finetuned_dir=finetuned_dir
    )
    theta = model_in(trained.path).system.theta
    torch.testing.assert_close(theta.detach(), 0.06 * torch.arange(1, len(theta) + 1) / len(theta))
    assert not (tmp_path / "ltp.soft").exists()


def test_power_bert_finds_a_configuration_and_keeps_it(made):
    trained = made("power-bert")
    sought = model_in(trained.path.with_name("power-bert.search")).system
    final = model_in(trained.path).system
    assert final.retention == sought.retention
    assert final.retention[-1] < final.settings["longest"]
    assert final.weights is None
    assert float(sought.weights.min().detach()) >= 0
    assert float(sought.weights.max().detach()) <= 1


def test_policies_learn_alone_first_and_then_with_the_model(made):
    trained = made("tr-bert")
    plain = model_in(trained.finetuned_dir / "1").state_dict()
    alone = model_in(trained.path.with_name("tr-bert.policy"))
    together = model_in(trained.path)
    for name, value in alone.backbone.state_dict().items():
        assert torch.equal(value, plain[name])
    assert any(not torch.equal(v, plain[name]) for name, v in together.backbone.state_dict().items())


@pytest.mark.training
def test_all_share_the_plain_fine_tuning_with_adapler(encoder, made, tmp_path, finetuned_dir):
    made("ltp")
    before = (finetuned_dir / "1" / "model.safetensors").stat().st_mtime_ns
    train_dropping(
        "adapler",
        encoder,
        TRAIN,
        DEV,
        tmp_path / "adapler",
        AdapLeROptions(**COMMON),
        finetuned_dir=finetuned_dir,
    )
    made("spatten")
    assert (finetuned_dir / "1" / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.training
def test_a_run_killed_between_stages_goes_on_and_ends_the_same(
    encoder, made, tmp_path, finetuned_dir, monkeypatch
):
    options = OPTIONS["ltp"]
    original, calls = fitting.fit, []

    def killed(run, trainer):
        calls.append(run.folder.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        original(run, trainer)

    given = ("ltp", encoder, TRAIN, DEV, tmp_path / "ltp", options)
    with monkeypatch.context() as broken:
        broken.setattr(fitting, "fit", killed)
        with pytest.raises(KeyboardInterrupt):
            train_dropping(*given, finetuned_dir=finetuned_dir)
    assert calls == ["ltp.soft.unfinished", "ltp.unfinished"]
    soft = (tmp_path / "ltp.soft" / "model.safetensors").stat().st_mtime_ns
    trained = train_dropping(*given, finetuned_dir=finetuned_dir)
    assert (tmp_path / "ltp.soft" / "model.safetensors").stat().st_mtime_ns == soft
    whole = made("ltp")
    for name, value in model_in(whole.path).state_dict().items():
        assert torch.equal(value, model_in(trained.path).state_dict()[name]), name


@pytest.mark.training
def test_a_stage_of_another_recipe_is_not_used(encoder, made, tmp_path, finetuned_dir):
    options = OPTIONS["ltp"]
    shutil.copytree(made("ltp").path.with_name("ltp.soft"), tmp_path / "ltp.soft")
    other = replace(options, lambda_=0.3)
    with pytest.raises(
        OutputError, match=r"the folder holds another training \(options.lambda_: 0.05, now 0.3\)"
    ):
        train_dropping("ltp", encoder, TRAIN, DEV, tmp_path / "ltp", other, finetuned_dir=finetuned_dir)


@pytest.mark.training
def test_a_system_that_drops_everything_says_so_while_it_trains(encoder, tmp_path, finetuned_dir, caplog):
    options = OPTIONS["ltp"]
    greedy = replace(options, soft_epochs=0, epochs=1, final_threshold=50.0)
    train_dropping("ltp", encoder, TRAIN, DEV, tmp_path / "ltp", greedy, finetuned_dir=finetuned_dir)
    assert "only [CLS] is kept" in caplog.text


@pytest.mark.training
def test_one_systems_model_cannot_begin_anothers(made, tmp_path):
    options = OPTIONS["spatten"]
    with pytest.raises(ModelError, match="plain"):
        train_dropping("spatten", made("ltp").path, TRAIN, DEV, tmp_path / "out", options)


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        (LTPOptions, "temperature", 0.0),
        (LTPOptions, "ramp", "steep"),
        (LTPOptions, "lambda_", -1.0),
        (LTPOptions, "soft_epochs", -1),
        (LTPOptions, "reference", 0),
        (PoWERBERTOptions, "search_epochs", 0),
        (PoWERBERTOptions, "lambda_", float("nan")),
        (LATOptions, "length_drop", 1.0),
        (LATOptions, "distil", "both"),
        (LATOptions, "offspring", 0),
        (TRBERTOptions, "samples", 1),
        (TRBERTOptions, "guide_share", 1.5),
        (TRBERTOptions, "joint_alpha", -1.0),
        (SpAttenOptions, "ratio", 1.1),
        (UninformedOptions, "rule", "last"),
        (UninformedOptions, "shares", "half"),
        (DroppingOptions, "fine_tune_rate", 0.0),
    ],
)
def test_a_value_out_of_range_names_its_option(options, name, value):
    with pytest.raises(RationaleError, match=f"--{name.rstrip('_').replace('_', '-')} is"):
        options(**{name: value})


@pytest.mark.training
def test_the_command_trains_and_tells(folder, encoder, tmp_path):
    given = ["train", "spatten", "--model", encoder, "--data", folder, "--out", tmp_path / "out"]
    given += [
        "--epochs",
        1,
        "--fine-tune-epochs",
        1,
        "--learning-rate",
        "2e-3",
        "--device",
        "cpu",
        "--ratio",
        0.2,
    ]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "dev speedup" in result.output
    assert json.loads((tmp_path / "out" / "config.json").read_text())["settings"]["ratio"] == 0.2


@pytest.mark.training
def test_spatten_says_that_it_needs_more_than_three_layers(tmp_path):
    shallow = save_encoder(tmp_path / "shallow", layers=3)
    with pytest.raises(ModelError, match="first 3 layers, and this model has 3"):
        train_dropping(
            "spatten", shallow, TRAIN, None, tmp_path / "out", SpAttenOptions(epochs=1, device="cpu")
        )


@pytest.mark.training
@pytest.mark.parametrize(
    ("system", "options", "said"),
    [
        ("lpt", LTPOptions(), "no system is called 'lpt'.* Known: adapler, ltp"),
        ("ltp", SpAttenOptions(), "no options of ltp. Pass LTPOptions"),
        (
            "random",
            UninformedOptions(rule="lead"),
            "of random. Pass UninformedOptions, rule random",
        ),
    ],
)
def test_options_are_those_of_the_system(tmp_path, system, options, said):
    with pytest.raises(RationaleError, match=said):
        train_dropping(system, tmp_path / "no model", TRAIN, DEV, tmp_path / "out", options)
    assert list(tmp_path.iterdir()) == []
