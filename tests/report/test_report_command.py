"""``rationale report`` from files to files."""

import numpy as np
import pytest
from typer.testing import CliRunner

from rationale.agreement import agree
from rationale.cli import app
from rationale.corpus import load_documents
from rationale.corpus.write import write_eraser
from rationale.errors import OutputError, ScoresError
from rationale.scores.writer import ScoreWriter
from tests.report.making import make_document, make_recipe, make_scored
from tests.report.parsing import find

pytestmark = pytest.mark.slow  # every test runs the command


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    """Data, scores and agreement on disk, as options of the command."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(5)
    items = [make_document(number, rng) for number in range(6)]
    write_eraser({"val": items, "test": items[:2]}, folder / "data")
    documents = load_documents(folder / "data", "val")
    writer = ScoreWriter(folder / "scores", make_recipe(documents))
    writer.write(0, [make_scored(d, rng) for d in documents])
    agree(writer.finish(), documents, resamples=20).save(folder / "agreement.json")
    return [
        "report", "--scores", str(folder / "scores"), "--data", str(folder / "data"),
        "--agreement", str(folder / "agreement.json"),
    ]  # fmt: skip


def test_it_writes_the_page_and_the_tables(files, tmp_path) -> None:
    tables = [
        "--csv",
        tmp_path / "r.csv",
        "--markdown",
        tmp_path / "r.md",
        "--parquet",
        tmp_path / "r.parquet",
    ]
    result = CliRunner().invoke(app, [*files, "--out", str(tmp_path / "r.html"), *map(str, tables)])
    assert result.exit_code == 0, result.output
    assert "r.html: open it in any browser" in result.output
    assert {p.name for p in tmp_path.iterdir()} == {
        "r.html", "r.csv", "r.comparisons.csv", "r.md", "r.parquet",
    }  # fmt: skip
    assert (
        len(find((tmp_path / "r.html").read_text(encoding="utf-8"), "article")) == 8
    )  # 4 methods, best and worst


def test_the_methods_to_show_can_be_chosen(files, tmp_path) -> None:
    chosen = ["--split", "val", "--method", "rollout.all", "--examples", "3"]
    result = CliRunner().invoke(app, [*files, *chosen, "--out", str(tmp_path / "r.html")])
    assert result.exit_code == 0, result.output
    assert len(find((tmp_path / "r.html").read_text(encoding="utf-8"), "article")) == 6


def test_another_split_is_refused(files, tmp_path) -> None:
    result = CliRunner().invoke(app, [*files, "--split", "test", "--out", str(tmp_path / "r.html")])
    assert isinstance(result.exception, ScoresError)
    assert "whose texts or rationales differ" in str(result.exception)


def test_an_earlier_report_is_kept(files, tmp_path) -> None:
    (tmp_path / "r.html").write_text("mine")
    result = CliRunner().invoke(app, [*files, "--out", str(tmp_path / "r.html")])
    assert isinstance(result.exception, OutputError)
    assert (tmp_path / "r.html").read_text() == "mine"


def test_the_page_is_named_as_one(files, tmp_path) -> None:
    with pytest.raises(OutputError, match=r"must end in .html, not 'r\.md'.*--markdown"):
        CliRunner().invoke(app, [*files, "--out", str(tmp_path / "r.md")], catch_exceptions=False)
    assert not list(tmp_path.iterdir())
