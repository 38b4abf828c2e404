"""Coloured words: every state told twice, every word text, nothing lost."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rationale.errors import DataError
from rationale.report.words import WORDS_CSS, legend_html, visible, word_views, words_html
from tests.report.parsing import elements, find

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "שלום", "👩‍👩‍👧", "x" * 10_000,
           "a\u202eb", "&amp;", "'", "", "\u200b", "\ud800", "\x00", "</p>"]  # fmt: skip


def mask(bits: str) -> np.ndarray:
    return np.array([bit == "1" for bit in bits])


def test_hits_misses_and_false_alarms() -> None:
    views = word_views(list("abcd"), [1, 2, 3, 4], mask("1100"), mask("1010"))
    assert [v.state for v in views] == ["hit", "miss", "false-alarm", ""]
    assert [v.title.split(":")[0] for v in views[:3]] == ["hit", "miss", "false alarm"]


def test_a_state_is_spoken_and_has_its_own_sign() -> None:
    html = words_html(list("abcd"), [1, 2, 3, 4], mask("1100"), mask("1010"))
    labels = [e.attributes.get("aria-label") for e in find(html, "span")]
    assert labels[0] == "a, hit: selected, and in the human rationale; score 1"
    assert labels[3] is None  # plain words are read as plain text
    assert [e.attributes["title"] for e in find(html, "span")][3] == "score 4"
    signs = {state: re.findall(rf"\.{state}\b[^{{]*{{([^}}]*)}}", WORDS_CSS) for state in ("hit", "miss")}
    assert any("solid" in rule and "border" in rule for rule in signs["hit"])
    assert any("dashed" in rule for rule in signs["miss"])


def test_darker_means_higher() -> None:
    html = words_html(list("abc"), [0.1, 0.4, 0.2])
    grounds = [float(re.search(r",([\d.]+)\)", e.attributes["style"])[1]) for e in find(html, "span")]
    assert grounds == [0.25, 1.0, 0.5]


def test_signed_scores_against_the_target_are_hatched_not_amber() -> None:
    negative = find(words_html(list("ab"), [-2.0, 1.0]), "span")[0]
    assert "against" in negative.classes
    assert "style" not in negative.attributes
    assert "score −2" in negative.attributes["title"]


def test_words_beyond_the_model_are_neither_coloured_nor_misses() -> None:
    views = word_views(list("ab"), [1.0, np.nan], mask("11"), mask("10"), covered=mask("10"))
    assert [v.state for v in views] == ["hit", "unread"]
    assert views[1].tone == 0
    assert views[1].title == "not read by the model"


def test_hostile_words_stay_text() -> None:
    n = len(HOSTILE)
    html = words_html(HOSTILE, np.ones(n), np.ones(n, bool), np.zeros(n, bool))
    html.encode("utf-8")
    assert {e.tag for e in elements(html)} == {"p", "span"}
    assert [e.text for e in find(html, "span")] == [visible(w) for w in HOSTILE]
    assert all(
        set(e.attributes) <= {"class", "title", "role", "aria-label", "style", "dir"} for e in elements(html)
    )


def test_a_stray_override_cannot_turn_the_words_after_it() -> None:
    spans = find(words_html(["a\u202eb", "c"], [0, 0]), "span")
    assert ["isolate" in s.classes for s in spans] == [True, False]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=8), max_size=8))
def test_any_words_give_one_span_each_and_nothing_else(words: list[str]) -> None:
    html = words_html(words, np.zeros(len(words)), np.ones(len(words), bool))
    html.encode("utf-8")
    assert [e.tag for e in elements(html)] == ["p"] + ["span"] * len(words)
    assert [e.text for e in find(html, "span")] == [visible(w) for w in words]


@pytest.mark.parametrize("name", ["scores", "rationale", "selected", "covered"])
def test_arrays_of_another_length_are_refused(name: str) -> None:
    arrays = {"scores": np.zeros(2), "rationale": mask("00"), "selected": mask("00"), "covered": mask("11")}
    arrays[name] = arrays[name][:1]
    with pytest.raises(DataError, match=rf"{name} of shape \(1,\) for 2 words"):
        words_html(["a", "b"], **arrays)


def test_the_key_explains_what_can_occur() -> None:
    assert "false alarm" in legend_html()
    assert "false alarm" not in legend_html(selected=False)
    assert "hatched" in legend_html(signed=True)
