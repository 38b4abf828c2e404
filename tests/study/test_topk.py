"""The top-k study: which words a condition keeps, what a cell reads, its tables, and a kill in the middle."""

import json
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

from rationale.artifacts.model import seal_model
from rationale.artifacts.record import to_json
from rationale.artifacts.seal import beside, read_sealed, seal_file, sealed
from rationale.cli import app
from rationale.corpus import Document, Documents, Span, write_eraser
from rationale.dropping.model import wrap
from rationale.errors import DataError, ModelError, OutputError, RationaleError
from rationale.files import atomic_json
from rationale.loading.classifier import load_classifier
from rationale.report.topk import topk_page
from rationale.scores.removal import without
from rationale.study.topk import study as module
from rationale.study.topk.budget import Budget
from rationale.study.topk.conditions import Condition
from rationale.study.topk.predict import predict_parts
from rationale.study.topk.stored import StoredStudy
from rationale.study.topk.study import StudyOptions, study_topk
from rationale.tokens import Windower
from rationale.training.options import TrainingOptions
from tests.children import holder, run
from tests.spoiling import hollow
from tests.training.toy_training import planted, save_classifier, save_encoder

pytestmark = pytest.mark.training

TRAINING = TrainingOptions(epochs=6, batch_size=8, learning_rate=2e-3, device="cpu", attention_dropout=0.0)
TRAIN, DEV, REPORTED = planted(64), planted(16, seed=1), planted(40, seed=2, split="test")
CONDITIONS = ("human", "not-human", "input_x_gradient:gold", "lead")


def options(*conditions, **more):
    return StudyOptions(
        [Condition.parse(condition) for condition in conditions], **{"training": TRAINING, **more}
    )


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("toy") / "encoder")


@pytest.fixture(scope="module")
def studied(trains, encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("studied") / "study"
    return out, study_topk(encoder, TRAIN, DEV, REPORTED, out, options(*CONDITIONS))


def test_the_words_that_decide_are_enough_and_without_them_nothing_is_known(studied):
    _, found = studied
    accuracy = {record.condition: record.accuracy for record in found.records}
    assert accuracy.keys() == {"full", *CONDITIONS}
    assert min(accuracy["full"], accuracy["human"]) > accuracy["not-human"]
    assert accuracy["input_x_gradient:gold"] > accuracy["lead"]


def test_what_is_read_is_what_is_said(studied):
    out, found = studied
    whole = pq.read_table(out / "predictions.parquet").to_pylist()
    assert read_sealed(out / "study.json", "topk study")[0] == to_json(found)
    documents = {document.key: document for document in REPORTED}
    for row in whole:
        document, kept = documents[row["id"], row["docid"]], set(row["kept"])
        human = set(np.flatnonzero(document.rationale).tolist())
        if row["condition"] == "full":
            assert len(kept) == row["words"] == len(document.words)
        elif row["condition"] == "human":
            assert kept == human
        elif row["condition"] == "not-human":
            assert kept == set(range(len(document.words))) - human
        else:
            assert len(kept) == len(human)
        if row["condition"] == "lead":
            assert kept == set(range(len(human)))
    for record in found.records:
        rows = [row for row in whole if row["condition"] == record.condition]
        assert record.accuracy == np.mean([row["label"] == row["predicted"] for row in rows])
        assert record.n == len(REPORTED)
    full = next(record for record in found.records if record.condition == "full")
    assert (full.flops_speedup, full.words_kept) == (1, 1)
    assert all(record.flops_speedup > 1 for record in found.records if record is not full)
    assert {r.condition for r in found.records if r.oracle} == {"human", "not-human", "input_x_gradient:gold"}


def test_a_cell_s_model_reads_kept_tokens_at_their_own_positions(studied):
    """Against transformers, given the position ids."""
    out, _ = studied
    classifier = load_classifier(out / "cells" / "human-seed0" / "model", device="cpu")
    model = AutoModelForSequenceClassification.from_pretrained(out / "cells" / "human-seed0" / "model").eval()
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    parts = [without(windower(d).windows[0], ~d.rationale) for d in REPORTED[:8]]
    ours = predict_parts(classifier, parts)
    for part, row in zip(parts, ours, strict=True):
        ids, types, positions = (
            torch.from_numpy(v.astype(np.int64))[None] for v in (part.ids, part.types, part.positions)
        )
        with torch.no_grad():
            theirs = model(input_ids=ids, token_type_ids=types, position_ids=positions).logits.softmax(-1)
        np.testing.assert_allclose(row, theirs[0].numpy(), atol=1e-5)
    assert any((np.diff(part.positions) > 1).any() for part in parts)
    rows = pq.read_table(out / "cells" / "human-seed0" / "predictions.parquet").to_pylist()
    np.testing.assert_allclose(ours, [row["probabilities"] for row in rows[:8]], atol=1e-5)


def test_a_killed_study_goes_on_to_the_same_predictions(encoder, studied, tmp_path, monkeypatch):
    original = module.write_predictions
    calls = []

    def killed(folder, *rest):
        calls.append(folder)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(folder, *rest)

    given = (encoder, TRAIN, DEV, REPORTED, tmp_path / "study", options(*CONDITIONS))
    with monkeypatch.context() as broken:
        broken.setattr(module, "write_predictions", killed)
        with pytest.raises(KeyboardInterrupt):
            study_topk(*given)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "study").glob("cells/*/model/*.safetensors")}
    assert len(before) == 3
    again = study_topk(*given)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert again.records == studied[1].records
    ours, theirs = (pq.read_table(root / "predictions.parquet") for root in (tmp_path / "study", studied[0]))
    assert ours.equals(theirs)


