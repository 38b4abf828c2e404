"""The body of the report: the charts, tables and texts of each section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from rationale.agreement.select import rule_text, rule_title
from rationale.report.ceilings import ceiling_table
from rationale.report.comparable import comparable_table, has_comparable
from rationale.report.figures import document_distribution, faithfulness_plane, layer_curves, selection_plane
from rationale.report.palette import strokes
from rationale.report.results import Results, registered_metric, titled
from rationale.report.subsets import subset_table
from rationale.report.survival import (
    alone_table,
    alone_text,
    kinds_table,
    survival_curves,
    words_table,
)
from rationale.report.table import Cell, Column, Interval, Table
from rationale.report.tables import (
    agreement_table,
    comparison_table,
    confusion_table,
    faithfulness_table,
    layer_table,
    p_notes,
    selection_table,
)

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.evaluation.survival import Survival


@dataclass(frozen=True)
class ReportBlock:
    """A chart with its caption, a table, or both; a table titled ``folded`` opens on a click."""

    figure: go.Figure | None = None
    caption: str = ""
    table: Table | None = None
    folded: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    id: str
    title: str
    paragraphs: Sequence[str]
    blocks: Sequence[ReportBlock]


def sections(agreement: Agreement, survived: Survival | None = None) -> list[Section]:
    """Makes the sections of the report that have content; ``survived`` is what a dropping model keeps."""
    results = Results(agreement)
    report_sections = [_ranking(agreement, results)]
    report_sections += [_selected(agreement, results, select) for select in results.selections]
    report_sections.append(_subsets(agreement))
    report_sections.append(_other_golds(agreement, results))
    report_sections.append(_differences(agreement, results))
    if "comprehensiveness" in results.metrics:
        report_sections.append(_faithfulness(agreement, results))
    if survived is not None:
        report_sections.append(_survival(survived))
    if agreement.classification.n:
        report_sections.append(_classification(agreement))
    return [section for section in report_sections if section.blocks]


def _ranking(agreement: Agreement, results: Results) -> Section:
    if not results.ranks:
        return Section("agreement", "Agreement of the scores", (), ())
    names = [m for m in results.metrics if registered_metric(m).source in ("ranking", "soft")]
    blocks = [
        ReportBlock(table=agreement_table(agreement)),
        ReportBlock(
            layer_curves(agreement, height=440),
            "AP by layer. Bands are intervals; methods without layers and baselines are dashed lines. Point "
            "at a curve to see it alone.",
        ),
    ]
    if agreement.per_document is not None:
        blocks.append(ReportBlock(_distribution(agreement, results), _SPREAD))
    blocks += [ReportBlock(table=ceiling_table(agreement))] * (results.ceiling is not None)
    blocks += [
        ReportBlock(table=layer_table(agreement, m), folded=f"{titled(m)} in every layer") for m in names
    ]
    return Section("agreement", "Agreement of the scores", (_AP,), blocks)


def _distribution(agreement: Agreement, results: Results) -> go.Figure:
    values, best = {}, dict(results.ranked())
    keys: list[tuple[str, str]] = []
    for method in results.methods:
        document_values = agreement.document_values("ap", method, best.get(method, 0))
        keys = keys or list(document_values)
        values[method] = [document_values.get(key, float("nan")) for key in keys]
    return document_distribution(
        values,
        strokes(results.methods, results.agreement.recipe),
        titles={method: results.title(method) for method in results.methods},
        names=[" · ".join(dict.fromkeys(key)) for key in keys],
    )


def _selected(agreement: Agreement, results: Results, select: str) -> Section:
    metrics = ("fpr", "recall", "selected_share") if select != "top_k_gold" else ("fpr", "recall")
    selection_metrics = [
        m for m in results.metrics if registered_metric(m).needs_selection and results.filed(m, select)
    ]
    blocks = [
        ReportBlock(table=selection_table(agreement, select)),
        ReportBlock(
            layer_curves(agreement, metrics, select, height=280),
            f"{', '.join(registered_metric(m).title for m in metrics)} of the words selected by "
            f"{rule_text(agreement.recipe, select)}, by layer.",
        ),
    ]
    if select != "top_k_gold":
        blocks.append(ReportBlock(selection_plane(agreement, select), _PLANE))
    blocks += [
        ReportBlock(
            table=layer_table(agreement, m, select),
            folded=f"{titled(m, select, agreement.recipe)} in every layer",
        )
        for m in selection_metrics
    ]
    rule = f"Words are selected by {rule_text(agreement.recipe, select)}."
    title = f"Selected words: {rule_title(agreement.recipe, select)}"
    return Section(f"selected-{select}", title, (rule,), blocks)


def _subsets(agreement: Agreement) -> Section:
    blocks = [ReportBlock(table=subset_table(agreement))] if agreement.subsets else []
    return Section("subsets", "Right and wrong classes", (), blocks)


def _other_golds(agreement: Agreement, results: Results) -> Section:
    names = [m for m in results.metrics if registered_metric(m).source in ("sentences", "groups")]
    blocks = [ReportBlock(table=agreement_table(agreement, m)) for m in names if m == "sentence_ap"]
    blocks += [
        ReportBlock(table=layer_table(agreement, m), folded=f"{titled(m)} in every layer") for m in names
    ]
    settings, text = agreement.recipe.agreement, []
    if settings.sentences:
        gold = _EVIDENCE[settings.sentence_gold or "half"]
        text.append(_SENTENCES.format(score=settings.sentences, gold=gold))
    if settings.groups:
        text.append(_GROUPS)
    return Section("sentences", "Sentences and evidence groups", tuple(text), blocks)


def _differences(agreement: Agreement, results: Results) -> Section:
    if not agreement.comparisons:
        return Section("differences", "Differences between methods", (), ())
    blocks = [ReportBlock(table=t) for t in (_against_random(results), _against_leader(results)) if t.rows]
    for metric, select in dict.fromkeys((c.metric, c.select) for c in agreement.comparisons):
        table = comparison_table(agreement, metric, select)
        what = titled(metric, select, agreement.recipe)
        blocks.append(ReportBlock(table=table, folded=f"All {len(table.rows)} comparisons in {what}"))
    return Section("differences", "Differences between methods", (_PAIRED,), blocks)


def _against_random(results: Results) -> Table:
    """Makes the table of each method's distance from random scores, in its first, last and best layer."""
    rows: list[tuple[Cell, ...]] = []
    for method, best in results.ranked():
        places = (results.layers(method)[0], results.last_layer(method), best)
        differences = [_difference(results, method, layer, results.random) for layer in places]
        single = not results.layered(method)
        rows.append((results.title(method), *([differences[0], None, None] if single else differences)))
    columns = (
        Column("method", "Method", "text", header=True),
        *(Column(key, f"{key.capitalize()} layer{'†' * (key == 'best')}", "interval") for key in _PLACES),
    )
    return Table(columns, tuple(rows), "AP above random scores, on the same documents")


