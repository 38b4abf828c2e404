"""Shows who marked what: one thin line an annotator under each word, and a legend.

An annotator's line is told by its place (the first annotator's is the highest), by its dash and by its
colour, in this order. The lines are classes whose custom properties name the layers of one background, so
that report, notebook and app draw them alike: a word has the class ``lines``, and ``m0`` where the first
annotator marked it.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from rationale.arrays import Bool
from rationale.corpus.annotators import Aggregate, aggregate_in_use
from rationale.corpus.document import Document, Mark
from rationale.report.palette import ANNOTATORS, LINE
from rationale.report.words import clip, visible

if TYPE_CHECKING:
    from rationale.agreement.gold import Gold

LINES = len(ANNOTATORS)
"""Annotators that have a line; the counts and names on hover are of all."""

_DASHES = ((1, 0), (6, 3), (2, 2), (10, 2))  # px drawn, px left out
_SAID = {"marked": "marked", "nothing": "marked nothing", "not_asked": "not asked"}
_MADE: dict[Aggregate | None, str] = {
    "union": "marked by any annotator (union)",
    "majority": "marked by more than half of those asked (majority)",
    "any2": "marked by at least two annotators (any2)",
    "intersection": "marked by all who were asked (intersection)",
    None: "the rationale that the data gives",
}
_MEASURED: dict[Gold | None, str] = {
    "soft": "; soft metrics are against the share of annotators who marked a word (soft)",
    "each": "; metrics are against each annotator, then averaged (each)",
}


def _line(colour: str, drawn: int, left_out: int) -> str:
    if not left_out:
        return f"linear-gradient({colour}, {colour})"
    return (
        f"repeating-linear-gradient(90deg, {colour} 0 {drawn}px, transparent {drawn}px {drawn + left_out}px)"
    )


def _css() -> str:
    rows = range(LINES)
    layers = ", ".join(f"var(--l{row}, none)" for row in rows)
    places = ", ".join(f"0 calc(100% - (var(--n) - {row + 1}) * 4px)" for row in rows)
    return "\n".join(
        [
            f".lines {{ background-image: {layers}; background-position: {places};",
            "  background-size: 100% 2px; background-repeat: no-repeat;",
            "  padding-bottom: calc(.42em + var(--n) * 4px);",
            "  -webkit-box-decoration-break: clone; box-decoration-break: clone;",
            "  -webkit-print-color-adjust: exact; print-color-adjust: exact; }",
            ".words.annotated, .text.annotated { line-height: calc(2em + var(--n) * 4px);",
            "  padding-bottom: 10px; }",
            ".annotators { display: flex; flex-wrap: wrap; gap: .3em 1.2em; align-items: baseline;",
            "  font-size: .875rem; margin: .6em 0 0; }",
            ".annotators > span { display: flex; align-items: baseline; gap: .5em; overflow-wrap: anywhere;",
            "  unicode-bidi: isolate; min-width: 0; }",
            ".annotators .lines { display: inline-block; flex: none; width: 30px; padding: 0;",
            "  height: calc(var(--n) * 4px - 2px); }",
            *(f".by{count} {{ --n: {count}; }}" for count in range(1, LINES + 1)),
            *(
                f".m{row} {{ --l{row}: {_line(ANNOTATORS[row], *_DASHES[row % len(_DASHES)])}; }}"
                for row in rows
            ),
            *(f".o{row} {{ --l{row}: {_line(LINE, 1, 0)}; }}" for row in rows),
            "",
        ]
    )


ANNOTATORS_CSS = _css()
"""Style of the lines and of their legend; include it once in a page, after the style of its words."""


@dataclass(frozen=True)
class Annotators:
    """Who marked what in one document; A annotators, W words.

    Attributes:
        names: Each annotator's name, safe to show.
        said: Each one's state and label, in words.
        masks: bool (A, W), the words that each one marked.
        asked: The number of annotators who were asked for a rationale.
        gold: How the rationale in use was made of the marks, as a sentence of the legend.
    """

    names: tuple[str, ...]
    said: tuple[str, ...]
    masks: Bool
    asked: int
    gold: str

    @classmethod
    def of(
        cls, document: Document, rule: Aggregate | None = None, gold: Gold | None = None
    ) -> Annotators | None:
        """The annotators of a document; None where it has fewer than two.

        Args:
            document: The document.
            rule: The aggregate in use over all documents; None finds it in this one.
            gold: What metrics are computed against; None where that is the rationale shown.
        """
        if len(document.marks) < 2:
            return None
        names = tuple(_name(mark, place) for place, mark in enumerate(document.marks, 1))
        masks = np.zeros((len(names), len(document.words)), dtype=np.bool_)
        masks[[mark.state != "not_asked" for mark in document.marks]] = document.masks
        rule = aggregate_in_use([document]) if rule is None else rule
        return cls(
            names=names,
            said=tuple(_said(mark, document.label) for mark in document.marks),
            masks=masks,
            asked=len(document.asked),
            gold=f"Human rationale shown: {_MADE[rule]}{_MEASURED.get(gold, '')}",
        )

    @property
    def css_class(self) -> str:
        """The classes of the text and of the legend."""
        return f"annotated by{min(len(self.names), LINES)}"

    def note(self, word: int) -> str:
        """Who marked a word: "marked by 2 of 3: A, B"; empty where nobody did."""
        who = [name for name, mask in zip(self.names, self.masks, strict=True) if mask[word]]
        more = f" and {len(who) - LINES} more" if len(who) > LINES else ""
        return f"marked by {len(who)} of {self.asked}: {', '.join(who[:LINES])}{more}" if who else ""

    def classes(self, *words: int) -> str:
        """The classes of a word, or of the space between two: the lines of those who marked all of them."""
        rows = np.flatnonzero(np.all(self.masks[:LINES, list(words)], axis=1)).tolist()
        return " ".join(["lines", *(f"m{row}" for row in rows)]) if rows else ""

    def legend(self) -> list[tuple[str, str]]:
        """The classes of each annotator's sample, and the text beside it."""
        drawn = min(len(self.names), LINES)
        entries = []
        for row in range(drawn):
            own = [f"m{row}"] if self.masks[row].any() else [f"o{row}"]
            others = [f"o{other}" for other in range(drawn) if other != row]
            entries.append((" ".join(["lines", *own, *others]), f"{self.names[row]}: {self.said[row]}"))
        left = len(self.names) - drawn
        return [*entries, *([("", f"{left} more, without a line of their own")] if left else [])]

    def legend_html(self, *, rationale: bool = True) -> str:
        """The legend as HTML; needs :data:`ANNOTATORS_CSS` on the page.

        Args:
            rationale: Whether the rationale in use is shown too, so that the legend names it.
        """
        entries = [*self.legend(), *([("", self.gold)] if rationale else [])]
        spans = "".join(f"<span>{_sample(classes)}{escape(text)}</span>" for classes, text in entries)
        kind = escape(f"annotators {self.css_class}")
        return f'<div class="{kind}" role="note" aria-label="Annotators">{spans}</div>'


def _sample(classes: str) -> str:
    return f'<span class="{escape(classes)}"></span>' if classes else ""


def _name(mark: Mark, place: int) -> str:
    return clip(visible(mark.annotator)) if mark.annotator else f"annotator {place}"


def _said(mark: Mark, label: str | None) -> str:
    if mark.label is None:
        return _SAID[mark.state]
    differs = f" (document: {clip(visible(label))})" if label not in (None, mark.label) else ""
    return f"{_SAID[mark.state]}, label {clip(visible(mark.label))}{differs}"


__all__ = ["ANNOTATORS_CSS", "LINES", "Annotators"]
