"""The app for real: started by the command line, read in Chromium."""

import json
import re

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from rationale.agreement import Agreement
from rationale.scores import StoredScores
from tests.agreement.making import above
from tests.app.material import HOSTILE
from tests.patience import drawn, until

HEADING = ".text-card h2"
FITS = (
    "document.documentElement.scrollWidth <= innerWidth",
    "[...document.querySelectorAll('.stMain')].every(node => node.scrollWidth <= node.clientWidth)",
)
AT_ONCE = """([step, option]) => {
  const later = window.setTimeout;
  window.setTimeout = (call, after, ...rest) =>
    after === 250 ? later(() => { option.click(); call(); }) : later(call, after, ...rest);
  step.click();
  window.setTimeout = later;
}"""  # an option is chosen in the very moment in which the component tells its layer


def opened(page, query="scores=val", where="/"):
    page.goto(f"{where}?{query}")
    page.wait_for_selector(".unit")
    return page


def reads(page, heading):
    """Waits until the text is headed so: the browser draws when it likes, whatever the machine's load."""
    expect(page.locator(HEADING).first).to_have_text(heading, ignore_case=True)


def labels(page):
    return page.locator(".text .unit").evaluate_all("all => all.map(u => u.getAttribute('aria-label'))")


def boxes(page):
    return page.locator(".text .unit").evaluate_all(
        "all => all.map(u => JSON.stringify([u.offsetLeft, u.offsetTop, u.offsetWidth, u.offsetHeight]))"
    )


def address_has(page, *parts):
    page.wait_for_url(lambda url: all(part in url for part in parts))


def choose(page, label, option):
    """Picks an option of one of Streamlit's select boxes."""
    page.get_by_role("combobox", name=label, exact=False).first.click()
    page.get_by_role("option", name=option, exact=True).click()


def test_opens_picks_a_document_and_steps_layers_without_reflow(page):
    opened(page)
    first = page.locator(".text .unit").first.element_handle()
    page.get_by_role("button", name="›").click()
    address_has(page, "document=review-01")
    page.wait_for_function("unit => !unit.isConnected", arg=first)
    before = boxes(page)
    page.get_by_role("button", name="previous layer").click()
    reads(page, "What layer 2 weighs")
    assert boxes(page) == before
    address_has(page, "layer=2")
    assert boxes(page) == before  # and not after the rerun either


def test_the_layer_moves_by_keyboard_alone(page):
    opened(page, "scores=val&document=review-02&layer=0")
    page.keyboard.press("ArrowRight")  # nothing has the focus: left and right step the layers
    reads(page, "What layer 1 weighs")
    slider = page.get_by_role("slider", name="Layer")
    slider.focus()
    page.keyboard.press("ArrowRight")
    reads(page, "What layer 2 weighs")
    page.keyboard.press("Tab")  # the radio group
    page.keyboard.press("ArrowDown")
    reads(page, "What layer 3 weighs")
    address_has(page, "layer=3")


def test_a_method_changes_ink_only(page, material):
    opened(page, "scores=val&document=review-02&layer=1")
    before, said = boxes(page), labels(page)
    first = page.locator(".text .unit").first.element_handle()
    choose(page, "Method", "Attention (all)")
    address_has(page, "method=attention.all")
    page.wait_for_function("([said, unit]) => unit.getAttribute('aria-label') !== said", arg=[said[0], first])
    assert boxes(page) == before
    scored = StoredScores(material / "scores" / "val").get(("review-02", "review-02"))
    chosen = ["not selected" not in label for label in labels(page)]
    assert chosen == above(scored, "attention.all", 1).tolist()


def test_a_link_shows_another_reader_the_same(page, browser, server):
    opened(page, "scores=val&document=review-05&method=rollout.cls&beside=input_x_gradient&layer=2&pins=3.4")
    page.locator(".unit").nth(6).click()
    address_has(page, "pins=3.4.6")
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    other = context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".unit")
    assert labels(other) == labels(page)
    expect(other.locator(HEADING)).to_have_text(page.locator(HEADING).all_inner_texts(), ignore_case=True)
    pinned = "all => all.filter(u => u.classList.contains('pinned')).map(u => u.unit)"
    assert other.locator(".text .unit").evaluate_all(pinned) == [3, 4, 6, 3, 4, 6]
    context.close()


def test_back_goes_back(page):
    opened(page, "scores=val&document=review-02&layer=1")
    page.get_by_role("button", name="next layer").click()
    address_has(page, "layer=2")
    page.go_back()
    address_has(page, "layer=1")
    page.locator(HEADING, has_text="What layer 1 weighs").wait_for()


def test_tokens_show_what_the_model_reads(page):
    opened(page, "scores=val&document=review-00")
    page.get_by_text("Tokens", exact=True).click()
    address_has(page, "units=tokens")
    page.wait_for_selector(".unit.special")
    expect(page.locator(".unit").first).to_have_text("[CLS]")
    expect(page.locator(".unit.joined")).not_to_have_count(0)


def test_compares_methods(page):
    opened(page)
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(".js-plotly-plot")
    page.wait_for_selector(".words-view.beside")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)  # AP, FPR, and recall beside it
    expect(page.locator(HEADING)).to_have_count(2)
    page.get_by_role("button", name="previous layer").click()
    expect(page.locator(HEADING)).to_have_text([re.compile("2$")] * 2)  # one slider for both
    page.get_by_text("differences", exact=True).click()
    page.wait_for_selector("caption:has-text('Differences in AP')")