def test_another_seed_and_condition_join_what_is_there(encoder, studied, tmp_path):
    first, found = studied
    out = shutil.copytree(first, tmp_path / "study")
    shutil.rmtree(out / "cells" / "lead-seed0")
    more = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human", "random", seeds=(0, 1)))
    named = [(condition, seed) for seed in (0, 1) for condition in ("full", "human", "random")]
    assert [(r.condition, r.seed) for r in more.records] == [
        *named, ("input_x_gradient:gold", 0), ("not-human", 0),
    ]  # fmt: skip
    assert more.records[0] == found.records[0]
    seeds = {(c.condition, c.other): c.seeds for c in more.comparisons}
    assert seeds["full", "human"] == (0, 1)
    assert seeds["full", "not-human"] == (0,)


def test_cells_of_another_study_do_not_join(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    path = out / "cells" / "lead-seed0" / "cell.json"
    reseal(path, positions="packed")
    found = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    assert {record.condition for record in found.records} == {
        "full",
        "human",
        "not-human",
        "input_x_gradient:gold",
    }


def test_the_page_draws_its_bars_and_fetches_nothing(studied, tmp_path, browser):
    page = topk_page(studied[1], tmp_path / "study.html")
    said, asked = [], []
    tab = browser.new_page(viewport={"width": 1100, "height": 900})
    tab.on("console", lambda message: said.append(message.text))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    tab.wait_for_selector("#figure-1 .bars .point")
    assert tab.locator("#figure-1 .bars .point").count() == 1 + len(CONDITIONS)
    assert tab.locator(".results table, table").first.locator("tbody tr").count() == 1 + len(CONDITIONS)
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    tab.close()


# what was left by something else, or half


def reseal(path, **changes):
    """Changes a JSON result as the study itself would have written it."""
    content, seal = read_sealed(path)
    atomic_json(path, sealed({**content, **changes}, seal.kind, seal.inputs, seal.files), overwrite=True)


def trained(out):
    return StoredStudy.load(out).predictions.to_pylist()


def test_scores_of_another_model_are_not_taken(encoder, tmp_path):
    """As the message says: the cells removed, the scores still there."""
    other = TrainingOptions(epochs=2, batch_size=8, learning_rate=1e-2, device="cpu")
    given = (encoder, TRAIN, DEV, REPORTED)
    study_topk(*given, tmp_path / "study", options("input_x_gradient", training=other))
    shutil.rmtree(tmp_path / "study" / "cells")
    study_topk(*given, tmp_path / "study", options("input_x_gradient"))
    study_topk(*given, tmp_path / "fresh", options("input_x_gradient"))
    assert trained(tmp_path / "study") == trained(tmp_path / "fresh")


def test_a_study_killed_while_scoring_goes_on(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    shutil.rmtree(out / "cells" / "input_x_gradient-gold-seed0")
    for scores in (out / "scores").iterdir():
        (scores / "COMPLETE").unlink()
        shutil.rmtree(next(scores.glob("part-*")))
    study_topk(encoder, TRAIN, DEV, REPORTED, out, options(*CONDITIONS))
    assert trained(out) == trained(studied[0])


def test_conditions_of_a_dropping_model_join_a_study_that_had_none(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    plain = AutoModelForSequenceClassification.from_pretrained(out / "cells" / "full-seed0" / "model")
    dropping = tmp_path / "dropping"
    wrap(plain, "lead", {"shares": [0.5] * plain.config.num_hidden_layers}).save_pretrained(dropping)
    AutoTokenizer.from_pretrained(out / "cells" / "full-seed0" / "model").save_pretrained(dropping)
    given = (encoder, TRAIN, DEV, REPORTED, out)
    found = study_topk(*given, options("kept@0", "not-kept@0", dropping=str(dropping)))
    assert {record.condition for record in found.records} == {"full", *CONDITIONS, "kept@0", "not-kept@0"}
    rows = {(r["condition"], r["id"]): set(r["kept"]) for r in trained(out)}
    for document in REPORTED:
        tokens_kept, others = rows["kept@0", document.id], rows["not-kept@0", document.id]
        assert tokens_kept | others == set(range(len(document.words)))
        assert not tokens_kept & others
        assert tokens_kept == set(range(len(tokens_kept)))  # this model keeps the beginning
    assert json.loads((out / "study.json").read_text())["recipe"]["dropping"]["name"] == str(dropping)
    other = tmp_path / "another"
    wrap(plain, "lead", {"shares": [0.9] * plain.config.num_hidden_layers}).save_pretrained(other)
    AutoTokenizer.from_pretrained(dropping).save_pretrained(other)
    with pytest.raises(OutputError, match="dropping"):
        study_topk(*given, options("kept@0", dropping=str(other)))
    found = study_topk(*given, options("kept@1", dropping=str(other)))  # those of the first model do not join
    assert {record.condition for record in found.records} == {"full", *CONDITIONS, "kept@1"}
    short = AutoTokenizer.from_pretrained(dropping)
    short.model_max_length = 16
    short.save_pretrained(dropping)
    more = options("kept@0", dropping=str(dropping), training=replace(TRAINING, max_length=32))
    with pytest.raises(ModelError, match="reads 16 tokens, the study 32"):
        study_topk(*given[:4], tmp_path / "other", more)


def test_weights_that_changed_under_their_name_are_refused(encoder, tmp_path):
    model = shutil.copytree(encoder, tmp_path / "encoder")
    given = (TRAIN, DEV, REPORTED, tmp_path / "study")
    study_topk(model, *given, options("human"))
    shutil.rmtree(model)
    save_encoder(model, layers=3)
    with pytest.raises(OutputError, match="weights"):
        study_topk(model, *given, options("human", "lead"))


@pytest.mark.parametrize("damage", ["", "[]", "{", None])
def test_a_cell_that_does_not_say_what_it_is_of_is_refused(encoder, studied, tmp_path, damage):
    out = shutil.copytree(studied[0], tmp_path / "study")
    path = out / "cells" / "human-seed0" / "cell.json"
    path.unlink()
    if damage is not None:
        path.write_text(damage)
    with pytest.raises(OutputError, match="is damaged" if damage is not None else "no provenance file"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    if damage is not None:  # one that nobody named is left out
        found = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("lead"))
        assert {record.condition for record in found.records} == {"full", *CONDITIONS} - {"human"}


def test_damaged_predictions_are_refused_and_copies_do_not_count(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    shutil.copytree(out / "cells" / "lead-seed0", out / "cells" / "lead-seed0.bak")
    found = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    assert len(found.records) == 1 + len(CONDITIONS)
    path = out / "cells" / "human-seed0" / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(OutputError, match="it was changed after it was written"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    seal_file(path, "predictions")
    with pytest.raises(OutputError, match="the predictions are damaged"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))


def swapped(cell, other):
    shutil.rmtree(cell / "model")
    shutil.copytree(other / "model", cell / "model")


@pytest.mark.parametrize("anew", [False, True])
def test_a_swapped_model_is_refused_also_where_predictions_would_be_made_anew(
    encoder, studied, tmp_path, anew
):
    out = shutil.copytree(studied[0], tmp_path / "study")
    cell = out / "cells" / "human-seed0"
    swapped(cell, out / "cells" / "lead-seed0")
    if anew:
        (cell / "predictions.parquet").unlink()
    with pytest.raises(
        OutputError, match=r"human-seed0/model: the folder holds another training \(condition: 'lead'"
    ):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    if not anew:
        found = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("lead"))  # and left out unnamed
        assert "human" not in {record.condition for record in found.records}


def test_predictions_are_of_the_model_beside_them(encoder, studied, tmp_path):
    """Trained again by hand from a copy: same settings, other weights, and a seal of its own."""
    out = shutil.copytree(studied[0], tmp_path / "study")
    model = out / "cells" / "human-seed0" / "model"
    (model / "tokenizer.json").write_text((model / "tokenizer.json").read_text() + " ")
    seal_model(model, "training", more=["training.json"])
    with pytest.raises(OutputError, match="these predictions are of another model"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))


def test_predictions_that_a_kill_left_unsealed_are_made_again(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    path = out / "cells" / "human-seed0" / "predictions.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    beside(path).unlink()
    study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    assert path.read_bytes() == whole


def test_a_study_is_recognised_by_content(encoder, studied, tmp_path, monkeypatch):
    out = shutil.copytree(studied[0], tmp_path / "study")
    before = {p: p.stat().st_mtime_ns for p in out.glob("cells/*/*/*")}
    monkeypatch.chdir(encoder.parent)
    moved = [
        Documents(list(d), source=f"/elsewhere/{d.source}/", split=d.split) for d in (TRAIN, DEV, REPORTED)
    ]
    found = study_topk("encoder/", *moved, out, options(*CONDITIONS))
    assert found.records == studied[1].records
    assert before == {p: p.stat().st_mtime_ns for p in out.glob("cells/*/*/*")}


def test_two_processes_do_not_make_one_cell(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    with holder(out / "cells" / "human-seed0", "studying"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))  # it is finished, and only read
        (out / "cells" / "human-seed0" / "predictions.parquet").unlink()
        with pytest.raises(OutputError, match=r"human-seed0: another process is studying there\. Wait"):
            study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options("lead"))  # another cell is free


@pytest.mark.parametrize("name", ["study.json", "predictions.parquet"])
def test_an_edited_study_is_not_read(studied, tmp_path, name):
    out = shutil.copytree(studied[0], tmp_path / "study")
    path = out / name
    if name == "study.json":
        path.write_text(path.read_text().replace('"words_kept": ', '"words_kept": 9'))
    else:
        table = pq.read_table(path)
        column = pa.array(["POS"] * len(table))
        pq.write_table(table.set_column(table.column_names.index("predicted"), "predicted", column), path)
    with pytest.raises(DataError, match=rf"{name}: it was changed after it was written"):
        StoredStudy.load(out)


def test_a_study_without_a_seal_that_was_edited_is_an_error_or_a_page(studied, tmp_path):
    """The seal removed, any one entry spoilt: never a traceback."""
    out = shutil.copytree(studied[0], tmp_path / "study")
    content, _ = read_sealed(out / "study.json")
    refused = 0
    for _ in hollow(content):
        (out / "study.json").write_text(json.dumps(content))
        try:
            topk_page(StoredStudy.load(out).results, tmp_path / "page.html", overwrite=True)
        except RationaleError:
            refused += 1
    assert refused > 100


def test_an_condition_may_read_nothing(encoder, tmp_path):
    found = study_topk(
        encoder, TRAIN, DEV, REPORTED, tmp_path / "study",
        options("lead", "not-lead", budget=Budget.parse("100%")),
    )  # fmt: skip
    words = {record.condition: record.words_kept for record in found.records}
    assert words == {"full": 1, "lead": 1, "not-lead": 0}


def test_a_refused_study_leaves_no_claim(encoder, tmp_path):
    strange = Documents(
        [*REPORTED[:10], Document("x", "x", ("good",), label="MAYBE", spans=(Span(0, 1),))], source="some"
    )
    with pytest.raises(DataError, match="MAYBE"):
        study_topk(encoder, TRAIN, DEV, strange, tmp_path / "study", options("lead"))
    study_topk(encoder, TRAIN, DEV, REPORTED, tmp_path / "study", options("lead"))


def test_words_chosen_by_another_models_scores_are_not_taken_up(encoder, studied, tmp_path, caplog):
    out = shutil.copytree(studied[0], tmp_path / "study")
    full = out / "cells" / "full-seed0" / "predictions.parquet"
    table = pq.read_table(full)
    turned = [[1 - p for p in said] for said in table["probabilities"].to_pylist()]
    column = pa.array(turned, table.schema.field("probabilities").type)
    pq.write_table(table.set_column(table.column_names.index("probabilities"), "probabilities", column), full)
    with pytest.raises(OutputError, match=r"predictions\.parquet: it was changed after it was written"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options(*CONDITIONS))
    seal_file(full, "predictions")
    with pytest.raises(OutputError, match="full"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options(*CONDITIONS))
    found = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    scored = {condition for condition in CONDITIONS if Condition.parse(condition).scored}
    assert scored
    assert {record.condition for record in found.records} == {"full", *CONDITIONS} - scored
    assert "the scores of another model chose its words" in caplog.text


def test_a_seed_without_its_full_inputs_is_left_out(encoder, studied, tmp_path):
    out = shutil.copytree(studied[0], tmp_path / "study")
    copied = shutil.copytree(out / "cells" / "human-seed0", out / "cells" / "human-seed7")
    reseal(copied / "cell.json", seed=7)
    found = study_topk(encoder, TRAIN, DEV, REPORTED, out, options("human"))
    assert {record.seed for record in found.records} == {0}
    assert StoredStudy.load(out).seeds("human") == (0,)


# what cannot be


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"conditions": ("human", "human")}, "a condition or a seed is given twice"),
        ({"seeds": (0, 0)}, "a condition or a seed is given twice"),
        ({"seeds": ()}, "expected seeds between 0 and"),
        ({"conditions": ("policy_score@1",)}, "needs the scores of a dropping model"),
        ({"conditions": ("input_x_gradient@9",)}, "has no layer 9"),
        ({"conditions": ("occlusion@1",)}, "has no layer 1"),
        ({"conditions": ("input_x_gradient", "input_x_gradient@0")}, "two conditions are the same"),
        ({"seeds": (-1,)}, "expected seeds between 0 and"),
    ],
)
def test_grids_that_cannot_be_are_refused(encoder, tmp_path, given, message):
    conditions = given.pop("conditions", ("human",))
    with pytest.raises(RationaleError, match=message):
        study_topk(encoder, TRAIN, DEV, REPORTED, tmp_path / "study", options(*conditions, **given))


