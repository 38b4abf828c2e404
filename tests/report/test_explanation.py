"""``rationale.explain`` in a notebook: the words, coloured by their scores, and nothing that runs."""

import re
from html.parser import HTMLParser

import pytest

import rationale
from rationale.report.palette import INK
from rationale.scores import ScoreOptions, one_pass_methods
from tests.toys import toy_classifier

TEXT = "a quiet film , <script>alert(1)</script> & joy"
WORD = re.compile(r'<span class="w[^"]*"[^>]*?(?:rgba\(231,138,0,([0-9.]+)\))?"?>([^<]*)</span>')


def shown(text=TEXT, methods=("input_x_gradient",), **more):
    return rationale.explain(toy_classifier("bert"), text, options=ScoreOptions(methods=methods), **more)


def paragraphs(html):
    return re.findall(r'<p class="words".*?</p>', html, re.DOTALL)


def test_shows_every_word_once_with_a_ground_as_strong_as_its_score():
    explanation = shown()
    (scored,) = explanation
    scores = scored.words["input_x_gradient"][0]
    (paragraph,) = paragraphs(explanation._repr_html_())
    words = WORD.findall(paragraph)
    expected = [word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for word in TEXT.split()]
    assert [word for _, word in words] == expected
    strengths = [float(strength or 0) for strength, _ in words]
    assert strengths == pytest.approx((scores / scores.max()).tolist(), abs=0.021)
    assert scored.predicted in explanation._repr_html_()


def test_nothing_in_it_runs_or_loads():
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.attributes = set(), set()

        def handle_starttag(self, tag, attrs):
            self.tags.add(tag)
            self.attributes |= {name for name, _ in attrs}

    parser = Tags()
    parser.feed(shown(query="is <b onmouseover=alert(1)> it ?", methods=one_pass_methods())._repr_html_())
    assert parser.tags <= {"div", "style", "p", "strong", "br", "span", "details", "summary"}
    assert parser.attributes <= {"class", "style", "title", "dir", "role", "aria-label"}


def test_several_methods_are_folded_away_below_the_first():
    html = shown(methods=one_pass_methods())._repr_html_()
    assert len(paragraphs(html)) == len(one_pass_methods())
    assert len(paragraphs(html.split("<details>")[0])) == 1
    assert all(f"({name}), layer" in html for name in one_pass_methods())
    assert "against the target" in html, "saliency.sum is signed, and the key says what hatching means"


def test_ink_is_legible_on_the_strongest_ground_whatever_the_notebooks_theme():
    html = shown()._repr_html_()
    assert html.startswith('<div style="background:#ffffff;color:')
    assert contrast(INK, "#e78a00") >= 4.5
    assert contrast(INK, "#ffffff") >= 4.5


def contrast(ink, ground):
    low, high = sorted(map(luminance, (ink, ground)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
