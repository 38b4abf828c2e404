"""Bars of the words that a method selects over a corpus."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rationale.report.figures.style import TICKS, escape_plotly, finish
from rationale.report.palette import AMBER, AMBER_INK, INK
from rationale.report.vocabulary import ORDER_TITLES, shown
from rationale.vocabulary.result import CorpusWords, WordGroup, WordRow


def words_bars(result: CorpusWords, *, top: int = 10) -> go.Figure:
    """Draws a panel per group: its first words by their distance from the other words, with intervals.

    Args:
        result: The words of a corpus.
        top: Most bars of a panel.
    """
    groups = [group for group in result.groups if group.words]
    figure = make_subplots(
        rows=1, cols=max(1, len(groups)), shared_xaxes="all", horizontal_spacing=0.12,
        subplot_titles=[escape_plotly(group.title) for group in groups],
    )  # fmt: skip
    for place, group in enumerate(groups):
        figure.add_trace(_bars(group.words[:top], result.order, bool(place % 2)), row=1, col=place + 1)
    title = f"{ORDER_TITLES[result.order]} − others"
    figure.update_xaxes(TICKS, title_text=title, zeroline=True, zerolinecolor=INK)
    figure.update_yaxes(TICKS, showgrid=False, autorange="reversed", automargin=True, tickfont={"color": INK})
    figure = finish(figure, _alt(groups, title, result.order, top), height=120 + 26 * top)
    return figure.update_layout(margin={"l": 90, "t": 40}, bargap=0.35)


def _bars(words: Sequence[WordRow], order: str, other: bool) -> go.Bar:
    lifts = [row.lift(order) for row in words]
    names = [escape_plotly(shown(row.word)) for row in words]
    return go.Bar(
        x=[lift.difference for lift in lifts],
        y=names,
        orientation="h",
        customdata=[[row.documents, row.occurrences] for row in words],
        marker={"color": AMBER_INK if other else AMBER},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, lift.high - lift.difference) for lift in lifts],
            "arrayminus": [max(0.0, lift.difference - lift.low) for lift in lifts],
            "color": INK,
            "thickness": 1.2,
        },
        hovertemplate="<b>%{y}</b><br>%{x:.3f}, %{customdata[0]} documents, %{customdata[1]} occurrences"
        "<extra></extra>",
    )


def _alt(groups: Sequence[WordGroup], title: str, order: str, top: int) -> str:
    parts = [
        f"{escape_plotly(group.title)}: "
        + ", ".join(
            f"{escape_plotly(shown(r.word))} {r.lift(order).difference:.3f}" for r in group.words[:top]
        )
        for group in groups
    ]
    return f"Words by {title}, a panel per group. {'; '.join(parts)}."
