"""Who marked what: one line an annotator under the words, told by its place, and a legend in words."""

import re

import numpy as np
import pytest

from rationale.corpus.annotations import with_marks
from rationale.corpus.annotators import aggregate, aggregate_in_use
from rationale.corpus.document import Document, Documents, Mark, Span
from rationale.report.annotators import ANNOTATORS_CSS, LINES, Annotators
from rationale.report.explanation import Explanation
from rationale.report.html import report_html
from rationale.report.palette import ANNOTATORS
from rationale.report.words import words_html
from tests.report.parsing import elements, find

HOSTILE = '"><img src=x onerror=alert(1)>'
ABC = (
    Mark("A", (Span(0, 2),), "POS"),
    Mark("B", (Span(0, 3),), "POS"),
    Mark("C", (Span(1, 2), Span(4, 5)), "NEG"),
)


def document(*marks, name="1"):
    return with_marks(Document(name, name, tuple("abcdef"), label="POS"), marks or ABC)


def shown(doc):
    people = Annotators.of(doc, "union")
    words = words_html(doc.words, np.ones(len(doc.words)), doc.rationale, annotators=people)
    return words + people.legend_html()


def lines(html):
    """The rows that lie under each word, as the classes say."""
    return {
        span.text: sorted(name for name in span.classes if re.fullmatch(r"m\d", name))
        for span in find(html, "span")
        if "lines" in span.classes and span.text.strip()
    }


def test_a_line_lies_under_each_word_of_those_who_marked_it():
    assert lines(shown(document())) == {"a": ["m0", "m1"], "b": ["m0", "m1", "m2"], "c": ["m1"], "e": ["m2"]}


def test_a_line_goes_on_between_two_words_that_one_annotator_marked():
    spaces = [s for s in find(shown(document()), "span") if "lines" in s.classes and s.text == " "]
    assert [sorted(space.classes) for space in spaces] == [["lines", "m0", "m1"], ["lines", "m1"]]


def test_a_word_says_how_many_marked_it_and_who():
    titles = [span.attributes.get("title", "") for span in find(shown(document()), "span")]
    assert any(title.endswith("; marked by 2 of 3: A, B") for title in titles)
    assert not any("marked by 0" in title for title in titles)
    labels = [span.attributes.get("aria-label", "") for span in find(shown(document()), "span")]
    assert any(label.startswith("b, ") and "marked by 3 of 3: A, B, C" in label for label in labels)


def test_who_was_not_asked_counts_for_nothing_and_who_marked_nothing_counts():
    doc = document(
        Mark("A", (Span(0, 1),)), Mark("B", (), "NEG", "nothing"), Mark("C", (), None, "not_asked")
    )
    people = Annotators.of(doc)
    assert people.note(0) == "marked by 1 of 2: A"
    assert [text for _, text in people.legend()] == [
        "A: marked",
        "B: marked nothing, label NEG (document: POS)",
        "C: not asked",
    ]
    assert lines(shown(doc)) == {"a": ["m0"]}


def test_the_legend_names_the_aggregate_and_a_label_that_differs():
    html = shown(document())
    assert "C: marked, label NEG (document: POS)" in html
    assert "A: marked, label POS<" in html
    assert "Human rationale shown: marked by any annotator (union)" in html


@pytest.mark.parametrize("rule", ["union", "majority", "any2", "intersection"])
def test_the_aggregate_in_use_is_the_one_that_made_all_documents(rule):
    other = document(Mark("A", (Span(0, 3),)), Mark("B", (Span(1, 4),)), Mark("C", (Span(2, 6),)), name="2")
    four = document(*(Mark(name, (Span(0, 1 + n),)) for n, name in enumerate("ABCD")), name="3")
    made = aggregate(Documents([document(), other, four], source="toy"), rule)
    assert aggregate_in_use(made) == rule


