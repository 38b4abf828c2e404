"""Plausibility beside faithfulness, as a command and as a page in Chromium."""

import json
import shlex

import pytest
from typer.testing import CliRunner

from rationale.agreement.correlation import correlate
from rationale.artifacts.record import to_json
from rationale.cli import app
from rationale.report.faithfulness import between_table, correlation_figure, within_table
from tests.report.making import METHODS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(agreement):
    return correlate(agreement, resamples=100)


def test_a_row_a_score_and_a_row_a_pair_of_metrics(found):
    assert len(within_table(found).rows) == len(found.within)
    pairs = {(r.plausibility, r.faithfulness) for r in found.within}
    assert len(between_table(found).rows) == len(pairs) == 12


@pytest.mark.parametrize("plausibility", ["ap", "roc_auc"])
def test_every_score_that_was_perturbed_is_drawn_with_its_interval(found, plausibility):
    figure = correlation_figure(found, plausibility)
    pair = (plausibility, "aopc_comprehensiveness")
    own = [r for r in found.within if (r.plausibility, r.faithfulness) == pair]
    drawn = {}
    for trace in figure.data:
        bars = zip(trace.x, trace.error_x.array, trace.error_x.arrayminus, strict=True)
        drawn.update(zip(trace.y, bars, strict=True))
    assert len(drawn) == len(own) == sum(len({0, rows - 1}) for _, rows, _ in METHODS.values())
    for r in own:
        x, plus, minus = drawn[f"{r.method}, layer {r.layer}"]
        assert (x, x + plus, x - minus) == pytest.approx((r.rho, r.high, r.low))


def test_the_command_writes_numbers_and_a_page_that_fetches_nothing(agreement, found, tmp_path, browser):
    agreement.save(tmp_path / "agreement.json")
    given = ["study", "faithfulness", "--agreement", tmp_path / "agreement.json", "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, [*map(str, given), "--resamples", "100"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "out" / "faithfulness.json").read_text())
    assert content["within"] == to_json(found)["within"]
    typed = "rationale study faithfulness --agreement agreement.json --out out --resamples 100"
    assert content["command"] == typed
    fetched: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: fetched.append(request.url))
    page.goto((tmp_path / "out" / "faithfulness.html").as_uri())
    page.locator(".main-svg").first.wait_for()
    assert "Are plausible scores also faithful?" in page.inner_text("h1")
    assert page.locator(".js-plotly-plot").count() == 3
    shown = page.inner_text("#repeat pre").replace("\\\n", " ")
    assert shlex.split(shown) == shlex.split(typed)  # scores and agreement are Python's
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert all(url.startswith(("file:", "data:", "blob:")) for url in fetched)
    page.close()
    again = CliRunner().invoke(app, [*map(str, given)])
    assert again.exit_code != 0
    assert "the output exists already" in str(again.exception)
