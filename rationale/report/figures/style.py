"""What all figures share: type, ink, a quiet grid, safe text, an alternative text, no button that uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from scipy.optimize import isotonic_regression

from rationale.arrays import Float64
from rationale.report.palette import INK, LINE, PAPER, SANS, SOFT, tint

CONFIG: Mapping[str, object] = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "typesetMath": False,
    "modeBarButtonsToRemove": ["sendChartToCloud", "lasso2d", "select2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}
"""What to pass to plotly beside a figure: nothing in it can send the data away."""

TICKS: Mapping[str, object] = {
    "gridcolor": LINE,
    "zeroline": False,
    "linecolor": SOFT,
    "tickfont": {"color": SOFT},
    "title": {"font": {"color": INK}, "standoff": 10},
}


def finish(figure: go.Figure, alt: str, *, height: int, right: int = 20) -> go.Figure:
    """Gives a figure the common layout and its alternative text; returns it."""
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
    """What the figure shows, in words, for those who cannot see it.

    Args:
        figure: A figure made by this package.
    """
    return str((figure.layout.meta or {}).get("alt", ""))


def band(
    x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str, strength: float, **look: Any
) -> go.Scatter:
    """The area between two curves, tinted."""
    return go.Scatter(
        x=[*x, *reversed(x)],
        y=[*high, *reversed(low)],
        fill="toself",
        fillcolor=tint(colour, strength),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        **look,
    )


def escape_plotly(text: str) -> str:
    """Text that plotly's markup cannot read as a tag or an entity.

    >>> escape_plotly("<b>a&lt;</b>")
    '&lt;b&gt;a&amp;lt;&lt;/b&gt;'
    """
    return escape(text, quote=False)


def spread_apart(values: npt.ArrayLike, gap: float, low: float, high: float) -> Float64:
    """Moves values as little as possible so that neighbours are ``gap`` apart inside ``[low, high]``.

    The least squares solution: isotonic regression of the sorted values less their share of the gaps.

    Args:
        values: Shape (n,), where labels would like to stand.
        gap: The least distance of two.
        low: The lowest place.
        high: The highest place.

    >>> spread_apart([0.5, 0.5, 0.9], gap=0.2, low=0, high=1).round(2).tolist()
    [0.4, 0.6, 0.9]
    """
    wanted = np.asarray(values, dtype=np.float64)
    if wanted.size == 0:
        return wanted
    order = np.argsort(wanted, kind="stable")
    gap = min(gap, (high - low) / max(1, wanted.size - 1))
    steps = gap * np.arange(wanted.size)
    placed = isotonic_regression(wanted[order] - steps).x
    result = np.empty(wanted.shape)
    result[order] = np.clip(placed, low, high - steps[-1]) + steps
    return result


def distance(low: float | None, high: float | None) -> float | None:
    """How long one side of an error bar is; None where an interval has no such end."""
    return None if low is None or high is None else high - low