def test_nothing_is_lost_when_a_layer_and_a_table_change_at_once(page):
    """Streamlit's browser side then asks for the words alone: seen as one request that redrew no table."""
    asked: list[bool] = []

    def hear(payload):
        message = BackMsg.FromString(payload)
        if message.WhichOneof("type") == "rerun_script":
            asked.append(bool(message.rerun_script.fragment_id))

    page.on("websocket", lambda socket: socket.on("framesent", hear))
    opened(page)
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(".words-view.beside")
    page.wait_for_selector(".results caption")
    step = page.get_by_role("button", name="previous layer")
    option = page.get_by_role("radio", name="differences")
    page.evaluate(AT_ONCE, [step.element_handle(), option.element_handle()])
    page.wait_for_selector("caption:has-text('Differences in AP')")
    address_has(page, "layer=2", "table=differences")
    assert asked[-1], "not the case this test is about"


def test_explains_own_text(page):
    opened(page)
    page.get_by_role("link", name="Try").click()
    text = " ".join(word for word in HOSTILE if "\u202e" not in word)
    page.get_by_role("textbox", name="Text", exact=True).fill(f"{text} tedious")
    page.get_by_role("button", name="Explain").click()
    page.wait_for_selector(".unit")
    assert page.evaluate("window.hacked") is None
    expect(page.locator(".text .unit").last).to_have_text("tedious")
    expect(page.locator(".unit").first).to_have_text(HOSTILE[0])
    expect(page.locator(".side-prediction .probability")).to_have_count(2)


def test_downloads_what_the_command_line_writes(page, tmp_path):
    opened(page)
    page.get_by_role("link", name="Export").click()
    buttons = page.get_by_role("button", name="Download")
    expect(buttons).to_have_count(6)  # they arrive after their descriptions
    found = {}
    for button in buttons.all():
        with page.expect_download() as waiting:
            button.click()
        name = waiting.value.suggested_filename
        found[name] = tmp_path / name
        waiting.value.save_as(found[name])
    assert sorted(found) == [
        "agreement.csv", "agreement.json", "agreement.parquet", "predictions.jsonl", "report.html",
        "report.md",
    ]  # fmt: skip
    records = Agreement.load(found["agreement.json"]).records
    assert pq.read_table(found["agreement.parquet"]).num_rows == len(records)
    assert len(found["agreement.csv"].read_text().splitlines()) == len(records) + 1
    assert len(found["predictions.jsonl"].read_text().splitlines()) == 12
    assert found["report.html"].read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    assert found["report.md"].read_text(encoding="utf-8").startswith("# Agreement")


def test_the_view_and_its_data_can_be_saved(page, browser, tmp_path):
    opened(page, "scores=val&document=review-02&layer=1")
    said = labels(page)
    with page.expect_download() as view:
        page.get_by_role("button", name="Save view").click()
    with page.expect_download() as data:
        page.get_by_role("button", name="Save data").click()
    view.value.save_as(tmp_path / view.value.suggested_filename)
    data.value.save_as(tmp_path / "data.json")
    assert view.value.suggested_filename == "review-02.html"
    other = browser.new_page()
    other.goto((tmp_path / "review-02.html").as_uri())
    assert labels(other) == said
    content = json.loads((tmp_path / "data.json").read_text())
    assert [shown.partition(":")[0] for shown in said] == content["units"]
    other.close()


def test_hostile_words_stay_text(page):
    for units in ("words", "tokens"):
        opened(page, f"scores=hard&document=hostile+%3Cb%3E+hostile&units={units}")
        for unit in page.locator(".text .unit").all()[:6]:
            unit.hover()
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened(page, "scores=hard&document=hostile+%3Cb%3E+hostile")
    expect(page.locator(".text")).to_contain_text(HOSTILE[0])
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(".words-view.beside")
    assert page.evaluate("window.hacked") is None


def test_a_click_on_a_word_leads_to_a_document_that_holds_it(browser, server):
    context = browser.new_context(base_url=server)
    page = context.new_page()
    page.goto("/corpus?scores=val&method=input_x_gradient.sum&layer=1")
    word = page.get_by_role("radiogroup", name="Documents with").get_by_role("radio").nth(1)
    text = word.inner_text()
    word.click()
    address_has(page, f"word={text}")
    with context.expect_page() as opens:
        page.get_by_role("link", name="review").first.click()
    pinned = opens.value.locator('.text .unit[aria-selected="true"]').first
    expect(pinned).to_contain_text(text, ignore_case=True)
    context.close()


def test_nine_thousand_words_are_turned_in_parts(page):
    opened(page, "scores=hard&document=long&part=3")
    expect(page.locator(".text .unit")).to_have_count(1000)
    page.locator(".text .unit").nth(5).click()
    address_has(page, "pins=8005")


@pytest.mark.parametrize("where", ["/", "/compare", "/try", "/export"])
def test_nothing_sticks_out(browser, server, where):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=server)
    page = context.new_page()
    page.goto(f"{where}?scores=val")
    page.wait_for_selector({"/try": "textarea", "/export": "text=report.md"}.get(where, ".unit"))
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        drawn(page)
        until(lambda: all(map(page.evaluate, FITS)), f"all of {where} fits into {width} pixels")
    context.close()


def test_at_800_pixels_the_slider_stays_while_the_text_is_read(page):
    page.set_viewport_size({"width": 800, "height": 700})
    opened(page, "scores=hard&document=long&layer=1")
    page.locator(".text .unit").nth(2000).scroll_into_view_if_needed()
    slider = page.get_by_role("slider", name="Layer").bounding_box()
    assert 0 <= slider["y"] < 200
