"""``rationale sanity`` from files to files: table, findings, page."""

import json

import pytest
from typer.testing import CliRunner

from rationale.cli import app
from rationale.report.sanity import sanity_findings, sanity_table
from rationale.study.sanity.result import Sanity
from tests.report.parsing import find
from tests.study.one_token_words import documents
from tests.toys import toy_folder

pytestmark = pytest.mark.slow  # runs the command


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "val.jsonl"
    rows = [{"id": d.id, "words": list(d.words), "label": "POS"} for d in documents()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def command(data, out, *more):
    arguments = ["sanity", "--model", toy_folder("bert"), "--data", data, "--out", out, "--device", "cpu"]
    return CliRunner().invoke(app, list(map(str, [*arguments, *more])))


@pytest.fixture(scope="module")
def ran(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran")
    out, page = folder / "sanity.json", folder / "sanity.html"
    methods = ("--method", "gradient_norm", "--method", "attention.all", "--method", "occlusion")
    more = (*methods, "--layer", 0, "--seeds", "0,1", "--limit", 4, "--html", page)
    result = command(data, out, *more)
    assert result.exit_code == 0, result.output
    return result.output, Sanity.load(out), page.read_text("utf-8")


def test_it_prints_each_method_step_by_step(ran):
    output, result, _ = ran
    assert result.documents == 4
    assert result.recipe.sanity.seeds == (0, 1)
    assert "n/a (1.000)" in output
    assert "Random order" in output
    assert "4 documents, 2 seeds" in output
    assert "AOPC beside random orders: 4 documents, at most 320 forwards" in output
    assert "NAOPC: 4 documents of at most 60 words" in output
    assert "AOPC comprehensiveness" in output
    assert (result.orders.n, result.orders.naopc_n) == (4, 4)
    for outcome in result.outcomes:
        assert result.title(outcome.method, outcome.layer) in output
    assert result.title("occlusion", 0) == "Occlusion"


def test_the_table_holds_the_numbers_of_the_result(ran):
    _, result, _ = ran
    rows = sanity_table(result).rows
    assert len(rows) == 1 + len(result.outcomes) + len(result.similarities)
    last = result.curve("gradient_norm", 0)[-1]
    row = next(r for r in rows if r[0].startswith("Gradient norm") and r[1] == "embeddings")
    assert tuple(row[2]) == (last.spearman.value, last.spearman.low, last.spearman.high)


def test_a_finding_names_what_is_flagged(ran):
    _, result, _ = ran
    for outcome, sentence in zip(result.outcomes, sanity_findings(result), strict=True):
        assert sentence.startswith(f"{result.title(outcome.method, outcome.layer)}: ")
        assert (": flagged" in sentence) == outcome.flagged


def test_the_page_shows_chart_and_table(ran):
    _, result, page = ran
    assert len(find(page, "table")) == 2
    assert "Do the scores depend on what the model has learnt?" in page
    assert "rationale sanity" in page
    drawn = json.loads(next(e.text for e in find(page, "script") if "rank correlation" in e.text))["figure"]
    lines = [trace for trace in drawn["data"] if trace.get("name")]
    assert [line["name"] for line in lines] == [result.title(o.method, o.layer) for o in result.outcomes]
    assert lines[0]["x"] == ["none", "head", "layer 2", "layer 1", "layer 0", "embeddings"]
    assert drawn["layout"]["xaxis"]["categoryarray"] == lines[0]["x"]
    assert lines[1]["marker"]["symbol"][1].endswith("-open")  # attention of layer 0, with the head re-drawn


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--seeds", "a"), "--seeds is 'a'"),
        (("--method", "lead"), "lead does not read the model"),
        (("--mode", "down"), "no mode is called 'down'"),
    ],
)
def test_a_bad_option_is_one_message(data, tmp_path, more, told):
    result = command(data, tmp_path / "sanity.json", *more)
    assert result.exit_code != 0
    assert told in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_one_part_at_a_time(data, tmp_path):
    more = ("--mode", "independent", "--draw", "shuffle", "--seeds", "0", "--method", "gradient_norm")
    more = (*more, "--random-orders", 0)
    result = command(data, tmp_path / "sanity.json", *more)
    assert result.exit_code == 0, result.output
    assert "lowest rank correlation" in result.output
    assert "AOPC" not in result.output
