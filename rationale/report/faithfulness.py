"""Plausibility against faithfulness: do scores that humans like also carry the prediction?"""

from __future__ import annotations

from collections.abc import Sequence
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


def drawn_against(found: Correlations) -> str:
    """The faithfulness that is drawn: of those there are the one that depends least on one share."""
    faithful = {record.faithfulness for record in found.within}
    return "aopc_comprehensiveness" if "aopc_comprehensiveness" in faithful else "comprehensiveness"


def correlation_figure(found: Correlations, plausibility: str = "ap", *, height: int = 0) -> go.Figure:
    """Spearman's correlation over documents, a row a score, with its interval; filled where p is below 0.05.

    Args:
        found: What :func:`rationale.agreement.correlation.correlate` returned.
        plausibility: The agreement with humans: ``ap`` or ``roc_auc``.
        height: Pixels; 0 for as many as the rows need.
    """
    pair = (plausibility, drawn_against(found))
    shown = [r for r in found.within if (r.plausibility, r.faithfulness) == pair and r.rho is not None]
    drawn = strokes([r.method for r in shown])
    figure = go.Figure()
    for method in dict.fromkeys(r.method for r in shown):
        own = [r for r in shown if r.method == method]
        colour = drawn[method].colour
        figure.add_scatter(
            x=[r.rho for r in own],
            y=[_name(r) for r in own],
            name=escape_plotly(method),
            mode="markers",
            marker={
                "size": 9,
                "color": [colour if (r.p or 0) < 0.05 else "rgba(0,0,0,0)" for r in own],
                "line": {"color": colour, "width": 1.5},
            },
            error_x={
                "type": "data",
                "array": [distance(r.rho, r.high) for r in own],
                "arrayminus": [distance(r.low, r.rho) for r in own],
                "color": colour,
                "thickness": 1,
                "width": 0,
            },
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": SOFT, "dash": "dot", "width": 1})
    figure.update_xaxes(TICKS, range=[-1, 1], title_text="Spearman's correlation over documents")
    figure.update_yaxes(TICKS, autorange="reversed", automargin=True)
    told = "; ".join(f"{_name(r)} {r.rho:.2f}" for r in shown)
    one, other = (registered_metric(name).title for name in pair)
    title = f"Correlation of {one} and {other} over documents: {told}."
    return finish(figure, title, height=height or 120 + 22 * len(shown))


def _name(record: Correlation) -> str:
    return escape_plotly(f"{record.method}, layer {record.layer}")


def within_table(found: Correlations) -> Table:
    """Every correlation over documents."""
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
        for r in found.within
    )  # fmt: skip
    return Table(columns, rows, "Over documents, with 95 % bootstrap intervals.", (_DIRECTION,))


def between_table(found: Correlations) -> Table:
    """Over scores: a row a pair of metrics."""
    columns = (
        Column("plausibility", "Agreement", "text", header=True),
        Column("faithfulness", "Faithfulness", "text"),
        Column("rho", "Spearman", "number", digits=2),
        Column("scores", "Scores", "integer"),
    )
    rows = tuple(
        (titled(r.plausibility, r.select), titled(r.faithfulness), r.rho, r.scores) for r in found.between
    )
    return Table(columns, rows, "Over the means of all scores, a method in a layer each.", (_DIRECTION,))


_DIRECTION = "Of FPR and of both sufficiencies, lower is better."


def faithfulness_page(
    found: Correlations, agreement: Agreement, out: str | Path, *, overwrite: bool = False
) -> Path:
    """Writes both as one offline HTML file.

    Args:
        found: What :func:`rationale.agreement.correlation.correlate` returned.
        agreement: What it was made of.
        out: The HTML file.
        overwrite: Whether it may be replaced.
    """
    weighed = drawn_against(found)
    title = registered_metric(weighed).title
    filled = "Bars: 95 % intervals. Filled: p below 0.05 after Holm's correction."
    settings = agreement.recipe.agreement
    sections: Sequence[Section] = [
        Section(
            "between",
            "Between scores: is what agrees with humans what weighs for the model?",
            (
                "Every point is a score, a method in a layer. Agreement with humans says nothing of whether "
                "the model uses the words; taking them away does.",
            ),
            (
                ReportBlock(
                    faithfulness_plane(agreement, weighed),
                    f"{title} against AP; numbers are layers.",
                ),
                ReportBlock(table=between_table(found)),
            ),
        ),
        Section(
            "within",
            "Within a score: is it more faithful on the documents where humans agree with it?",
            (
                "A correlation over documents for each score. AP is easy where much of a document is "
                "rationale, and so may be faithfulness; ROC-AUC is 0.5 by chance everywhere: what stays "
                "there is of the score.",
            ),
            (
                ReportBlock(correlation_figure(found), f"{title} with AP. {filled}"),
                ReportBlock(correlation_figure(found, "roc_auc"), f"{title} with ROC-AUC. {filled}"),
                ReportBlock(table=within_table(found), folded="Every correlation"),
            ),
        ),
    ]  # fmt: skip
    return write_page(
        out,
        agreement.recipe.model.name,
        reported=settings.source,
        split=settings.split,
        heading="Do scores that humans like also carry the prediction?",
        title="Plausibility and faithfulness",
        sections=sections,
        measured=[
            Fact("Documents", f"{settings.pairs:,}"),
            Fact("Test", "SciPy's spearmanr, Holm over all scores of a pair of metrics"),
        ],
        commands=[found.recipe.command, settings.command, found.command],
        overwrite=overwrite,
    )
