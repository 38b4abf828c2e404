"""Shows which words survive the dropping, as charts and tables for report and app."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from rationale.evaluation.result import Share
from rationale.evaluation.survival import Survival
from rationale.report.figures.style import TICKS, band, escape_plotly, finish
from rationale.report.palette import AMBER, AMBER_INK, BLUE, GREY, INK
from rationale.report.table import Cell, Column, Interval, Table

_LOOKS = {
    "all words": (INK, "solid", "circle"),
    "human rationale": (BLUE, "solid", "diamond"),
    "not in the rationale": (BLUE, "dot", "diamond-open"),
    "content words": (AMBER, "solid", "square"),
    "function words": (AMBER_INK, "dash", "square-open"),
    "numbers": (GREY, "dash", "triangle-up"),
    "punctuation": (GREY, "dot", "cross"),
}


def survival_curves(survived: Survival, *, height: int = 360) -> go.Figure:
    """Draws the share of words kept after each layer, one curve per kind of word, with 95 % intervals."""
    figure = go.Figure()
    for share in survived.kinds:
        colour, dash, symbol = _LOOKS[share.name]
        bounded = all(end is not None for end in (*share.low, *share.high))
        if bounded:
            low, high = ([end or 0.0 for end in ends] for ends in (share.low, share.high))
            figure.add_trace(band(survived.layers, low, high, colour, 0.1, showlegend=False))
        figure.add_scatter(
            x=list(survived.layers),
            y=list(share.survival),
            name=escape_plotly(share.name),
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.2},
            marker={"symbol": symbol, "size": 8, "color": colour},
            hovertemplate=f"<b>{escape_plotly(share.name)}</b><br>"
            "layer %{x}: %{y:.1%} kept<extra></extra>",
        )
    figure.update_yaxes(TICKS, title_text="share of words kept", range=[0, 1.04], tickformat=".0%")
    figure.update_xaxes(TICKS, title_text="layer", dtick=1)
    figure = finish(figure, _alt(survived), height=height)
    return figure.update_layout(showlegend=True, legend={"font": {"size": 12}})


def _alt(survived: Survival) -> str:
    parts = [f"{s.name} {s.survival[0]:.0%} to {s.survival[-1]:.0%}" for s in survived.kinds]
    first, last = survived.layers[0], survived.layers[-1]
    return f"Share of words kept, layer {first} to layer {last}: {', '.join(parts)}."


def alone_table(survived: Survival) -> Table:
    """Makes a table of how often the kept words, read alone, give the prediction of the whole document."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (record.layer, Interval(record.same / record.n, record.low, record.high), record.same, record.n)
        for record in survived.alone
    )
    columns = (
        Column("layer", "Kept by layer", "integer"),
        Column("share", "Same prediction", "interval"),
        Column("same", "Documents", "integer"),
        Column("n", "n", "integer"),
    )
    return Table(columns, rows, "Kept words alone: documents with the prediction of the whole text")


def alone_text(survived: Survival) -> str:
    """States how often the kept words alone give the same prediction, or what to run to find out."""
    if not survived.alone:
        return ALONE_UNKNOWN
    shares = [f"{record.same / record.n:.1%} after layer {record.layer}" for record in survived.alone]
    return (
        f"Kept words alone give the same prediction in {_listed(shares)} of "
        f"{survived.alone[0].n:,} documents (Wilson's 95 % intervals in the table)."
    )


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


ALONE_UNKNOWN = (
    "How often the kept words alone give the same prediction was not scored: run `rationale score … --method "
    "kept --faithfulness`."
)


def kinds_table(survived: Survival, layer: int) -> Table:
    """Makes a table of the kinds of words: how many, and the share kept after ``layer``."""
    return _table(survived, survived.kinds, layer, "Kind", f"Words kept after layer {layer}, by kind")


def words_table(survived: Survival, layer: int, *, most: bool, count: int = 20) -> Table:
    """Makes a table of the word types kept most often, or least often, after ``layer``."""
    row = survived.layers.index(layer)
    sign = -1 if most else 1
    ranked = sorted(survived.words, key=lambda share: (sign * share.survival[row], -share.words, share.name))
    title = f"Words {'kept' if most else 'dropped'} most often by layer {layer}"
    return _table(survived, ranked[:count], layer, "Word", title)


def _table(survived: Survival, shares: Sequence[Share], layer: int, what: str, caption: str) -> Table:
    row = survived.layers.index(layer)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (share.name, share.words, Interval(share.survival[row], share.low[row], share.high[row]))
        for share in shares
    )
    columns = (
        Column("name", what, "text", header=True),
        Column("count", "Occurs", "integer"),
        Column("kept", "Share kept", "interval"),
    )
    return Table(columns, rows, caption)
