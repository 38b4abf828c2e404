"""The common style of all charts: fonts, colours, grid, escaped text, alternative text, no upload button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from rationale.arrays import Float64
from rationale.report.palette import INK, LINE, PAPER, SANS, SOFT, tint

Trace = dict[str, object]
"""A trace before plotly has checked it; a figure checks it when it is added, a ``go.Scatter`` twice."""

CONFIG: Mapping[str, object] = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "typesetMath": False,
    "modeBarButtonsToRemove": ["sendChartToCloud", "lasso2d", "select2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}
"""The plotly configuration of every chart: no button can send the data away."""

TICKS: Mapping[str, object] = {
    "gridcolor": LINE,
    "zeroline": False,
    "linecolor": SOFT,
    "tickfont": {"color": SOFT},
    "title": {"font": {"color": INK}, "standoff": 10},
}


def finish(figure: go.Figure, alt: str, *, height: int, right: int = 20) -> go.Figure:
    """Gives a chart the common layout and its alternative text; returns it."""
    figure.update_layout(
        template="none",
        font={"family": SANS, "size": 13, "color": INK},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        height=height,
        margin={"l": 62, "r": right, "t": 28, "b": 48},
        hoverlabel={"bgcolor": PAPER, "bordercolor": SOFT, "font": {"family": SANS, "color": INK}},
        showlegend=False,
        meta={"alt": alt},
    )
    return figure


def alt_text(figure: go.Figure) -> str:
    """Returns the text that describes a chart, for readers who cannot see it.

    Args:
        figure: A chart made by this package.
    """
    return str((figure.layout.meta or {}).get("alt", ""))


def band(
    x: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    colour: str,
    strength: float,
    **look: object,
) -> Trace:
    """Draws the tinted area between two curves."""
    return {
        "type": "scatter",
        "x": [*x, *reversed(x)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": tint(colour, strength),
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        **look,
    }


def escape_plotly(text: str) -> str:
    """Escapes text so that plotly's markup reads no tag or entity in it.

    >>> escape_plotly("<b>a&lt;</b>")
    '&lt;b&gt;a&amp;lt;&lt;/b&gt;'
    """
    return escape(text, quote=False)


def spread_apart(values: npt.ArrayLike, gap: float, low: float, high: float) -> Float64:
    """Moves values as little as possible so that neighbours are ``gap`` apart inside ``[low, high]``.

    This is the least squares solution: isotonic regression of the sorted values less their share of the gaps.

    Args:
        values: Shape (n,), the wanted positions of labels.
        gap: The smallest distance of two labels.
        low: The lowest position.
        high: The highest position.

    >>> spread_apart([0.5, 0.5, 0.9], gap=0.2, low=0, high=1).round(2).tolist()
    [0.4, 0.6, 0.9]
    """
    wanted = np.asarray(values, dtype=np.float64)
    if wanted.size == 0:
        return wanted
    order = np.argsort(wanted, kind="stable")
    gap = min(gap, (high - low) / max(1, wanted.size - 1))
    steps = gap * np.arange(wanted.size)
    placed = _isotonic(wanted[order] - steps)
    result = np.empty(wanted.shape)
    result[order] = np.clip(placed, low, high - steps[-1]) + steps
    return result


def _isotonic(values: Float64) -> Float64:
    """Fits the nearest non-decreasing values: at i the largest over a <= i of the least mean of a..b, b >= i.

    For a chart's few labels; importing ``scipy.optimize`` takes a sixth of a report's time.
    """
    sums = np.concatenate([[0.0], np.cumsum(values)])
    starts, ends = np.indices((values.size, values.size))
    means = (sums[ends + 1] - sums[starts]) / np.maximum(ends - starts + 1, 1)
    least = np.minimum.accumulate(np.where(ends < starts, np.inf, means)[:, ::-1], axis=1)[:, ::-1]
    fitted: Float64 = np.where(ends < starts, -np.inf, least).max(axis=0)
    return fitted


def distance(low: float | None, high: float | None) -> float | None:
    """Returns the length of one side of an error bar; None if the interval has no such end."""
    return None if low is None or high is None else high - low
