"""The page Systems: what a comparison says, in Streamlit's own runner and in Chromium."""

import json
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.app.material import comparison

pytestmark = pytest.mark.slow  # every test runs the app


@pytest.fixture
def page_of(screen_of):
    """Opens the page with arguments of the command line."""
    return partial(screen_of, "systems")


def figures(at):
    """Every figure on the page."""
    return [json.loads(one.proto.spec) for one in at.get("plotly_chart")]


def test_it_shows_every_cell(page_of, material):
    at = page_of("--comparison", material / "compared")
    assert not at.exception
    assert not at.error
    fronts, kept, tokens_kept = figures(at)
    assert [trace["name"] for trace in fronts["data"]] == ["PLAIN", "LTP", "RANDOM"]
    assert len(kept["data"]) == 3  # two systems and the line of chance
    assert len(tokens_kept["data"]) == len(comparison()["records"])
    assert any("ltp-0.1-seed0 *" in one.proto.body for one in at.get("html"))


def test_speed_is_told_in_operations_or_in_time(page_of, material):
    at = page_of("--comparison", material / "compared", query={"speed": "32"})
    ltp = next(trace for trace in figures(at)[0]["data"] if trace["name"] == "LTP")
    assert ltp["x"] == pytest.approx([1.6, 2.48])


def test_without_a_comparison_it_says_how_to_make_one(page_of):
    at = page_of()
    assert "rationale compare" in at.info[0].value


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"records": [], "recipe": {"a": 1}}', '{"records": [{}]}']
)
def test_what_is_no_comparison_is_one_message(page_of, tmp_path, content):
    (tmp_path / "comparison.json").write_text(content)
    at = page_of("--comparison", tmp_path)
    assert not at.exception
    assert str(tmp_path).replace("/", "") in at.error[0].value.replace("\\", "").replace("/", "")


def test_in_the_browser_figures_and_table_are_drawn(page):
    page.goto("/?scores=val")
    page.get_by_role("link", name="Systems").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.locator(".results table").last).to_contain_text("ltp-0.3-seed0")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the table").click()
    assert download.value.path().read_text().startswith("cell,value,")