def test_a_model_that_drops_nothing_has_no_dropping_conditions(encoder, tmp_path):
    plain = save_classifier(tmp_path / "plain", ("NEG", "POS"))
    with pytest.raises(ModelError, match="this one drops none"):
        study_topk(encoder, TRAIN, DEV, REPORTED, tmp_path / "study", options("kept@1", dropping=str(plain)))
    assert not (tmp_path / "study").exists()


def test_a_budget_that_cuts_nothing_is_refused_and_one_that_cuts_some_is_told(encoder, tmp_path, caplog):
    given = (encoder, TRAIN, DEV, REPORTED)
    most = max(len(document.words) for document in REPORTED)
    with pytest.raises(DataError, match=r"no document has more in its window \(the longest \d+\)"):
        study_topk(*given, tmp_path / "all", options("lead", budget=Budget("count", 100)))
    least = min(len(document.words) for document in REPORTED)
    assert least < most
    study_topk(*given, tmp_path / "some", options("lead", budget=Budget("count", least)))
    assert "reported: " in caplog.text
    assert "documents have no more words than the budget" in caplog.text


def test_a_study_whose_data_or_training_changed_is_not_continued(encoder, studied):
    out, _ = studied
    with pytest.raises(OutputError, match="this cell was made of something else"):
        study_topk(encoder, planted(40), DEV, REPORTED, out, options(*CONDITIONS))
    with pytest.raises(OutputError, match="budget"):
        study_topk(encoder, TRAIN, DEV, REPORTED, out, options(*CONDITIONS, budget=Budget.parse("2")))


