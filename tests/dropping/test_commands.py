"""``rationale evaluate`` and ``rationale trace`` on a toy model that drops."""

import json
import re
import shlex

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

from rationale.artifacts.seal import check_file, read_sealed
from rationale.artifacts.verify import verify
from rationale.cli import app
from rationale.corpus import Document, load_documents, write_eraser
from rationale.corpus.splits import sample
from rationale.dropping import SYSTEMS
from rationale.dropping.flops import Costs
from rationale.errors import DataError, ModelError, OutputError
from tests.dropping.models import dropping_model
from tests.toys import toy_folder, toy_tokenizer, wordy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("dropping")
    dropping_model("bert").save_pretrained(root / "model")
    toy_tokenizer("wordpiece").save_pretrained(root / "model")
    lengths = (3, 14, 8, 21, 11, 5, 17, 9)
    documents = [Document(f"d{n}", f"d{n}", wordy(n, n), label=("NEG", "POS")[n % 2]) for n in lengths]
    write_eraser({"val": documents}, root / "data")
    return root


def invoke(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def test_evaluate_writes_what_it_prints(folder, tmp_path):
    out = tmp_path / "evaluation.json"
    given = ["evaluate", "--model", folder / "model", "--data", folder / "data", "--out", out]
    result = invoke(*given, "--timing-repeats", 1)
    assert result.exit_code == 0, result.output
    said = json.loads(out.read_text())
    assert said["n"] == 8
    assert set(said["measured_speedup"]) == {"1", "32"}
    predictions = said["predictions"]
    gold = [("NEG", "POS").index(p["label"]) for p in predictions]
    chosen = [int(np.argmax(p["probabilities"])) for p in predictions]
    assert said["metrics"]["accuracy"] == accuracy_score(gold, chosen)
    assert said["metrics"]["macro_f1"] == pytest.approx(f1_score(gold, chosen, average="macro"))
    assert said["metrics"]["mcc"] == pytest.approx(matthews_corrcoef(gold, chosen))
    tokens_kept = np.array([p["tokens_kept"] for p in predictions]).T
    assert [layer["mean"] for layer in said["tokens_kept"]] == pytest.approx(
        tokens_kept[1:].mean(axis=1).tolist()
    )
    model = dropping_model("bert")
    costs = Costs.of(model.encoder, model.system)
    by_hand = costs.plain(tokens_kept[0], 3).sum() / costs.dropped(tokens_kept[1:], tokens_kept[0]).sum()
    assert said["flops_speedup"] == pytest.approx(by_hand)
    assert f"{by_hand:.2f}x" in result.output
    with pytest.raises(OutputError, match="exists already"):
        invoke(*given)


def test_one_document_has_a_figure_and_no_interval(folder, tmp_path):
    given = [
        "evaluate",
        "--model",
        folder / "model",
        "--data",
        folder / "data",
        "--limit",
        1,
        "--timing-documents",
        0,
    ]
    result = invoke(*given, "--out", tmp_path / "evaluation.json")
    assert result.exit_code == 0, result.output
    assert re.search(r"Accuracy\s+│ [01]\.000\s+│", result.output)


def test_standard_input_that_is_no_utf8_is_refused(folder):
    given = ["trace", "--model", folder / "model", "--text", "-"]
    with pytest.raises(DataError, match="standard input: this is no UTF-8"):
        CliRunner().invoke(app, [str(a) for a in given], input=b"a\xff film", catch_exceptions=False)


def test_evaluate_agrees_with_the_model_as_transformers_calls_it(folder, tmp_path):
    out = tmp_path / "evaluation.json"
    invoke(
        "evaluate",
        "--model",
        folder / "model",
        "--data",
        folder / "data",
        "--out",
        out,
        "--timing-documents",
        0,
    )
    said = json.loads(out.read_text())
    model, tokenizer = dropping_model("bert"), toy_tokenizer("wordpiece")
    assert said["measured_speedup"] == {}
    for one in said["predictions"]:
        words = " ".join(wordy(int(one["id"][1:]), int(one["id"][1:])))
        with torch.no_grad():
            got = model(**tokenizer(words, return_tensors="pt"))
        assert got.tokens_kept[0].tolist() == one["tokens_kept"]
        assert got.logits.softmax(-1)[0].tolist() == pytest.approx(one["probabilities"], abs=1e-5)


def test_a_plain_model_is_evaluated_as_what_it_is(folder, tmp_path):
    out = tmp_path / "plain.json"
    backbone = toy_folder("bert")
    invoke("evaluate", "--model", backbone, "--data", folder / "data", "--out", out)
    said = json.loads(out.read_text())
    assert said["flops_speedup"] == 1.0
    assert said["measured_speedup"] == {}
    model = AutoModelForSequenceClassification.from_pretrained(backbone)
    tokenizer = AutoTokenizer.from_pretrained(backbone)
    for one in said["predictions"]:
        inputs = tokenizer(" ".join(wordy(int(one["id"][1:]), int(one["id"][1:]))), return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits[0]
        assert logits.softmax(-1).tolist() == pytest.approx(one["probabilities"], abs=1e-5)
        assert set(one["tokens_kept"]) == {inputs["input_ids"].shape[1]}


def test_evaluate_writes_the_traces_of_its_own_pass(folder, tmp_path):
    given = ["--model", folder / "model", "--data", folder / "data"]
    out, traces = tmp_path / "evaluation.json", tmp_path / "own.parquet"
    invoke("evaluate", *given, "--out", out, "--timing-documents", 0, "--traces", traces)
    invoke("trace", *given, "--out", tmp_path / "traces.parquet")
    own, theirs = pq.read_table(traces), pq.read_table(tmp_path / "traces.parquet")
    typed = shlex.join(["rationale", "evaluate", *map(str, given), "--out", "evaluation.json"])
    typed += " --timing-documents 0 --traces own.parquet"
    assert json.loads(out.read_text())["recipe"]["command"] == typed
    assert own.schema.metadata[b"command"].decode() == typed
    assert theirs.schema.metadata[b"command"].startswith(b"rationale trace ")
    for name in ("id", "position", "token", "word", "dropped"):
        assert own[name].equals(theirs[name])
    kept = {kind["name"]: kind["survival"] for kind in json.loads(out.read_text())["survival"]["kinds"]}
    words = [(row["id"], row["word"], row["dropped"]) for row in own.to_pylist() if row["word"] >= 0]
    stays = {(one, word) for one, word, dropped in words if dropped is None}
    assert kept["all words"][-1] == pytest.approx(len(stays) / len({(one, word) for one, word, _ in words}))


def test_traces_of_a_model_that_drops_nothing_are_refused(folder, tmp_path):
    given = [
        "evaluate",
        "--model",
        toy_folder("bert"),
        "--data",
        folder / "data",
        "--out",
        tmp_path / "e.json",
    ]
    with pytest.raises(ModelError, match="drops no tokens"):
        invoke(*given, "--traces", tmp_path / "traces.parquet")
    assert not (tmp_path / "e.json").exists()


def test_trace_prints_a_line_a_layer(folder):
    result = invoke("trace", "--model", folder / "model", "--text", " ".join(wordy(14, 14)))
    assert result.exit_code == 0, result.output
    for layer in range(3):
        assert re.search(rf"layer {layer}, +\d+ left, threshold 0\.", result.output)
    assert "Decided before each layer" in result.output


def test_trace_writes_every_decision(folder, tmp_path):
    out = tmp_path / "traces.json"
    invoke("trace", "--model", folder / "model", "--data", folder / "data", "--limit", 4, "--out", out)
    content = json.loads(out.read_text())
    traces = content["traces"]
    assert len(traces) == 4
    assert content["command"].startswith("rationale trace ")
    assert content["command"].endswith(" --limit 4 --out traces.json")
    for one in traces:
        for layer, (scores, threshold) in enumerate(zip(one["scores"], one["thresholds"], strict=True)):
            met = [s for s, left in zip(scores, one["dropped"], strict=True) if left is None or left >= layer]
            assert None not in met
            fell = [s for s, left in zip(scores, one["dropped"], strict=True) if left == layer]
            assert all(s < threshold for s in fell)
        assert one["tokens_kept"][-1] == sum(left is None for left in one["dropped"])


def test_trace_as_parquet_has_a_row_a_token(folder, tmp_path):
    given = ["trace", "--model", folder / "model", "--data", folder / "data"]
    invoke(*given, "--out", tmp_path / "t.json")
    invoke(*given, "--out", tmp_path / "t.parquet")
    rows = pq.read_table(tmp_path / "t.parquet").to_pylist()
    traces = {one["id"]: one for one in json.loads((tmp_path / "t.json").read_text())["traces"]}
    assert len(rows) == sum(len(one["tokens"]) for one in traces.values())
    for row in rows:
        one, at = traces[row["id"]], row["position"]
        assert (row["token"], row["word"], row["dropped"]) == (
            one["tokens"][at], one["word"][at], one["dropped"][at]
        )  # fmt: skip
        met = [layer[at] for layer in one["scores"] if layer[at] is not None]
        assert row["scores"] == pytest.approx(met)
        assert row["thresholds"] == pytest.approx(one["thresholds"][: len(met)])


def test_what_cannot_be_done_is_told(folder, tmp_path):
    plain = ["--model", toy_folder("bert")]
    with pytest.raises(ModelError, match=r"drops no tokens.*rationale train adapler"):
        invoke("trace", *plain, "--text", "word")
    text = ["trace", "--model", folder / "model", "--text", "word"]
    with pytest.raises(DataError, match="--split goes with --data"):
        invoke(*text, "--split", "val")
    with pytest.raises(DataError, match="--query goes with --text"):
        invoke("trace", "--model", folder / "model", "--data", folder / "data", "--query", "why")
    with pytest.raises(OutputError, match=r"traces are \.json or \.parquet"):
        invoke(*text, "--out", tmp_path / "t.csv")
    with pytest.raises(DataError, match="either --text or --data"):
        invoke("trace", "--model", folder / "model")
    with pytest.raises(DataError, match="no words"):
        invoke("trace", "--model", folder / "model", "--text", "  ")
    write_eraser({"val": [Document("a", "a", ("word",), label="MAYBE")]}, tmp_path / "other")
    with pytest.raises(DataError, match="label 'MAYBE', the model knows NEG, POS"):
        invoke("evaluate", "--model", folder / "model", "--data", tmp_path / "other", "--out", tmp_path / "e")
    assert not (tmp_path / "e.json").exists()


def test_the_systems_are_listed():
    listed = json.loads(invoke("list", "systems", "--json").stdout)
    assert {one["name"] for one in listed} == set(SYSTEMS)
    assert all(one["definition"].endswith(".") for one in listed)


def test_traces_are_sealed(folder, tmp_path):
    given = ["trace", "--model", folder / "model", "--data", folder / "data", "--limit", 2]
    for name in ("t.json", "t.parquet"):
        invoke(*given, "--out", tmp_path / name)
    told = {result.path.name: (result.kind, result.state) for result in verify(tmp_path)}
    assert told == {"t.json": ("traces", "whole"), "t.parquet": ("traces", "whole")}
    documents = load_documents(str(folder / "data"), None)
    _, seal = read_sealed(tmp_path / "t.json", "traces")
    assert seal.inputs["data"] == sample(documents, 2).fingerprint
    assert seal.inputs == check_file(tmp_path / "t.parquet", "traces").inputs
    invoke(*given, "--out", tmp_path / "t.parquet", "--overwrite")
    check_file(tmp_path / "t.parquet", "traces")
