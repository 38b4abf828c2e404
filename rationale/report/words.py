"""Formats a document's words as HTML: amber background for the score, blue line for the human rationale.

Every state has a sign that survives black-and-white print and a text for screen readers:

=============  ==========================================  =========================
state          meaning                                     sign, without colour
=============  ==========================================  =========================
hit            selected, in the human rationale            outline, solid rule
miss           in the human rationale, not selected        dashed rule
false alarm    selected, not in the human rationale        outline, corner mark
unread         not read by the model                       faint, italic
=============  ==========================================  =========================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rationale.arrays import Bool
from rationale.errors import DataError
from rationale.report.palette import AMBER, AMBER_INK, BLUE, INK, SERIF, SOFT, tint

if TYPE_CHECKING:
    from rationale.report.annotators import Annotators

WORDS_CSS = f"""
.words {{ font: 1.125rem/2 {SERIF}; color: {INK}; overflow-wrap: anywhere; margin: 0;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
.words .w {{ padding: .1em .14em .06em; border-radius: 3px; border-bottom: .16em solid transparent;
  -webkit-box-decoration-break: clone; box-decoration-break: clone; }}
.words .hit, .words .human {{ border-bottom: .16em solid {BLUE}; border-radius: 3px 3px 0 0; }}
.words .miss {{ border-bottom: .16em dashed {BLUE}; border-radius: 3px 3px 0 0; }}
.words .hit, .words .false-alarm {{ outline: 1px solid {AMBER_INK}; }}
.words .selected {{ outline: 1px solid {AMBER_INK}; }}
.words .false-alarm {{ background-image: linear-gradient(135deg, {INK} .3em, transparent .32em);
  background-repeat: no-repeat; }}
.words .against {{ background-image: repeating-linear-gradient(135deg, {tint(SOFT, 0.45)} 0 1px,
  transparent 1px 5px); }}
.words .unread {{ color: {SOFT}; font-style: italic; }}
.words .isolate {{ unicode-bidi: isolate; }}
.words-legend {{ display: flex; flex-wrap: wrap; gap: .3em 1.2em; font-size: .875rem; margin: .6em 0 0; }}
.words-legend.words {{ font-size: .9375rem; line-height: 1.8; }}
"""
"""Style of :func:`words_html` and :func:`legend_html`; include it once in a page."""

_TITLES = {
    "hit": "hit: selected, and in the human rationale",
    "miss": "miss: in the human rationale, not selected",
    "false-alarm": "false alarm: selected, not in the human rationale",
    "human": "in the human rationale",
    "selected": "selected",
    "unread": "not read by the model",
    "": "",
}
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*")


@dataclass(frozen=True, slots=True)
class WordView:
    """One word as it is shown.

    Attributes:
        text: The word; characters that HTML cannot hold are replaced.
        state: ``hit``, ``miss``, ``false-alarm``, ``human``, ``selected``, ``unread`` or empty.
        tone: Its score over the highest absolute one of the document, -1 to 1.
        title: State and score in words.
    """

    text: str
    state: str
    tone: float
    title: str


def word_views(
    words: Sequence[str],
    scores: npt.ArrayLike,
    rationale: Bool | None = None,
    selected: Bool | None = None,
    *,
    covered: Bool | None = None,
) -> list[WordView]:
    """Computes text, state, colour and title of each word.

    Args:
        words: The document's W words.
        scores: float (W,), the words' scores; negative ones are evidence against the target.
        rationale: bool (W,), the human rationale; None if the document has none.
        selected: bool (W,), the selected words; None if nothing was selected.
        covered: bool (W,), False for words that the model did not read; None means that it read all.

    Raises:
        DataError: If an array is not as long as ``words``.
    """
    values = np.asarray(scores, dtype=np.float64)
    read = np.ones(len(words), dtype=np.bool_) if covered is None else covered
    for name, array in (
        ("scores", values),
        ("rationale", rationale),
        ("selected", selected),
        ("covered", read),
    ):
        if array is not None and array.shape != (len(words),):
            raise DataError(f"{name} of shape {array.shape} for {len(words)} words")
    values = np.where(read & np.isfinite(values), values, 0.0)
    top = float(np.abs(values).max(initial=0.0)) or 1.0
    return [
        _view(word, float(values[i]), top, _state(i, rationale, selected, read))
        for i, word in enumerate(words)
    ]


def words_html(
    words: Sequence[str],
    scores: npt.ArrayLike,
    rationale: Bool | None = None,
    selected: Bool | None = None,
    *,
    covered: Bool | None = None,
    css_class: str = "",
    annotators: Annotators | None = None,
) -> str:
    """Formats the document as one paragraph of escaped, labelled words; needs :data:`WORDS_CSS` on the page.

    Backgrounds are inline styles and the rest is classes, so that it survives a sanitiser such as DOMPurify.
    Arguments and errors are those of :func:`word_views`; with ``annotators``, a line for each of them lies
    under the words that they marked; their ``legend_html`` belongs beside the paragraph.

    >>> words_html(["<b>"], [1.0])
    '<p class="words" dir="auto"><span class="w" title="score 1" style="background-color:rgba(231,138,0,1)">&lt;b&gt;</span></p>'
    """  # noqa: E501 - the example is one line of HTML
    views = word_views(words, scores, rationale, selected, covered=covered)
    classes = f"words {css_class}".strip()
    if annotators is None:
        return f'<p class="{escape(classes)}" dir="auto">{" ".join(map(_span, views))}</p>'
    lined = "".join(_lined(view, place, annotators) for place, view in enumerate(views))
    kind = escape(f"{classes} {annotators.css_class}")
    return f'<p class="{kind}" dir="auto">{lined}</p>'


def legend_html(*, rationale: bool = True, selected: bool = True, signed: bool = False) -> str:
    """Formats the legend of :func:`words_html`, with only the signs that occur in the text."""
    entries: list[tuple[str, WordView]] = [("", WordView("darker: higher score", "", 0.55, ""))]
    if signed:
        entries.append(("", WordView("hatched: against the target", "", -0.4, "")))
    states: Iterable[str] = ()
    if rationale and selected:
        states = ("hit", "miss", "false-alarm")
    elif rationale or selected:
        states = ("human",) if rationale else ("selected",)
    tones = {"hit": 0.7, "false-alarm": 0.5}
    entries += [(state, WordView(_TITLES[state], state, tones.get(state, 0.0), "")) for state in states]
    spans = "".join(f"<span>{_span(view)}</span>" for _, view in entries)
    return f'<div class="words words-legend" role="note" aria-label="Key to the words">{spans}</div>'


def visible(word: str) -> str:
    r"""Replaces characters that HTML cannot hold, and an invisible word by an open box.

    >>> visible("a\x00b"), visible("\u200b")
    ('a�b', '␣')
    """
    return "\u2423" if _INVISIBLE.fullmatch(word) else _UNSAFE.sub("\ufffd", word)


def _state(i: int, rationale: Bool | None, selected: Bool | None, read: Bool) -> str:
    if not read[i]:
        return "unread"
    human, chosen = rationale is not None and rationale[i], selected is not None and selected[i]
    if rationale is None or selected is None:
        return "human" if human else "selected" if chosen else ""
    return {(True, True): "hit", (True, False): "miss", (False, True): "false-alarm"}.get(
        (bool(human), bool(chosen)), ""
    )


def _view(word: str, score: float, top: float, state: str) -> WordView:
    facts = [_TITLES[state], "" if state == "unread" else f"score {score:.3g}".replace("-", "−")]
    return WordView(visible(word), state, score / top, "; ".join(filter(None, facts)))


def _span(view: WordView) -> str:
    classes = ["w", view.state, "against" if view.tone <= -0.02 else ""]
    if _BIDI_CONTROLS.search(view.text):
        classes.append("isolate")  # a stray override must not turn the words after it
    attributes = f'class="{" ".join(filter(None, classes))}"'
    if view.title:
        attributes += f' title="{escape(view.title)}"'
    if view.state and view.title:
        attributes += f' role="img" aria-label="{escape(clip(view.text))}, {escape(view.title)}"'
    if view.tone >= 0.02:
        attributes += f' style="background-color:{tint(AMBER, round(view.tone, 2))}"'
    return f"<span {attributes}>{escape(view.text)}</span>"


def _lined(view: WordView, place: int, annotators: Annotators) -> str:
    """A word and the space before it, with the lines of those who marked them."""
    note, space = annotators.note(place), annotators.classes(place - 1, place) if place else ""
    before = f'<span class="{space}"> </span>' if space else " " if place else ""
    if not note:
        return before + _span(view)
    said = replace(view, title="; ".join(filter(None, (view.title, note))))
    return f'{before}<span class="{annotators.classes(place)}">{_span(said)}</span>'


def clip(text: str, length: int = 60) -> str:
    """Cuts a long text."""
    return text if len(text) <= length else f"{text[:length]}…"
