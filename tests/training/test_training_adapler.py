"""AdapLeR's three phases on a planted rule: what they leave, resume and refuse."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

from rationale.cli import app
from rationale.errors import DataError, ModelError, OutputError
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions, score
from rationale.training import train_dropping
from rationale.training import trainer as trainer_module
from rationale.training.adapler import PRESETS, AdapLeROptions
from rationale.training.progress import Progress, Saving
from tests.children import run
from tests.training.toy_training import planted, save_encoder

pytestmark = pytest.mark.training

OPTIONS = AdapLeROptions(
    epochs=4, fine_tune_epochs=4, batch_size=8, learning_rate=2e-3, gamma=0.05, phi=0.05, device="cpu"
)
TRAIN, DEV = planted(64), planted(24, seed=1)


@pytest.fixture(scope="module")
def trained(trains, encoder, tmp_path_factory):
    return train_dropping("adapler", encoder, TRAIN, DEV, tmp_path_factory.mktemp("adapler") / "out", OPTIONS)


def test_it_leaves_a_model_that_drops_and_says_how_it_was_made(trained):
    model = AutoModelForSequenceClassification.from_pretrained(trained.path)
    tokenizer = AutoTokenizer.from_pretrained(trained.path)
    inputs = tokenizer([" ".join(d.words) for d in DEV], padding=True, return_tensors="pt")
    with torch.no_grad():
        out = model.eval()(**inputs)
    names = [model.config.id2label[i] for i in out.logits.argmax(-1).tolist()]
    accuracy = np.mean([name == d.label for name, d in zip(names, DEV, strict=True)])
    assert accuracy == pytest.approx(trained.best["dev_accuracy"])
    assert json.loads((trained.path / "config.json").read_text())["eta"] == pytest.approx(
        model.system.eta.tolist()
    )
    assert not (trained.path.parent / "out.unfinished").exists()
    card = (trained.path / "README.md").read_text()
    assert f"phi {OPTIONS.phi}" in card
    assert "dev speedup" in card


def test_thresholds_stay_in_their_range_and_move(trained):
    system = AutoModelForSequenceClassification.from_pretrained(trained.path).system
    assert ((system.eta >= 0.01) & (system.eta <= 1)).all()
    assert (system.theta >= 1e-3).all()
    assert not torch.allclose(system.eta, torch.full_like(system.eta, 0.25))


def test_saliency_is_stored_by_id_and_is_the_mean_of_three_checkpoints(trained):
    table = pq.read_table(trained.finetuned_dir / "saliency.parquet")
    stored = dict(zip(table["id"].to_pylist(), table["importance"].to_pylist(), strict=True))
    assert set(stored) == {d.id for d in TRAIN}
    document = TRAIN[5]
    importance_maps = []
    for number in ("1", "2", "3"):
        classifier = load_classifier(trained.finetuned_dir / number, device="cpu")
        importance_maps.append(raw_saliency(classifier, document))
    np.testing.assert_allclose(stored[document.id], np.mean(importance_maps, axis=0), rtol=1e-4, atol=1e-7)


def raw_saliency(classifier, document):
    """By plain autograd through transformers' own forward."""
    model = classifier.model
    inputs = classifier.tokenizer(" ".join(document.words), return_tensors="pt")
    entering = []
    handle = model.bert.embeddings.register_forward_hook(
        lambda _, __, out: entering.append(out.requires_grad_())
    )
    with torch.enable_grad():
        logits = model(**inputs).logits
    handle.remove()
    gold = classifier.labels.index(document.label)
    (gradient,) = torch.autograd.grad(logits[0, gold], entering[0])
    return (gradient * entering[0])[0].norm(dim=-1).detach().numpy()


def test_phases_one_and_two_are_shared_by_runs_of_other_phi(encoder, trained, tmp_path):
    before = (trained.finetuned_dir / "saliency.parquet").stat().st_mtime_ns
    other = AdapLeROptions(**{**vars(OPTIONS), "phi": 0.5, "fine_tune_epochs": 4})
    again = train_dropping(
        "adapler", encoder, TRAIN, DEV, tmp_path / "out", other, finetuned_dir=trained.finetuned_dir
    )
    assert (trained.finetuned_dir / "saliency.parquet").stat().st_mtime_ns == before
    assert again.best["dev_speedup"] >= trained.best["dev_speedup"] - 0.05