def test_a_rationale_that_no_rule_makes_is_the_datas_own():
    own = Document("1", "1", tuple("abcdef"), spans=(Span(5, 6),), marks=ABC)
    assert aggregate_in_use([own]) is None
    assert Annotators.of(own).gold == "Human rationale shown: the rationale that the data gives"
    assert aggregate_in_use([Document("1", "1", ("a",))]) is None


def test_one_annotator_or_none_has_no_lines():
    assert Annotators.of(document(ABC[0])) is None
    assert Annotators.of(Document("1", "1", ("a",))) is None


def test_hostile_names_and_labels_stay_text():
    doc = document(
        Mark(HOSTILE, (Span(0, 1),), HOSTILE), Mark("b" * 5000, (Span(0, 1),)), Mark(None, (Span(0, 1),))
    )
    html = shown(doc)
    html.encode("utf-8")
    assert {one.tag for one in elements(html)} == {"p", "span", "div"}
    assert HOSTILE in "".join(one.text for one in find(html, "span"))
    assert all(
        set(one.attributes) <= {"class", "title", "role", "aria-label", "style", "dir"}
        for one in elements(html)
    )
    assert "b" * 100 not in html
    assert "annotator 3: marked" in html


def test_more_annotators_than_lines_are_counted_and_named_as_left_out():
    many = tuple(Mark(f"n{n}", (Span(0, 1),)) for n in range(LINES + 3))
    people = Annotators.of(document(*many))
    assert people.note(0).startswith(f"marked by {LINES + 3} of {LINES + 3}: n0, ")
    assert people.note(0).endswith("and 3 more")
    assert people.legend()[-1] == ("", "3 more, without a line of their own")
    assert set(people.classes(0).split()) == {"lines", *(f"m{row}" for row in range(LINES))}


def test_no_two_of_the_first_four_lines_differ_by_colour_alone():
    drawn = [re.search(rf"\.m{row} {{ --l{row}: (.*); }}", ANNOTATORS_CSS)[1] for row in range(4)]
    shapes = {text.replace(ANNOTATORS[row], "") for row, text in enumerate(drawn)}
    assert len(shapes) == 4
    assert "--n" in re.search(r"background-position: ([^;]*);", ANNOTATORS_CSS)[1], "rows have places"


def test_lines_stand_out_from_paper():
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert all(1.05 / (luminance(colour) + 0.05) >= 4.5 for colour in ANNOTATORS)


def annotated(documents):
    """The same documents, each with a rationale marked by two, one of whom marks the first word."""
    return Documents(
        [
            with_marks(one, (Mark("Ada", one.spans, one.label), Mark("Bo", (Span(0, 1),), one.label)))
            if one.spans
            else one
            for one in documents
        ],
        source=documents.source,
        split=documents.split,
    )


def test_the_reports_examples_and_explain_have_the_lines(scores, documents, agreement):
    several = annotated(documents)
    html = report_html(scores, several, agreement)
    assert "marked by 1 of 2: Bo" in html
    assert ANNOTATORS_CSS in html
    assert "marked by 1 of 2" not in report_html(scores, documents, agreement)
    one = next(one for one in several if one.marks)
    notebook = Explanation(type(scores)(scores.recipe, [scores.get(one.key)]), one)._repr_html_()
    assert "marked by 1 of 2: Bo" in notebook
    assert "Human rationale shown" in html
    assert "Human rationale shown" not in notebook, "explain underlines no rationale"
    assert ANNOTATORS_CSS in notebook


def test_an_example_says_that_its_prediction_is_wrong(scores, documents, agreement):
    html = report_html(scores, documents, agreement, examples=len(documents))
    wrong = {one.id for one in scores if one.label != one.predicted}
    facts = re.findall(r"<h4>[^:]*: ([^<]*)</h4>\s*<p class=\"facts-line\">([^<]*)<", html)
    assert wrong
    for name, fact in facts:
        assert ("the prediction is wrong" in fact) == (name.split(",")[0] in wrong)
