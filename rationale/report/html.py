"""Renders the report as one HTML file that fetches nothing and runs only its own two scripts."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from rationale.agreement.gold import in_use
from rationale.evaluation.survival import survival, tells_survival
from rationale.report import palette
from rationale.report.annotators import ANNOTATORS_CSS
from rationale.report.examples import Gallery, galleries
from rationale.report.figures import CONFIG, alt_text
from rationale.report.findings import findings
from rationale.report.gallery import shown_gallery
from rationale.report.prose import commands, glossary, left_out, measured, methods_glossary
from rationale.report.results import Results
from rationale.report.sections import ReportBlock, Section, sections
from rationale.report.table import Column, Interval
from rationale.report.word_section import word_section
from rationale.report.words import WORDS_CSS, legend_html
from rationale.scores.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rationale.agreement import Agreement
    from rationale.corpus.document import Documents
    from rationale.scores.scored import Scores
    from rationale.vocabulary.result import CorpusWords

_VALUE = Column("value", "", "interval")
_LONG = 60  # rows; longer tables stay folded in print
_SELECTED_BY = {
    "top_k_gold": "As many words are selected as the human marked: there are as many misses as false alarms.",
    "threshold": "Words are selected by the threshold.",
}


@dataclass(frozen=True)
class Tile:
    """A number at the top of the page; ``kind`` selects its colour: model, human, or neither."""

    kind: str
    term: str
    value: str
    detail: str


@dataclass(frozen=True)
class _Figure:
    """A chart on the page; plotly draws ``json``."""

    number: int
    alt: str
    height: int
    caption: str
    json: Markup


@dataclass(frozen=True)
class _Folded:
    """A table that opens on a click; a ``long`` one stays folded in print."""

    title: str
    table: Markup
    long: bool


@dataclass(frozen=True)
class _Block:
    """A chart, a table or a folded table."""

    figure: _Figure | None
    table: Markup | None
    folded: _Folded | None


@dataclass(frozen=True)
class _Section:
    """A section with numbered charts."""

    id: str
    title: str
    paragraphs: tuple[str, ...]
    blocks: tuple[_Block, ...]


def report_html(
    scores: Scores | Sources,
    documents: Documents,
    agreement: Agreement,
    *,
    words: CorpusWords | None = None,
    methods: Sequence[str] | None = None,
    examples: int = 1,
    command: str | None = None,
) -> str:
    """Renders the whole page as text.

    Args:
        scores: The scores.
        documents: The documents they belong to.
        agreement: Their agreement.
        words: The words that push each class, of these scores; None leaves them out.
        methods: Methods whose best and worst documents are shown; None takes the best of four families.
        examples: Number of best, and of worst, documents to show for each.
        command: The command that was typed, as shell text; None from Python.
    """
    settings, main = agreement.recipe.agreement, Sources.of(scores).main
    used = in_use(documents, settings.gold, same_label=settings.same_label is not None)
    shown = galleries(scores, used.documents, agreement, methods=methods, count=examples)
    survived = survival(main, used.documents) if tells_survival(main.recipe) else None
    return render(
        "report.html",
        title=f"Agreement with human rationales: {_subject(agreement)}",
        subtitle=_subject(agreement),
        tiles=_tiles(agreement),
        findings=findings(agreement),
        measured=measured(agreement),
        sections=[*sections(agreement, survived), *([] if words is None else [word_section(words)])],
        galleries=[shown_gallery(gallery, agreement, used.rule) for gallery in shown],
        legend=Markup(legend_html(signed=_signed(shown))),  # noqa: S704
        selected_by=next((_SELECTED_BY[e.select] for g in shown for e in g.examples), ""),
        left_out=left_out(agreement),
        metrics=glossary(agreement),
        methods=methods_glossary(agreement),
        commands="\n\n".join(commands(agreement, command, words)),
    )


def render(page: str, *, sections: Sequence[Section], **content: Any) -> str:
    """Fills a page's template, and inlines style, plotly and the script that draws the charts."""
    script, plotly = _template("report.js").render(), get_plotlyjs()
    words_css = WORDS_CSS + ANNOTATORS_CSS
    style = _template("report.css").render(palette=vars(palette), words_css=words_css)
    rendered: str = _template(page).render(
        policy=_policy(plotly, script),
        version=version("rationale"),
        css=Markup(style),  # noqa: S704
        plotly=Markup(plotly),  # noqa: S704
        script=Markup(script),  # noqa: S704
        sections=_numbered(sections),
        **content,
    )
    return rendered


@cache
def _environment() -> Environment:
    loader = PackageLoader("rationale.report", "page")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)


def _template(name: str) -> Any:
    return _environment().get_template(name)


def _policy(*scripts: str) -> str:
    """Makes a content security policy under which nothing is loaded and only these scripts run."""
    hashes = (base64.b64encode(hashlib.sha256(s.encode("utf-8")).digest()).decode() for s in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _subject(agreement: Agreement) -> str:
    data = agreement.recipe.data
    return f"{agreement.recipe.model.name} on {data.source}" + (f", {data.split}" if data.split else "")


def _tiles(agreement: Agreement) -> list[Tile]:
    results, classification = Results(agreement), agreement.classification
    tiles = []
    if ranked := results.ranked():
        method, layer = ranked[0]
        where = f", layer {layer}" if results.layered(method) else ""
        tiles.append(
            _tile(
                "model", f"Highest AP: {results.title(method)}{where}", results.interval(method, layer, "ap")
            )
        )
    if results.get(results.random, 0, "ap"):
        tiles.append(_tile("", "AP of random scores", results.interval(results.random, 0, "ap")))
    if results.ceiling and results.get(results.ceiling, 0, "ap"):
        tiles.append(
            _tile("", "AP of one human against the others", results.interval(results.ceiling, 0, "ap"))
        )
    if classification.accuracy is not None:
        value = Interval(classification.accuracy, classification.low, classification.high)
        tiles.append(_tile("model", "Accuracy of the model", value))
    if (n := max((r.n for r in agreement.records if r.metric == "ap"), default=0)) > 0:
        tiles.append(Tile("human", "Documents with a rationale", f"{n:,}", "in every mean of AP"))
    return tiles


def _tile(kind: str, term: str, interval: Interval) -> Tile:
    return Tile(kind, term, *_VALUE.parts(interval))


def _numbered(unnumbered: Sequence[Section]) -> list[_Section]:
    """Converts sections for the template, and numbers their charts."""
    number = 0
    numbered = []
    for section in unnumbered:
        blocks = []
        for block in section.blocks:
            number += block.figure is not None
            blocks.append(_block(block, number))
        numbered.append(_Section(section.id, section.title, tuple(section.paragraphs), tuple(blocks)))
    return numbered


def _block(block: ReportBlock, number: int) -> _Block:
    figure = folded = table = None
    if block.figure is not None:
        drawn = _inert(block.figure.to_json())
        figure = _Figure(number, alt_text(block.figure), block.figure.layout.height, block.caption, drawn)
    if block.table is not None:
        table = Markup(block.table.to_html())  # noqa: S704
        if block.folded:
            folded = _Folded(block.folded, table, len(block.table.rows) > _LONG)
            table = None
    return _Block(figure, table, folded)


def _inert(figure: str) -> Markup:
    """Escapes JSON so that it cannot end the script element that contains it."""
    text = json.dumps({"figure": json.loads(figure), "config": CONFIG}, ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _signed(shown: Sequence[Gallery]) -> bool:
    return any((example.scores < 0).any() for gallery in shown for example in gallery.examples)
