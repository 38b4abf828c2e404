"""Shows how plausibility (agreement with humans) correlates with faithfulness: chart, tables and page."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go

from rationale.agreement import Agreement
from rationale.agreement.correlation import Correlation, Correlations
from rationale.report.experiments import write_page
from rationale.report.figures import faithfulness_plane
from rationale.report.figures.style import TICKS, distance, escape_plotly, finish
from rationale.report.palette import SOFT, strokes
from rationale.report.prose import Fact
from rationale.report.results import registered_metric, titled
from rationale.report.sections import ReportBlock, Section
from rationale.report.table import Column, Interval, Table


def drawn_against(correlations: Correlations) -> str:
    """Returns the faithfulness metric that is drawn: the AOPC, if measured, depends least on one share."""
    faithful = {record.faithfulness for record in correlations.within}
    return "aopc_comprehensiveness" if "aopc_comprehensiveness" in faithful else "comprehensiveness"


def correlation_figure(correlations: Correlations, plausibility: str = "ap", *, height: int = 0) -> go.Figure:
    """Draws Spearman's correlation over documents, one row per score, with its interval; filled if p < 0.05.

    Args:
        correlations: What :func:`rationale.agreement.correlation.correlate` returned.
        plausibility: The metric of plausibility: ``ap`` or ``roc_auc``.
        height: In pixels; 0 fits the number of rows.
    """
    pair = (plausibility, drawn_against(correlations))
    shown = [r for r in correlations.within if (r.plausibility, r.faithfulness) == pair and r.rho is not None]
    stroke_of = strokes([r.method for r in shown])
    figure = go.Figure()
    for method in dict.fromkeys(r.method for r in shown):
        records = [r for r in shown if r.method == method]
        colour = stroke_of[method].colour
        figure.add_scatter(
            x=[r.rho for r in records],
            y=[_score_name(r) for r in records],
            name=escape_plotly(method),
            mode="markers",
            marker={
                "size": 9,
                "color": [colour if (r.p or 0) < 0.05 else "rgba(0,0,0,0)" for r in records],
                "line": {"color": colour, "width": 1.5},
            },
            error_x={
                "type": "data",
                "array": [distance(r.rho, r.high) for r in records],
                "arrayminus": [distance(r.low, r.rho) for r in records],
                "color": colour,
                "thickness": 1,
                "width": 0,
            },
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": SOFT, "dash": "dot", "width": 1})
    figure.update_xaxes(TICKS, range=[-1, 1], title_text="Spearman's correlation over documents")
    figure.update_yaxes(TICKS, autorange="reversed", automargin=True)
    summary = "; ".join(f"{_score_name(r)} {r.rho:.2f}" for r in shown)
    first, second = (registered_metric(name).title for name in pair)
    title = f"Correlation of {first} and {second} over documents: {summary}."
    return finish(figure, title, height=height or 120 + 22 * len(shown))


def _score_name(record: Correlation) -> str:
    return escape_plotly(f"{record.method}, layer {record.layer}")


def within_table(correlations: Correlations) -> Table:
    """Makes the table of all correlations over documents."""
    columns = (
        Column("method", "Method", "text", header=True),
        Column("layer", "Layer", "integer"),
        Column("plausibility", "Agreement", "text"),
        Column("faithfulness", "Faithfulness", "text"),
        Column("rho", "Spearman", "interval"),
        Column("p", "p (Holm)", "p"),
        Column("n", "n", "integer"),
    )
    rows = tuple(
        (
            r.method, r.layer, titled(r.plausibility, r.select), titled(r.faithfulness),
            Interval(r.rho, r.low, r.high), r.p, r.n,
        )
        for r in correlations.within
    )  # fmt: skip
    return Table(columns, rows, "Over documents, with 95 % bootstrap intervals.", (_DIRECTION,))


def between_table(correlations: Correlations) -> Table:
    """Makes the table of correlations over scores, one row per pair of metrics."""
    columns = (
        Column("plausibility", "Agreement", "text", header=True),
        Column("faithfulness", "Faithfulness", "text"),
        Column("rho", "Spearman", "number", digits=2),
        Column("scores", "Scores", "integer"),
    )
    rows = tuple(
        (titled(r.plausibility, r.select), titled(r.faithfulness), r.rho, r.scores)
        for r in correlations.between
    )
    return Table(columns, rows, "Over the means of all scores (each method in each layer).", (_DIRECTION,))


_DIRECTION = "Lower is better for FPR and both sufficiencies."


def faithfulness_page(
    correlations: Correlations, agreement: Agreement, out: str | Path, *, overwrite: bool = False
) -> Path:
    """Writes the correlations as one offline HTML file.

    Args:
        correlations: What :func:`rationale.agreement.correlation.correlate` returned.
        agreement: The agreement that they were computed from.
        out: The HTML file.
        overwrite: Whether an existing file is replaced.
    """
    settings = agreement.recipe.agreement
    return write_page(
        out,
        agreement.recipe.model.name,
        reported=settings.source,
        split=settings.split,
        heading="Are plausible scores also faithful?",
        title="Plausibility and faithfulness",
        sections=_sections(correlations, agreement),
        measured=[
            Fact("Documents", f"{settings.pairs:,}"),
            Fact("Test", "SciPy's spearmanr, Holm over all scores of a pair of metrics"),
        ],
        commands=[correlations.recipe.command, settings.command, correlations.command],
        overwrite=overwrite,
    )


def _sections(correlations: Correlations, agreement: Agreement) -> list[Section]:
    metric = drawn_against(correlations)
    title = registered_metric(metric).title
    filled = "Bars: 95 % intervals. Filled: p below 0.05 after Holm's correction."
    return [
        Section(
            "between",
            "Between scores: are more plausible scores more faithful?",
            (
                "Every point is a score: a method in a layer. Plausibility does not show whether the model "
                "uses the words; removing them (faithfulness) does.",
            ),
            (
                ReportBlock(
                    faithfulness_plane(agreement, metric),
                    f"{title} against AP; numbers are layers.",
                ),
                ReportBlock(table=between_table(correlations)),
            ),
        ),
        Section(
            "within",
            "Within a score: is it more faithful on the documents where it is more plausible?",
            (
                "A correlation over documents for each score. A document of which much is rationale makes "
                "a high AP easy, and perhaps a high faithfulness too. ROC-AUC has the chance level 0.5 in "
                "every document: the share of rationale words explains a correlation with it less easily.",
            ),
            (
                ReportBlock(correlation_figure(correlations), f"{title} with AP. {filled}"),
                ReportBlock(correlation_figure(correlations, "roc_auc"), f"{title} with ROC-AUC. {filled}"),
                ReportBlock(table=within_table(correlations), folded="Every correlation"),
            ),
        ),
    ]