def _against_leader(results: Results) -> Table:
    """Makes the table of the best method against every other in the same layer."""
    ranked = results.ranked()
    rows: list[tuple[Cell, ...]] = []
    if ranked:
        leader, layer = ranked[0]
        for method in results.methods:
            comparison = results.compared(leader, layer, method)
            if comparison is not None and not results.is_reference(method):
                difference = Interval(comparison.difference, comparison.low, comparison.high)
                rows.append((results.title(method), difference, results.p_value(comparison), comparison.n))
    columns = (
        Column("method", "Compared with", "text", header=True),
        Column("difference", "Difference in AP", "interval"),
        Column("p", "p (Holm)", "p"),
        Column("n", "n", "integer"),
    )
    title = f"{results.title(ranked[0][0])} in layer {ranked[0][1]} less the others there" if ranked else ""
    return Table(columns, tuple(rows), title, p_notes(row[2] for row in rows))


def _difference(results: Results, method: str, layer: int, other: str) -> Interval | None:
    comparison = results.compared(method, layer, other)
    return None if comparison is None else Interval(comparison.difference, comparison.low, comparison.high)


def _faithfulness(agreement: Agreement, results: Results) -> Section:
    plane = faithfulness_plane(agreement) if "ap" in results.metrics else None
    blocks = [ReportBlock(table=faithfulness_table(agreement)), ReportBlock(plane, _FAITHFUL_PLANE)]
    if not has_comparable(agreement):
        return Section("faithfulness", "Faithfulness", (_FAITHFUL,), blocks)
    blocks.append(ReportBlock(table=comparable_table(agreement)))
    return Section("faithfulness", "Faithfulness", (_FAITHFUL, _COMPARABLE), blocks)


