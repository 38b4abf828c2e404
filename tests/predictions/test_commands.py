"""`rationale agree` and `report` with predictions of others, from files to files."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from rationale.agreement import Agreement
from rationale.cli import app
from rationale.corpus import load_documents
from rationale.corpus.write import write_eraser
from rationale.errors import RationaleError, ScoresError
from rationale.report.results import Results
from rationale.scores.writer import ScoreWriter
from tests.report.making import make_document, make_recipe, make_scored

pytestmark = pytest.mark.slow  # every test runs a command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data and scores; an LLM's quotes, and a table of scores."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(5)
    write_eraser({"val": [make_document(number, rng) for number in range(12)]}, folder / "data")
    documents = load_documents(folder / "data", "val")
    writer = ScoreWriter(folder / "scores", make_recipe(documents))
    writer.write(0, [make_scored(d, rng) for d in documents])
    writer.finish()
    with (folder / "llm.jsonl").open("w") as file:
        for document in documents:
            quote = " ".join(document.words[1:3])
            row = {"id": document.id, "docid": document.docid, "quotes": [quote, "not in it at all"]}
            file.write(json.dumps(row) + "\n")
    with (folder / "linear.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "docid", "scores"])
        for document in documents:
            rows.writerow([document.id, document.docid, json.dumps(rng.random(len(document.words)).tolist())])
    return folder


def run(command, folder, **options):
    given = [
        part for name, values in options.items() for value in values for part in (f"--{name}", str(value))
    ]
    result = CliRunner().invoke(app, [command, "--data", str(folder / "data"), "--split", "val", *given])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_scores_and_predictions_stand_in_one_table_and_one_report(folder, tmp_path):
    out, page = tmp_path / "a.json", tmp_path / "r.html"
    files = [folder / "llm.jsonl", folder / "linear.csv"]
    said = run("agree", folder, scores=[folder / "scores"], predictions=files, name=["GPT"], out=[out])
    assert "GPT" in said
    assert "24 quotes: 12 exact, 12 unmatched" in said
    agreement = Agreement.load(out)
    ranked = dict(Results(agreement).ranked())
    assert "linear" in ranked
    assert "GPT" not in ranked  # quotes have no order
    assert agreement.record("strict_precision", "GPT", 0, "given").n == 12
    pairs = {frozenset((t.method, t.other)) for t in agreement.comparisons if t.metric == "ap"}
    assert frozenset(("input_x_gradient", "linear")) in pairs
    run("report", folder, scores=[folder / "scores"], predictions=files, agreement=[out], out=[page])
    text = page.read_text()
    assert "GPT" in text
    assert "Strict precision" in text


def test_predictions_need_no_scores_and_no_model(folder, tmp_path):
    out, page = tmp_path / "a.json", tmp_path / "r.html"
    run("agree", folder, predictions=[folder / "llm.jsonl"], out=[out])
    assert {r.method for r in Agreement.load(out).records} == {"llm", "chance"}
    run("report", folder, predictions=[folder / "llm.jsonl"], agreement=[out], out=[page])
    assert "Strict precision" in page.read_text()


def test_an_agreement_of_other_predictions_is_refused(folder, tmp_path):
    out, changed = tmp_path / "a.json", tmp_path / "llm.jsonl"
    run("agree", folder, predictions=[folder / "llm.jsonl"], out=[out])
    changed.write_text((folder / "llm.jsonl").read_text().replace("not in it", "not at"))
    with pytest.raises(ScoresError, match="not computed from these predictions, or the file has changed"):
        run("report", folder, predictions=[changed], agreement=[out], out=[tmp_path / "r.html"])


def test_what_is_missing_or_too_many_is_said(folder, tmp_path):
    with pytest.raises(ScoresError, match=r"Pass --scores, --predictions, or both\."):
        run("agree", folder, out=[tmp_path / "a.json"])
    with pytest.raises(RationaleError, match="2 --name for 1 --predictions"):
        run("agree", folder, predictions=[folder / "llm.jsonl"], name=["a", "b"], out=[tmp_path / "a.json"])
    with pytest.raises(ScoresError, match=r"two sources have a method 'linear'.*--name"):
        run("agree", folder, predictions=[folder / "linear.csv"] * 2, out=[tmp_path / "a.json"])
