"""Length analyses against SciPy, counting by hand, and documents whose lengths are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import entropy
from typer.testing import CliRunner

from rationale.cli import app
from rationale.corpus import Document, Documents, write_eraser
from rationale.errors import DataError
from rationale.evaluation.evaluate import Timing
from rationale.evaluation.lengths import TokenLengths, below_median, by_length, distributions
from rationale.evaluation.result import Evaluation
from rationale.loading.classifier import load_classifier
from rationale.study.compare import compare_systems
from rationale.study.comparison import load_comparison
from rationale.study.grid import Setting
from tests.training.toy_training import planted, save_encoder

COMMON = {"epochs": 1, "fine_tune_epochs": 4, "batch_size": 8, "learning_rate": 2e-3, "device": "cpu"}


def worded(*counts):
    return Documents(
        Document(str(i), str(i), ("plain1",) * n, label="NP"[i % 2]) for i, n in enumerate(counts)
    )


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep") / "encoder", layers=4)


@pytest.fixture(scope="module")
def compared(trains, encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("compared") / "grid"
    settings = [
        Setting.parse("lat:length_drop=0.5,iterations=0,population=1"),
        Setting.parse("lead:shares=0.5"),
    ]
    data = planted(48), planted(16, seed=1), planted(40, seed=2, split="test")
    return out, compare_systems(encoder, *data, out, settings, common=COMMON, timing=Timing(0), lengths=True)


def test_a_ruler_counts_words_and_special_tokens_and_stops_at_the_window(encoder):
    assert TokenLengths(str(encoder), 12)(worded(3, 7, 30)).tolist() == [5, 9, 12]


def test_below_the_median_are_those_that_are_shorter_than_it(encoder):
    ruler, reported = TokenLengths(str(encoder)), worded(2, 4, 6, 8, 10)
    kept = below_median(worded(1, 5, 6, 7, 3), ruler, reported)
    assert [len(d.words) for d in kept] == [1, 5, 3]
    with pytest.raises(DataError, match="no document is shorter than 8 tokens"):
        below_median(worded(6, 9), ruler, reported)


def test_the_divergence_is_scipys_and_none_from_itself():
    drawn = np.random.default_rng(0)
    one, other = drawn.integers(3, 40, 500), drawn.integers(10, 60, 300)
    found = distributions(one, other)
    counts = [np.histogram(side, bins=found.edges)[0] + 1 for side in (one, other)]
    assert found.kl == pytest.approx(entropy(counts[1], counts[0]))
    assert sum(found.train) == pytest.approx(1) == pytest.approx(sum(found.reported))
    assert distributions(one, one).kl == 0
    assert found.kl > 0.1


def test_bands_are_all_documents_cut_at_the_quartiles(compared):
    out, found = compared
    for record in found.records:
        evaluation = json.loads((out / record.cell / "evaluation.json").read_text())
        rows, bands = evaluation["predictions"], record.lengths.bands
        assert sum(band.n for band in bands) == len(rows)
        shortest = [r for r in rows if r["tokens_kept"][0] <= bands[0].longest]
        assert len(shortest) == bands[0].n >= len(rows) / 2
        labels = evaluation["recipe"]["labels"]
        right = [labels[int(np.argmax(r["probabilities"]))] == r["label"] for r in shortest]
        assert bands[0].value == pytest.approx(np.mean(right))
        assert bands[0].tokens_kept == pytest.approx(
            np.mean([r["tokens_kept"][1:] for r in shortest], axis=0)
        )
        wrong = record.lengths.wrong
        assert (wrong["n"] if wrong else 0) == round((1 - record.value) * len(rows))


def test_a_whole_set_as_one_band_has_the_whole_speedup(compared):
    """Every document equally long: one band, which is all there is."""
    out, found = compared
    record = found.records[1]
    classifier = load_classifier(out / record.cell / "model", device="cpu")
    evaluation = Evaluation.load(out / record.cell / "evaluation.json")
    same = replace(evaluation, predictions=evaluation.predictions[:1] * 5)
    [band] = by_length(same, classifier, "accuracy").bands
    assert band.n == 5
    assert band.flops_speedup >= 1


def test_fixed_lengths_save_more_on_longer_documents(compared):
    """LAT keeps so many tokens whatever comes: what is longer loses more, as its critics say."""
    _, found = compared
    [lat] = [r for r in found.records if r.system == "lat"]
    speeds = [band.flops_speedup for band in lat.lengths.bands]
    assert speeds == sorted(speeds)
    assert speeds[0] < speeds[-1]


@pytest.mark.training
def test_the_command_trains_below_the_median_and_shows_the_bands(encoder, tmp_path):
    write_eraser({"train": planted(48), "test": planted(24, seed=2, split="test")}, tmp_path / "data")
    given = ["compare", "--model", encoder, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    given += ["--system", "lead:shares=0.6", "--timing-documents", 0, "--below-median", "--lengths"]
    given += ["--set", "epochs=1", "--set", "batch-size=8", "--set", "device=cpu"]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = load_comparison(tmp_path / "out")
    trained = json.loads((tmp_path / "out" / found.records[1].cell / "model" / "training.json").read_text())
    assert trained["train"]["documents"] < 30
    edges, shares = np.array(found.lengths.edges), np.array(found.lengths.train)
    assert edges[:-1][shares > 0].max() < found.lengths.median.reported
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "Results by document length" in page
    assert "Bands of length" in page