def _survival(survived: Survival) -> Section:
    last = survived.layers[-1]
    columns = (
        Column("layer", "After layer", "integer"),
        Column("lost", "Nothing of the rationale left", "integer"),
    )
    lost = Table(
        columns,
        tuple((layer, len(lost)) for layer, lost in zip(survived.layers, survived.lost, strict=True)),
        f"Documents with no human rationale word left, of {survived.annotated}",
    )
    blocks = [
        ReportBlock(
            survival_curves(survived), "Share of words kept by layer. Bands are intervals over documents."
        ),
        ReportBlock(table=kinds_table(survived, last)),
        ReportBlock(table=words_table(survived, last, most=True), folded="Words kept most often"),
        ReportBlock(table=words_table(survived, last, most=False), folded="Words dropped most often"),
    ]
    blocks += [ReportBlock(table=lost)] * bool(survived.annotated)
    blocks += [ReportBlock(table=alone_table(survived))] * bool(survived.alone)
    return Section("survival", "What each layer keeps", (_SURVIVAL, alone_text(survived)), blocks)


def _classification(agreement: Agreement) -> Section:
    blocks = [ReportBlock(table=confusion_table(agreement))]
    return Section("classification", "The model's own predictions", (_CLASSIFIED,), blocks)


_PLACES = ("first", "last", "best")
_AP = (
    "Average precision (AP) asks whether the words with the highest scores are the words the annotators "
    "marked: 1 if all of them come first. It needs no threshold. Compare a method with random scores: their "
    "AP is the chance level."
)
_SPREAD = (
    "AP of every document, each method in its best layer. Boxes hold the middle half, the line is the "
    "median, the dashed line the mean."
)
_PLANE = (
    "Recall against false positive rate, a path through the layers for each method; numbers are the first "
    "and the last layer. Up and to the left is better."
)
_EVIDENCE = {
    "half": "at least half of its words are marked",
    "any": "one of its words is marked",
    "stated": "the data states it",
}
_SENTENCES = (
    "A sentence scores the {score} of its words; it is evidence where {gold}. Values of mean, sum and max "
    "are not comparable."
)
_GROUPS = (
    "Best-group metrics take the evidence group that fits best as the rationale. Where a group is one piece "
    "of a longer rationale (movies, MultiRC), they are no headline: read the union."
)
_PAIRED = (
    "Two methods are compared on the same documents, so that a document that is easy for all does not "
    "count. An interval that contains 0 means no significant difference on these documents. Intervals are "
    "for single comparisons; p is corrected for all comparisons of a table."
)
_FAITHFUL = (
    "Agreement with a human (plausibility) does not show whether the model uses the words. Comprehensiveness "
    "is what the probability of the predicted class loses without them (high is good), sufficiency what it "
    "loses with only them (low is good)."
)
_COMPARABLE = (
    "Normalised values are shares of what the predicted class loses without any word. Soft values select no "
    "words: entries of their embeddings are zeroed at random, by score. NAOPC places a method between the "
    "least and the greatest AOPC that any order of the words reaches in this model."
)
_FAITHFUL_PLANE = (
    "Faithfulness against agreement with the human rationale; numbers are layers, bars are intervals."
)
_SURVIVAL = (
    "The model drops tokens as it reads. A word is kept after a layer as long as one of its tokens is; a "
    "model that keeps what a human would point at keeps the words of the human rationale longer than others."
)
_CLASSIFIED = "How often the model is right and wrong: read the explanations of a poor classifier with care."
