"""Learning a number: every system, loss and figures against PyTorch and SciPy, labels that are none."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner

from rationale.agreement import agree
from rationale.cli import app
from rationale.corpus import Documents, split_dev, write_eraser
from rationale.errors import DataError
from rationale.evaluation.evaluate import Timing, evaluate
from rationale.loading.classifier import load_classifier
from rationale.metrics.regression import regression_metrics
from rationale.metrics.task import interval, paired_difference, task_metric
from rationale.scores import ScoreOptions, score
from rationale.training import TrainingOptions, train_classifier, train_dropping
from rationale.training.task import losses, soft_targets, task_metrics
from tests.systems import having, options
from tests.training.toy_training import planted, save_encoder

COMMON = {"batch_size": 8, "learning_rate": 2e-3, "device": "cpu", "metric": "pearson"}
BRIEF = {**COMMON, "epochs": 1, "fine_tune_epochs": 8, "fine_tune_rate": 2e-3}


def rated(count, seed=0, split="train"):
    """The planted documents, their label a rating: 1 or -1, and a little less the longer they are."""
    documents = planted(count, seed=seed, split=split)
    high = documents.labels[1]
    made = [
        replace(one, label=f"{(1 if one.label == high else -1) - len(one.words) / 100:.2f}")
        for one in documents
    ]
    return Documents(made, source="rated", split=split)


TRAIN, DEV, REPORTED = rated(64), rated(24, seed=1), rated(32, seed=2, split="test")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep") / "encoder", layers=4)


@pytest.fixture(scope="module")
def plain(trains, encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("spatten") / "spatten"
    return train_dropping("spatten", encoder, TRAIN, DEV, out, options("spatten", "rating", **BRIEF))


def test_a_number_is_learnt_and_evaluated_as_scipy_does(plain):
    classifier = load_classifier(plain.finetuned_dir / "1", device="cpu")
    assert classifier.regression
    assert classifier.labels == ("value",)
    found = evaluate(classifier, REPORTED, Timing(0))
    gold = [float(row.label) for row in found.predictions]
    said = [row.value for row in found.predictions]
    assert found.metrics["pearson"] == pytest.approx(pearsonr(gold, said).statistic, abs=1e-6)
    assert found.metrics["spearman"] == pytest.approx(spearmanr(gold, said).statistic, abs=1e-6)
    assert 0 < found.metrics["low"] <= found.metrics["pearson"] <= found.metrics["high"]
    raw = AutoModelForSequenceClassification.from_pretrained(plain.finetuned_dir / "1")
    batch = classifier.tokenizer([list(REPORTED[0].words)], is_split_into_words=True, return_tensors="pt")
    assert raw(**batch).logits.item() == pytest.approx(said[0], abs=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("system", having("rating"))
def test_every_system_learns_it(encoder, plain, tmp_path, system):
    given = options(system, "rating", **BRIEF)
    trained = train_dropping(
        system, encoder, TRAIN, DEV, tmp_path / "out", given, finetuned_dir=plain.finetuned_dir
    )
    found = evaluate(load_classifier(trained.path, device="cpu"), REPORTED, Timing(0))
    assert found.metrics["pearson"] > 0
    assert found.flops_speedup > 1
    assert "dev_pearson" in trained.best
    model = AutoModelForSequenceClassification.from_pretrained(trained.path)
    ids = torch.tensor([[2, 5, 6, 3]])
    loss = model(input_ids=ids, labels=torch.tensor([3.0])).loss
    assert loss.item() == pytest.approx((model(input_ids=ids).logits.item() - 3) ** 2, rel=1e-5)


def test_its_scores_are_of_the_one_output_and_nobody_calls_it_right_or_wrong(plain):
    classifier = load_classifier(plain.path, device="cpu")
    scored = score(classifier, REPORTED, ScoreOptions(("input_x_gradient", "policy_score")))
    assert all(len(one.probabilities) == 1 for one in scored)
    found = agree(scored, REPORTED)
    assert found.classification.accuracy is None
    assert {record.method for record in found.records} >= {"input_x_gradient", "policy_score"}


@pytest.mark.training
@pytest.mark.parametrize("label", ["good", None, "nan", "inf", ""])
def test_a_label_that_is_no_number_is_named(encoder, tmp_path, label):
    wrong = Documents([*TRAIN[:4], replace(TRAIN[4], label=label)], source="rated")
    with pytest.raises(DataError, match=f"expected a number as label, found {label!r}"):
        train_classifier(encoder, wrong, None, tmp_path / "out", TrainingOptions(**COMMON))


def test_a_model_that_says_numbers_refuses_documents_without(plain):
    classifier = load_classifier(plain.finetuned_dir / "1", device="cpu")
    with pytest.raises(DataError, match="the model predicts numbers"):
        evaluate(classifier, planted(4), Timing(0))


def test_the_losses_are_those_of_pytorch():
    generator = torch.Generator().manual_seed(0)
    one, three = torch.randn(6, 1, generator=generator), torch.randn(6, 3, generator=generator)
    numbers, classes = torch.randn(6, generator=generator), torch.randint(3, (6,), generator=generator)
    torch.testing.assert_close(losses(one, numbers).mean(), torch.nn.functional.mse_loss(one[:, 0], numbers))
    torch.testing.assert_close(
        losses(three, classes, smoothing=0.1).mean(),
        torch.nn.functional.cross_entropy(three, classes, label_smoothing=0.1),
    )
    teacher = torch.randn(6, 3, generator=generator)
    soft = torch.nn.functional.cross_entropy(three, teacher.softmax(-1))
    torch.testing.assert_close(losses(three, soft_targets(teacher)).mean(), soft)
    torch.testing.assert_close(losses(one, soft_targets(one)), torch.zeros(6))
    assert task_metrics(numbers, one).keys() == {"pearson", "spearman", "rmse"}
    assert task_metrics(classes, three)["accuracy"] == pytest.approx(
        (three.argmax(1) == classes).float().mean()
    )


def test_what_never_varies_correlates_with_nothing():
    assert regression_metrics([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) == {
        "pearson": 0.0, "spearman": 0.0, "rmse": pytest.approx(np.sqrt(5 / 3)),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "mcc", "pearson", "spearman"])
def test_the_interval_and_the_paired_difference_cover_what_is_true(name):
    """Of two models that differ by chance alone; and of equals there is no difference at all."""
    drawn = np.random.default_rng(0)
    gold = drawn.integers(0, 2, 300) if name in ("accuracy", "macro_f1", "mcc") else drawn.normal(size=300)

    def noisy():
        if gold.dtype.kind == "i":
            return np.where(drawn.random(300) < 0.8, gold, 1 - gold)
        return gold + drawn.normal(size=300)

    one, other = noisy(), noisy()
    low, high = interval(name, gold, one, resamples=200)
    assert low < task_metric(name, gold, one) < high
    gap, low, high = paired_difference(name, gold, one, other, resamples=200)
    assert gap == pytest.approx(task_metric(name, gold, one) - task_metric(name, gold, other))
    assert low < 0 < high
    assert paired_difference(name, gold, one, one, resamples=50) == (0.0, 0.0, 0.0)


def test_numbers_are_held_out_by_lot_and_not_each_its_own_class():
    many = Documents([replace(one, label=str(i / 7)) for i, one in enumerate(planted(60))], source="rated")
    train, dev = split_dev(many, 0.1)
    assert (len(train), len(dev)) == (54, 6)


@pytest.mark.training
def test_the_commands_take_numbers(encoder, tmp_path):
    write_eraser({"train": TRAIN, "test": REPORTED}, tmp_path / "data")
    given = ["compare", "--model", encoder, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    given += [
        "--system",
        "lead:shares=0.7",
        "--timing-documents",
        0,
        "--set",
        "metric=pearson",
        "--set",
        "epochs=2",
    ]
    given += ["--set", "batch-size=8", "--set", "device=cpu", "--set", "learning_rate=2e-3"]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())["records"][1]
    assert record["metric"] == "pearson"
    assert record["value"] == pytest.approx(record["metrics"]["pearson"])
    assert "Pearson's r" in (tmp_path / "out" / "comparison.html").read_text().replace("&#39;", "'")
    given = ["evaluate", "--model", tmp_path / "out" / record["cell"] / "model", "--data", tmp_path / "data"]
    given += [
        "--split",
        "test",
        "--out",
        tmp_path / "evaluation.json",
        "--timing-documents",
        0,
        "--device",
        "cpu",
    ]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "Spearman's rho" in result.output
