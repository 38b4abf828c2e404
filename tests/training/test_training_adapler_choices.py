"""AdapLeR's training: what each choice changes, and bad input told before it costs anything."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, EvalPrediction

from rationale.corpus import Document, Documents
from rationale.dropping.model import DroppingForSequenceClassification
from rationale.errors import DataError, ModelError, OutputError, RationaleError
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions, score
from rationale.tokens import Windower
from rationale.training import train_dropping
from rationale.training.adapler import AdapLeROptions
from rationale.training.adapler import trainer as trainer_module
from rationale.training.adapler.importance import load
from rationale.training.dropping.choice import dropping_metrics
from rationale.training.encoding import Encoded
from rationale.training.prepare import prepare
from rationale.training.progress import Progress
from tests.children import holder
from tests.training.toy_training import planted, save_encoder, toy_tokenizer

OPTIONS = AdapLeROptions(
    epochs=2, fine_tune_epochs=2, batch_size=8, learning_rate=2e-3, gamma=0.05, phi=0.05, device="cpu"
)
TRAIN, DEV = planted(48), planted(24, seed=1)


@pytest.fixture(scope="module")
def trained(trains, encoder, tmp_path_factory):
    return train_dropping("adapler", encoder, TRAIN, DEV, tmp_path_factory.mktemp("adapler") / "out", OPTIONS)


def again(encoder, trained, out, **changes):
    """Another phase 3 over the same phases 1 and 2."""
    options = replace(OPTIONS, fine_tune_epochs=OPTIONS.epochs, **changes)
    return train_dropping("adapler", encoder, TRAIN, DEV, out, options, finetuned_dir=trained.finetuned_dir)


def system(trained):
    return AutoModelForSequenceClassification.from_pretrained(trained.path).system


@pytest.mark.training
@pytest.mark.parametrize("warm", [True, False])
def test_a_warm_start_begins_with_the_weights_of_phase_one(encoder, trained, tmp_path, monkeypatch, warm):
    begun = {}

    class Watch(Progress):
        def on_train_begin(self, args, state, control, model=None, **_):
            begun.update({name: weight.clone() for name, weight in model.backbone.state_dict().items()})

    monkeypatch.setattr("rationale.training.trainer.Progress", Watch)
    again(encoder, trained, tmp_path / "out", warm_start=warm, epochs=1)
    best = AutoModelForSequenceClassification.from_pretrained(trained.finetuned_dir / "1").state_dict()
    assert begun.keys() == best.keys()
    assert all(torch.equal(begun[name], weight) for name, weight in best.items()) is warm


@pytest.mark.training
def test_the_attention_target_is_what_tokens_receive_in_plain_transformers(encoder, trained, tmp_path):
    again(encoder, trained, tmp_path / "attention", target="attention", epochs=1)
    table = pq.read_table(trained.finetuned_dir / "attention.parquet")
    stored = dict(zip(table["id"].to_pylist(), table["importance"].to_pylist(), strict=True))
    document = TRAIN[7]
    received = []
    for checkpoint in sorted(path for path in trained.finetuned_dir.iterdir() if path.is_dir()):
        classifier = load_classifier(checkpoint, device="cpu")
        model = AutoModelForSequenceClassification.from_pretrained(checkpoint, attn_implementation="eager")
        inputs = classifier.tokenizer(" ".join(document.words), return_tensors="pt")
        with torch.no_grad():
            attentions = model(**inputs, output_attentions=True).attentions
        received.append(torch.stack(attentions)[:, 0].mean(dim=(0, 1)).sum(dim=0).numpy())
    np.testing.assert_allclose(stored[document.id], np.mean(received, axis=0), rtol=1e-4)


@pytest.mark.training
def test_phase_one_can_have_a_rate_of_its_own(encoder, trained, tmp_path):
    """Another rate in phase 3 alone leaves phases 1 and 2 as they are."""
    slow = again(
        encoder, trained, tmp_path / "slow", learning_rate=1e-4, fine_tune_rate=OPTIONS.learning_rate
    )
    assert slow.recipe.options["learning_rate"] == 1e-4
    with pytest.raises(
        OutputError, match=r"the folder holds another training \(options.learning_rate: 0.002, now 0.0001\)"
    ):
        again(encoder, trained, tmp_path / "other", learning_rate=1e-4)


@pytest.mark.training
def test_theta_stays_one_where_it_is_not_to_be_learnt(encoder, trained, tmp_path):
    off = again(encoder, trained, tmp_path / "off", learn_theta=False)
    assert torch.equal(system(off).theta, torch.ones_like(system(off).theta))
    assert not torch.equal(system(trained).theta, torch.ones_like(system(trained).theta))
    assert not torch.equal(system(off).eta, torch.full_like(system(off).eta, 0.25))


@pytest.mark.training
def test_steep_removal_is_at_its_last_strength_from_the_start(encoder, trained, tmp_path, monkeypatch):
    seen, own = [], trainer_module.soft_losses

    def watched(*given, **settings):
        seen.append(given[5])
        return own(*given, **settings)

    monkeypatch.setattr(trainer_module, "soft_losses", watched)
    again(encoder, trained, tmp_path / "soft")
    soft, seen[:] = list(seen), []
    again(encoder, trained, tmp_path / "steep", removal="steep")
    assert soft[0] < soft[-1]
    assert set(seen) == {soft[-1]}


@pytest.mark.training
def test_the_epoch_is_chosen_by_the_figure_that_was_asked_for(encoder, tmp_path):
    options = replace(OPTIONS, metric="mcc", epochs=3)
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", options)
    phase_one = json.loads((trained.finetuned_dir / "training.json").read_text())
    assert phase_one["best"]["dev_mcc"] == max(epoch["dev_mcc"] for epoch in phase_one["epochs"])
    assert trained.recipe.fine_tuned_best == phase_one["best"]["dev_mcc"]
    assert "dev mcc" in (trained.path / "README.md").read_text()


class Lengths:
    """Costs that are the number of tokens and nothing else."""

    def plain(self, lengths, layers):
        return layers * lengths

    def dropped(self, tokens_kept, lengths):
        return tokens_kept.sum(axis=0)


@pytest.mark.parametrize(
    ("target", "order"),
    [
        (None, ["fast and bad", "near", "plain"]),  # all within a point of 0: by speedup
        (2.0, ["near", "fast and bad", "plain"]),  # near enough first, by the figure; then by speedup
    ],
)
def test_epochs_that_come_near_a_speedup_that_was_asked_for_are_ranked_by_the_figure(target, order):
    labels, right, wrong = np.array([0, 1, 0, 1]), [[2.0, 0], [0, 2.0]] * 2, [[0, 2.0], [0, 2.0]] * 2
    rows = prepare_rows(labels)
    judge = dropping_metrics(Lengths(), 0.0, "accuracy", rows, target=target)
    epochs = {
        "plain": (right, [[10, 10, 10]] * 4),
        "near": (right, [[10, 6, 5]] * 4),
        "fast and bad": (wrong, [[10, 2, 2]] * 4),
    }
    found = {
        name: judge(EvalPrediction((np.array(logits), np.array(tokens_kept)), labels))
        for name, (logits, tokens_kept) in epochs.items()
    }
    assert found["near"]["speedup"] == pytest.approx(20 / 11)
    assert sorted(found, key=lambda name: -found[name]["choice"]) == order


def prepare_rows(labels):
    """Dev documents of equal length, of which only the labels count."""
    window = Windower(toy_tokenizer(), 32, "truncate")(planted(1)[0]).windows[0]
    return Encoded([window] * len(labels), labels.tolist(), typed=True)


@pytest.mark.training
def test_a_target_is_come_back_to_from_where_everything_had_left(encoder, tmp_path):
    """The predictors of this toy point at one word: half-way there nothing but [CLS] is left."""
    aimed = AdapLeROptions(
        epochs=8, fine_tune_epochs=12, batch_size=8, learning_rate=2e-3, gamma=0.05, phi=1.0, device="cpu",
        target_speedup=1.3, warm_start=True, threshold_rate=0.05, checkpoint="last",
    )  # fmt: skip
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", aimed)
    speedups = [epoch["dev_speedup"] for epoch in trained.recipe.epochs]
    assert max(speedups) > 3
    assert 1 < speedups[-1] < 2


@pytest.mark.training
def test_patience_ends_phase_three_too(encoder, tmp_path):
    """At this rate nothing is ever better than the first epoch."""
    idle = replace(OPTIONS, epochs=9, patience=1, learning_rate=1e-12, phi=0.0)
    trained = train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", idle)
    assert len(trained.recipe.epochs) < 9


@pytest.mark.training
@pytest.mark.parametrize("predictors", [None, 0.02])
def test_everything_learns_at_its_own_rate(encoder, trained, tmp_path, monkeypatch, predictors):
    groups = []

    class Watch(Progress):
        def on_train_begin(self, args, state, control, model=None, optimizer=None, **_):
            names = {id(p): name for name, p in model.named_parameters()}
            for group in optimizer.param_groups:
                groups.extend(
                    (names[id(p)], group["initial_lr"], group["weight_decay"]) for p in group["params"]
                )

    monkeypatch.setattr("rationale.training.trainer.Progress", Watch)
    again(encoder, trained, tmp_path / "out", predictor_rate=predictors, threshold_rate=0.003, epochs=1)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out")
    assert sorted(name for name, _, _ in groups) == sorted(name for name, _ in model.named_parameters())
    for name, own, decay in groups:
        if name in ("system.eta", "system.theta"):
            assert (own, decay) == (0.003, 0.0)
        elif name.startswith("system.predictors"):
            assert own == (predictors or OPTIONS.learning_rate)
            assert (decay > 0) is name.endswith("weight")
        else:
            assert own == OPTIONS.learning_rate


@pytest.mark.training
def test_removal_as_printed_is_saved_with_the_model(encoder, trained, tmp_path):
    printed = again(encoder, trained, tmp_path / "printed", weigh_by_keep=False, epochs=1)
    assert not system(printed).weigh_by_keep
    assert system(trained).weigh_by_keep


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "gradients"}, "--target"),
        ({"removal": "hard"}, "--removal"),
        ({"metric": "auc"}, "--metric"),
        ({"phi": -1.0}, "--phi"),
        ({"target_speedup": 1.0}, "--target-speedup"),
        ({"threshold_rate": 0.0}, "--threshold-rate"),
        ({"phi": float("inf")}, "--phi"),
        ({"beta": float("nan")}, "--beta"),
    ],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(RationaleError, match=message):
        replace(OPTIONS, **changes)


@pytest.mark.training
def test_a_label_that_only_dev_knows_is_named(encoder, tmp_path):
    strange = Documents([*DEV, Document("odd", "odd", ("good",), label="UNHEARD")])
    with pytest.raises(DataError, match=r"'odd'.*'UNHEARD' does not occur among the training documents"):
        train_dropping("adapler", encoder, TRAIN, strange, tmp_path / "out", OPTIONS)
    assert not list(tmp_path.iterdir())


@pytest.mark.training
def test_an_empty_text_is_named(encoder, tmp_path):
    empty = Documents([*TRAIN, Document("void", "void", (), label=TRAIN[0].label)])
    with pytest.raises(DataError, match=r"'void'.*the document is empty"):
        train_dropping("adapler", encoder, empty, DEV, tmp_path / "out", OPTIONS)


def test_maps_of_other_data_are_refused(encoder, trained):
    other = prepare(encoder, planted(60), DEV, OPTIONS)
    with pytest.raises(ModelError, match=r"has no map.*computes it again"):
        load(trained.finetuned_dir / "saliency.parquet", other.keys, other.rows)
    longer = Documents([replace(d, words=(*d.words, "plain1")) for d in TRAIN])
    other = prepare(encoder, longer, DEV, OPTIONS)
    with pytest.raises(ModelError, match=r"a map of \d+ tokens and is \d+ long"):
        load(trained.finetuned_dir / "saliency.parquet", other.keys, other.rows)


@pytest.mark.training
def test_a_dropping_model_is_no_checkpoint_to_start_from(trained, tmp_path):
    with pytest.raises(RationaleError, match=r"token-dropping model already.*fine-tuned"):
        train_dropping("adapler", trained.path, TRAIN, DEV, tmp_path / "out", OPTIONS)


@pytest.mark.training
def test_a_family_without_an_adapter_is_named(tmp_path):
    folder = save_encoder(tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    with pytest.raises(RationaleError, match=r"gpt2.*|weights are missing"):
        train_dropping("adapler", folder, TRAIN, DEV, tmp_path / "out", OPTIONS)


def test_a_checkpoint_of_another_system_is_named(trained, tmp_path):
    config = AutoConfig.from_pretrained(trained.path)
    config.system = "unheard-of"
    with pytest.raises(RationaleError, match=r"unheard-of.*adapler"):
        DroppingForSequenceClassification(config)


@pytest.mark.training
def test_texts_longer_than_the_model_are_cut_and_batches_of_any_lengths_work(encoder, tmp_path):
    """The toy reads 32 tokens; documents have 1 to 200 words, mixed in every batch."""
    lengths = [1, 200, 2, 90, 31, 150, 3, 45]
    said = [("good" if i % 2 else "bad", *("plain3",) * lengths[i % 8]) for i in range(32)]
    documents = Documents([Document(str(i), str(i), w, label="ab"[i % 2]) for i, w in enumerate(said)])
    trained = train_dropping(
        "adapler", encoder, documents, None, tmp_path / "out", replace(OPTIONS, epochs=1)
    )
    scores = score(str(trained.path), documents, ScoreOptions(("kept",)), device="cpu", progress=False)
    assert all(scored.covered.all() for scored in scores)
    table = pq.read_table(trained.finetuned_dir / "saliency.parquet")
    assert {len(row) for row in table["importance"].to_pylist()} == {min(n + 3, 32) for n in lengths}


@pytest.mark.training
def test_what_is_not_ours_is_not_touched(encoder, trained, tmp_path):
    (tmp_path / "out.unfinished").mkdir()
    (tmp_path / "out.unfinished" / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"found other files.*Move it away"):
        again(encoder, trained, tmp_path / "out")
    assert (tmp_path / "out.unfinished" / "thesis.txt").read_text() == "precious"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    with pytest.raises(OutputError, match="expected a stage of training"):
        train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "other", OPTIONS, finetuned_dir=foreign)
    with pytest.raises(OutputError, match="cannot share a folder"):
        train_dropping(
            "adapler", encoder, TRAIN, DEV, tmp_path / "same", OPTIONS, finetuned_dir=tmp_path / "same"
        )


@pytest.mark.training
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: shutil.rmtree(folder / "2"), r"2/seal.json: a file of this result cannot be read"),
        (lambda folder: (folder / "training.json").write_text("{"), r"training.json: it was changed"),
        (lambda folder: (folder / "training.json").write_text("{}"), r"training.json: it was changed"),
        (lambda folder: (folder / "saliency.parquet").write_bytes(b"PAR1"), r"saliency.parquet: it was chan"),
        (lambda folder: poison(folder / "saliency.parquet"), r"saliency.parquet: it was changed"),
    ],
)
def test_damaged_phases_are_named(encoder, trained, tmp_path, damage, message):
    copy = shutil.copytree(trained.finetuned_dir, tmp_path / "copy")
    damage(copy)
    options = replace(OPTIONS, fine_tune_epochs=OPTIONS.epochs)
    with pytest.raises(ModelError, match=message):
        train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", options, finetuned_dir=copy)


@pytest.mark.training
def test_damaged_phases_are_made_anew_where_that_is_asked_for(encoder, trained, tmp_path):
    copy = shutil.copytree(trained.finetuned_dir, tmp_path / "copy")
    (copy / "training.json").write_text("{")
    for importance_maps in copy.glob("*.parquet*"):  # what a stage did not leave itself is never overwritten
        importance_maps.unlink()
    options = replace(OPTIONS, fine_tune_epochs=OPTIONS.epochs)
    given = ("adapler", encoder, TRAIN, DEV, tmp_path / "out", options)
    again = train_dropping(*given, finetuned_dir=copy, overwrite=True)
    assert len(json.loads((copy / "training.json").read_text())["epochs"]) == OPTIONS.epochs
    assert again.path.exists()


def poison(path):
    table = pq.read_table(path)
    importance_maps = table["importance"].to_pylist()
    importance_maps[3][0] = float("nan")
    pq.write_table(table.set_column(2, "importance", pa.array(importance_maps, pa.list_(pa.float32()))), path)


@pytest.mark.training
def test_what_a_kill_left_at_the_very_end_is_cleaned_up(encoder, trained, tmp_path):
    copy = shutil.copytree(trained.finetuned_dir, tmp_path / "copy")
    recipe = json.loads((copy / "training.json").read_text())
    left = tmp_path / "copy.unfinished"
    left.mkdir()
    begun = {name: value for name, value in recipe.items() if name not in ("epochs", "best")}
    (left / "run.json").write_text(json.dumps(begun))
    options = replace(OPTIONS, fine_tune_epochs=OPTIONS.epochs)
    train_dropping("adapler", encoder, TRAIN, DEV, tmp_path / "out", options, finetuned_dir=copy)
    assert not left.exists()


@pytest.mark.training
def test_two_processes_do_not_train_in_one_folder(encoder, trained, tmp_path):
    """The other holds the folder's lock, and would hold it until it ends."""
    with (
        holder(tmp_path / "out.unfinished", "training"),
        pytest.raises(OutputError, match="another process is training there"),
    ):
        again(encoder, trained, tmp_path / "out")
    assert again(encoder, trained, tmp_path / "out").path.exists()


@pytest.mark.training
def test_without_a_dev_set_nothing_is_said_of_one(encoder, tmp_path):
    trained = train_dropping("adapler", encoder, TRAIN, None, tmp_path / "out", replace(OPTIONS, epochs=1))
    assert trained.recipe.fine_tuned_best is None
    assert "best dev accuracy was" not in (trained.path / "README.md").read_text()


def test_dev_documents_of_one_class_are_warned_of(encoder, trained, tmp_path, caplog):
    one = Documents([d for d in DEV if d.label == DEV[0].label])
    prepare(encoder, TRAIN, one, OPTIONS)
    assert "they cannot rank epochs" in caplog.text