def test_phases_of_other_data_are_refused(encoder, trained, tmp_path):
    with pytest.raises(OutputError, match=r"fine-tuned: the folder holds another training"):
        train_dropping(
            "adapler",
            encoder,
            planted(40),
            DEV,
            tmp_path / "out",
            OPTIONS,
            finetuned_dir=trained.finetuned_dir,
        )


@pytest.mark.parametrize("step", [2, 9])
def test_a_run_that_is_broken_off_ends_with_the_same_weights(encoder, trained, tmp_path, monkeypatch, step):
    class Interrupt(Progress):
        def on_step_end(self, args, state, control, **_):
            if state.global_step == step:
                raise KeyboardInterrupt

    settings = {"finetuned_dir": trained.finetuned_dir}
    with monkeypatch.context() as patched:
        patched.setattr(trainer_module, "Progress", Interrupt)
        patched.setattr(trainer_module, "Saving", lambda: Saving(0.0))
        with pytest.raises(KeyboardInterrupt):
            train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", OPTIONS, **settings)
    assert not (tmp_path / "out").exists()
    again = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", OPTIONS, **settings)
    for name in ("model.safetensors", "training.json"):
        assert (again.path / name).read_bytes() == (trained.path / name).read_bytes(), name


def test_the_predictors_learn_what_decides(encoder, tmp_path):
    """The planted word is what saliency ranks first, and so does the predictor that learns from it."""
    options = AdapLeROptions(
        **{
            **vars(OPTIONS),
            "epochs": 12,
            "fine_tune_epochs": 12,
            "gamma": 1.0,
            "phi": 0.0,
            "learning_rate": 5e-3,
        }
    )
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", options)
    scores = score(str(trained.path), DEV, ScoreOptions(("policy_score",)), device="cpu", progress=False)
    hits = [
        document.rationale[int(scored.words["policy_score"][0].argmax())]
        for document, scored in zip(DEV, scores, strict=True)
    ]
    assert np.mean(hits) > 0.5  # by chance about one in nine


def test_bad_input_is_told(encoder, tmp_path):
    one_class = type(TRAIN)([d for d in TRAIN if d.label == TRAIN[0].label])
    with pytest.raises(DataError, match="have 1 label"):
        train_dropping("adapler", encoder, one_class, None, tmp_path / "out", OPTIONS)
    cursed = save_encoder(tmp_path / "cursed", cursed=True)
    words = TRAIN[0]
    poisoned = type(TRAIN)([*TRAIN[:-1], type(words)("cursed", "cursed", ("cursed",), label=words.label)])
    with pytest.raises(ModelError, match=r"the loss is nan at step .*cursed"):
        train_dropping("adapler", cursed, poisoned, None, tmp_path / "out", OPTIONS)
    assert not (tmp_path / "out").exists()


def test_the_command_line_and_its_presets(encoder, folder, tmp_path):
    given = [
        "train",
        "adapler",
        "--model",
        str(encoder),
        "--data",
        str(folder),
        "--out",
        str(tmp_path / "out"),
    ]
    more = ["--preset", "cola", "--epochs", "1", "--max-length", "24", "--device", "cpu"]
    result = CliRunner().invoke(app, [*given, *more])
    assert result.exit_code == 0, result.output
    assert "the plain classifier to compare with" in result.output
    options = json.loads((tmp_path / "out" / "training.json").read_text())["options"]
    assert (options["epochs"], options["max_length"]) == (1, 24)
    assert options["phi"] == PRESETS["cola"]["phi"]


def test_several_processes_make_one_model(encoder, folder, tmp_path):
    """Two processes on a CPU: each phase, half the steps, one output."""
    tools = Path(sys.executable).parent
    launch = [tools / "torchrun", "--standalone", "--nproc_per_node", "2"]
    train = [tools / "rationale", "train", "adapler", "--model", encoder, "--data", folder]
    train += ["--out", tmp_path / "out", "--epochs", "2", "--fine-tune-epochs", "2"]
    train += ["--batch-size", "4", "--device", "cpu"]
    done = run(*launch, *train)
    assert done.returncode == 0, done.stderr[-2000:]
    recipe = json.loads((tmp_path / "out" / "training.json").read_text())
    steps = -(-recipe["train"]["documents"] // 8)
    assert [epoch["step"] for epoch in recipe["epochs"]] == [steps, 2 * steps]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.fine-tuned"]
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out")
    assert all(torch.isfinite(weight).all() for weight in model.state_dict().values())
