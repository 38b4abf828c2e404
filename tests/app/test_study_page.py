"""The page Study: which conditions are right where, in Streamlit's own runner and in Chromium."""

import json
import re
import shutil
from functools import partial

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from rationale.corpus import load_documents
from rationale.study.topk.stored import StoredStudy


@pytest.fixture
def page_of(screen_of):
    """Opens the page with arguments of the command line."""
    return partial(screen_of, "study")


def truth(study, one, other):
    """By condition which documents are right, read from the table itself."""
    rows = pq.read_table(study / "predictions.parquet").to_pylist()
    right = {condition: {(r["id"], r["docid"]) for r in rows if r["condition"] == condition and r["label"] == r["predicted"]}
             for condition in (one, other)}  # fmt: skip
    every = {(r["id"], r["docid"]) for r in rows}
    return {
        "first": right[one] - right[other],
        "second": right[other] - right[one],
        "both": right[one] & right[other],
        "neither": every - right[one] - right[other],
    }


def test_documents_are_split_by_who_is_right(study):
    stored = StoredStudy.load(study)
    assert stored.conditions() == ("full", "human", "not-lead")
    for one, other in (("full", "human"), ("human", "not-lead")):
        found = {who: set(keys) for who, keys in stored.split(one, other, 0).items()}
        assert found == truth(study, one, other)


@pytest.mark.parametrize("who", ["first", "second", "both", "neither"])
def test_two_conditions_stand_beside_each_other_on_a_document_of_the_kind_asked_for(
    page_of, material, study, who
):
    query = {"condition": "human", "against": "full", "right": who}
    at = page_of("--study", study, query=query)
    assert not at.exception
    assert not at.error
    keys = truth(study, "human", "full")[who]
    if not keys:
        assert any("No such document" in one.value for one in at.caption)
        return
    (document,) = (box.value for box in at.selectbox if box.label == "Document")
    assert document in keys
    shown = [one.value for one in at.markdown if re.match(r"\*\*(human|full)\*\*:", one.value)]
    rights = {"first": (1, 0), "second": (0, 1), "both": (1, 1), "neither": (0, 0)}[who]
    assert tuple(int(text.endswith(", right")) for text in shown) == rights
    human, full = (one.proto.body for one in at.get("html") if 'class="words kept"' in one.proto.body)
    own = load_documents(material / "data", "val").get(document)
    assert human.count('"w hit"') == full.count('"w hit"') == own.rationale.sum()
    assert human.count('"w false-alarm"') == 0
    assert full.count('"w false-alarm"') == (~own.rationale).sum()


def test_without_a_study_it_says_how_to_make_one(page_of):
    at = page_of()
    assert "rationale study topk" in at.info[0].value


def test_what_is_no_study_is_one_message(page_of, study, tmp_path):
    broken = shutil.copytree(study, tmp_path / "study")
    (broken / "study.json").write_text("{}")
    at = page_of("--study", broken)
    assert not at.exception
    assert "no top\\-k study" in at.error[0].value


def test_tables_of_two_studies_are_one_message(page_of, study, tmp_path):
    broken = shutil.copytree(study, tmp_path / "study")
    content = json.loads((broken / "study.json").read_text())
    del content["seal"]  # as of one from before there were seals
    content["records"] = content["records"][:-1]
    (broken / "study.json").write_text(json.dumps(content))
    at = page_of("--study", broken)
    assert not at.exception
    assert "not of one study" in at.error[0].value


def test_other_documents_are_one_message(page_of, study):
    at = page_of("--study", study, "--split", "hard")
    assert not at.exception
    assert "not the documents" in at.error[0].value


def test_in_the_browser_two_conditions_are_read_side_by_side(page):
    page.goto("/?scores=val")
    page.get_by_role("link", name="Study").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    expect(page.locator(".js-plotly-plot .bars .point")).to_have_count(3)
    page.get_by_role("radio", name=re.compile("^both|^neither")).first.click()
    who = page.get_by_role("radio", name=re.compile(r"\([1-9]")).first
    who.click()
    expect(page.locator("p.words.kept[dir]")).to_have_count(2)
    assert page.locator("p.words.kept[dir] .w").count() > 20