def test_predictions_of_other_documents_are_refused(encoder, tmp_path):
    given = (encoder, TRAIN, DEV, REPORTED, tmp_path / "study", options("lead"))
    study_topk(*given)
    path = tmp_path / "study" / "cells" / "lead-seed0" / "predictions.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    seal_file(path, "predictions")
    with pytest.raises(OutputError, match="these predictions are of other documents"):
        study_topk(*given)


def test_documents_without_a_rationale_in_the_window_leave_every_condition(encoder, tmp_path):
    bare = Documents(
        [*REPORTED[:10], Document("bare", "bare", ("good", "plain1"), label="POS")], source="some"
    )
    found = study_topk(encoder, TRAIN, DEV, bare, tmp_path / "study", options("lead"))
    assert [record.n for record in found.records] == [10, 10]
    assert found.recipe.reported.left_out == 1
    none = Documents([Document("1", "1", ("good",), label="POS")], source="some")
    with pytest.raises(DataError, match="no document has a human rationale"):
        study_topk(encoder, TRAIN, DEV, none, tmp_path / "other", options("lead"))


def test_packed_positions_take_words_from_the_whole_document(encoder, tmp_path):
    """The rationale stands behind the window of 12 tokens: cut off in one protocol, read in the other."""

    def late(documents):
        return Documents(
            [Document(d.id, d.docid, ("plain1",) * 14 + d.words, label=d.label,
                      spans=tuple(Span(s.start + 14, s.end + 14) for s in d.spans)) for d in documents],
            source="late",
        )  # fmt: skip

    short = TrainingOptions(epochs=6, batch_size=8, learning_rate=2e-3, device="cpu", max_length=12)
    parts = [late(some) for some in (TRAIN, DEV, REPORTED)]
    with pytest.raises(DataError, match="may cut off their rationales"):
        study_topk(encoder, *parts, tmp_path / "cut", options("human", training=short))
    found = study_topk(
        encoder, *parts, tmp_path / "packed", options("human", training=short, positions="packed")
    )
    accuracy = {record.condition: record.accuracy for record in found.records}
    assert accuracy["human"] > accuracy["full"]
    assert found.records[0].flops_speedup == 1


