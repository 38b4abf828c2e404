"""Who marked what, in the app: a line an annotator under the words, on hover the count, and a legend."""

import json
import re

import pytest
from playwright.sync_api import expect

from rationale.agreement.annotator_agreement import annotator_agreement
from rationale.corpus import load_documents
from rationale.corpus.annotations import row_of, with_marks
from rationale.corpus.document import Document, Mark, Span
from rationale.scores import ScoreOptions, StoredScores, score
from tests.app.material import tiny_model

pytestmark = pytest.mark.slow

HOSTILE = '<img src=x onerror="window.hacked=1">'
TEXT = "the acting is superb and the ending is quietly devastating , every scene earns its place ."
WORDS = tuple(TEXT.split())
MARKS = (
    Mark("A", (Span(1, 4),), "POS"),
    Mark("B", (Span(0, 4), Span(8, 10)), "POS"),
    Mark(HOSTILE, (Span(3, 4),), "NEG"),
)


def documents():
    """Three annotators, two of whom none marked a word, and a rationale without annotators."""
    two = (Mark("A", (), "POS", "nothing"), Mark("B", (), None, "not_asked"))
    return [
        with_marks(Document("three", "three", WORDS, label="POS"), MARKS),
        with_marks(Document("two", "two", WORDS[:9], label="NEG"), two),
        Document("plain", "plain", WORDS[:6], label="POS", spans=(Span(1, 3),)),
    ]


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A folder of scores of these documents, and the file that has them."""
    folder = tmp_path_factory.mktemp("annotators")
    data = folder / "several.jsonl"
    data.write_text("".join(json.dumps(row_of(one)) + "\n" for one in documents()))
    options = ScoreOptions(methods=("input_x_gradient", "random"))
    model = tiny_model(folder / "model")
    score(model, load_documents(data), options, out=folder / "scores", device="cpu", progress=False)
    return folder / "scores", data


def drawn(scored, name, units="words"):
    from workbench.collection import Collection
    from workbench.drawing import words_data

    scores, data = scored
    collection = Collection("several", StoredScores(scores), load_documents(data))
    document, one = collection.open((name, name))
    layered = collection.layered(document, one, "input_x_gradient", "threshold")
    labels = collection.scores.labels
    return words_data(document, one, [layered], labels, units=units, used=collection.used)


def test_units_carry_the_lines_of_those_who_marked_them(scored):
    lines = drawn(scored, "three")["annotators"]
    assert lines["lines"][:5] == ["lines m1", "lines m0 m1", "lines m0 m1", "lines m0 m1 m2", ""]
    assert lines["spaces"][:5] == ["", "lines m1", "lines m0 m1", "lines m0 m1", ""]
    assert lines["notes"][:2] == ["marked by 1 of 3: B", "marked by 2 of 3: A, B"]
    assert lines["legend"][-1][1] == "Human rationale shown: marked by any annotator (union)"


def test_tokens_have_the_lines_of_their_words(scored):
    words, tokens = drawn(scored, "three"), drawn(scored, "three", "tokens")
    of = tokens["words"]
    expected = [words["annotators"]["lines"][word] if word >= 0 else "" for word in of]
    assert tokens["annotators"]["lines"] == expected
    assert -1 in of
    assert len(of) > len(WORDS), "a word of several tokens is among them"


def test_states_without_marks_are_in_the_legend(scored):
    texts = [text for _, text in drawn(scored, "two")["annotators"]["legend"]]
    assert texts[:2] == ["A: marked nothing, label POS (document: NEG)", "B: not asked"]
    assert drawn(scored, "plain")["annotators"] is None


def test_another_file_with_other_marks_is_another_text(scored):
    """The component keeps a text that it has; one with other lines is drawn anew."""
    several, plain = drawn(scored, "three"), drawn(scored, "plain")
    assert several["text"] != plain["text"]


def test_the_page_shows_annotators_and_says_where_the_prediction_is_wrong(scored, screen_of):
    scores, _ = scored
    for one in StoredScores(scores):
        at = screen_of("explore", "--scores", scores, query={"document": one.id})
        assert not at.exception
        shown = json.loads(at.get("bidi_component")[0].proto.json)
        assert (shown["annotators"] is None) == (one.id == "plain")
        wrong = f"The prediction is wrong: {one.predicted}, gold label: {one.label}."
        assert shown["prediction"]["wrong"] == ("" if one.label == one.predicted else wrong)


@pytest.fixture
def opened(browser, scored, tmp_path):
    """The view of a document, saved as a page, at a width."""
    from workbench.components.words import standalone

    contexts, errors = [], []

    def show(name, width=1280, **changes):
        path = tmp_path / "view.html"
        path.write_text(standalone({**drawn(scored, name), **changes}, name), encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector(".unit")
        return page

    yield show
    for context in contexts:
        context.close()
    assert not errors


@pytest.mark.parametrize("width", [1280, 360])
def test_each_annotators_line_has_its_place_below_the_words(opened, width):
    page = opened("three", width)
    superb = page.locator(".text .lines", has_text="superb")
    images, places = superb.evaluate(
        "n => (s => [s.backgroundImage, s.backgroundPosition])(getComputedStyle(n))"
    )
    layers = re.split(r",\s*(?=none|linear|repeating)", images)
    assert [layer != "none" for layer in layers] == [True, True, True] + [False] * (len(layers) - 3)
    assert len(set(places.split(", ")[:3])) == 3
    below = """n => {
      const unit = n.querySelector('.unit').getBoundingClientRect(), box = n.getBoundingClientRect();
      return box.bottom - unit.bottom;
    }"""
    assert superb.evaluate(below) >= 3 * 4, "three lines fit between the word and the next line of text"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hover_says_who_marked_a_word(opened):
    page = opened("three")
    acting = page.locator(".text .lines", has_text="acting")
    expect(acting).to_have_attribute("title", "marked by 2 of 3: A, B")
    acting.hover()
    expect(page.locator(".side-word .note").first).to_contain_text("marked by 2 of 3: A, B")
    expect(page.locator(".unit", has_text="acting")).to_have_attribute(
        "aria-label", re.compile("marked by 2 of 3")
    )


def test_a_hostile_name_is_text(opened):
    page = opened("three")
    expect(page.locator(".text-card .annotators")).to_contain_text(
        f"{HOSTILE}: marked, label NEG (document: POS)"
    )
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


def test_a_wrong_prediction_is_said_above_the_words(opened):
    sentence = "The prediction is wrong: NEG, gold label: POS."
    prediction = {"bars": [["NEG", 0.9], ["POS", 0.1]], "note": "gold label: POS", "wrong": sentence}
    page = opened("three", prediction=prediction)
    expect(page.locator(".middle > .wrong")).to_have_text(sentence)
    right = opened("three", prediction={**prediction, "wrong": ""})
    expect(right.locator(".middle > .wrong")).to_have_count(0)


def test_the_samples_annotators_are_on_its_val_split(tmp_path):
    from rationale.bundle import bundled
    from rationale.corpus.convert import convert_data

    several = load_documents(bundled("eraser_data/annotators.jsonl"))
    planted = load_documents(str(bundled("eraser_data/sample")), "val")
    assert [(d.id, d.words, d.label) for d in several] == [(d.id, d.words, d.label) for d in planted]
    assert {tuple(mark.annotator for mark in one.marks) for one in several} == {("A", "B", "C")}
    assert {mark.state for one in several for mark in one.marks} == {"marked", "nothing", "not_asked"}
    assert any(mark.label != one.label for one in several for mark in one.marks)
    for one, truth in zip(several, planted, strict=True):
        a, b = one.masks[:2]
        assert not (a & ~truth.rationale).any(), "A marks only words of the planted rationale"
        assert not (truth.rationale & ~b).any(), "B marks all of it, and more"
    assert 0.2 < annotator_agreement(several).alpha < 0.7
    out = convert_data(bundled("eraser_data/annotators.jsonl"), tmp_path / "out", gold="majority")
    assert len(load_documents(str(out))) == len(several)