def test_the_command_studies_and_resumes(encoder, tmp_path):
    write_eraser({"train": TRAIN, "test": REPORTED}, tmp_path / "data")
    given = ["study", "topk", "--model", encoder, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    given += ["--methods", "human", "--complement", "--epochs", 2, "--device", "cpu", "--batch-size", 8]
    out, given, typed = tmp_path / "out", [str(one) for one in given], []
    for more in ([], ["--seeds", "0"]):  # another command, and the same study
        result = CliRunner().invoke(app, [*given, *more], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        typed.append(shlex.join(["rationale", *(one if one != str(out) else "out" for one in given), *more]))
        assert StoredStudy.load(out).results.recipe.command == typed[-1]
        assert "How to repeat this" in (out / "study.html").read_text()
        cells = [json.loads(path.read_text()) for path in out.rglob("training.json")]
        assert [cell["command"] for cell in cells] == typed[:1] * 3
    assert "oracle" in result.output
    page = (tmp_path / "out" / "study.html").read_text()
    assert "Are these words enough?" in page
    assert "not-human" in page
    found = json.loads((tmp_path / "out" / "study.json").read_text())
    assert [record["condition"] for record in found["records"]] == ["full", "human", "not-human"]


def test_several_processes_make_one_study(encoder, tmp_path):
    """Two processes on a CPU: every cell trained by both, in half the steps, and written once."""
    write_eraser({"train": TRAIN, "test": REPORTED}, tmp_path / "data")
    tools = Path(sys.executable).parent
    launch = [tools / "torchrun", "--standalone", "--nproc_per_node", "2", tools / "rationale"]
    given = ["study", "topk", "--model", encoder, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    given += ["--methods", "human,input_x_gradient", "--epochs", "2", "--batch-size", "4", "--device", "cpu"]
    done = run(*launch, *given)
    assert done.returncode == 0, done.stderr[-2000:]
    study = json.loads((tmp_path / "out" / "study.json").read_text())
    assert [(r["condition"], r["n"]) for r in study["records"]] == [
        ("full", 40),
        ("human", 40),
        ("input_x_gradient", 40),
    ]
    for cell in (tmp_path / "out" / "cells").iterdir():
        recipe = json.loads((cell / "model" / "training.json").read_text())
        steps = -(-study["recipe"]["data"]["train"]["n"] // 8)
        assert [epoch["step"] for epoch in recipe["epochs"]] == [steps, 2 * steps]
