"""Figures of single documents: scores of every word in every layer, and how documents spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rationale.errors import DataError
from rationale.report.figures.style import TICKS, finish, plain
from rationale.report.palette import AMBERS, BLUE, INK, SOFT, Stroke
from rationale.report.words import visible

_NAMED = 40  # more words than this are numbered, not named, beneath the map


def word_heatmap(
    words: Sequence[str],
    scores: npt.ArrayLike,
    rationale: npt.NDArray[np.bool_] | None = None,
    *,
    layers: Sequence[int] | None = None,
    unit: str = "word",
    layer: int | None = None,
    height: int | None = None,
) -> go.Figure:
    """Scores of every word (or token) in every layer, the human rationale as a blue strip above.

    Args:
        words: W words or tokens, in reading order.
        scores: float (L, W).
        rationale: bool (W,), the human rationale; None leaves the strip out.
        layers: The layer of each row; None counts from 0.
        unit: What the columns are, for the axis.
        layer: A layer to frame.
        height: Pixels; None fits the layers.

    Raises:
        DataError: Where shapes do not fit.
    """
    values = np.atleast_2d(np.asarray(scores, dtype=np.float32))
    rows = list(range(len(values))) if layers is None else list(layers)
    if values.shape != (len(rows), len(words)):
        raise DataError(f"scores of shape {values.shape} for {len(rows)} layers and {len(words)} words")
    tall = height or 116 + 26 * len(rows)
    strip = 0.0 if rationale is None else 14 / (tall - 76)
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.01, row_heights=[max(strip, 1e-3), 1 - strip]
    )
    names = [plain(visible(word)) for word in words]
    if rationale is not None:
        figure.add_trace(_strip(names, rationale), row=1, col=1)
    figure.add_trace(_map(values, rows, names, rationale), row=2, col=1)
    if layer is not None:
        _frame(figure, rows.index(layer), len(words))
    _axes(figure, names, rows, unit)
    return finish(figure, _alt(words, values, rows, rationale, unit), height=tall)


def document_distribution(
    values: Mapping[str, npt.ArrayLike],
    strokes: Mapping[str, Stroke],
    *,
    titles: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    what: str = "AP",
) -> go.Figure:
    """One box and one dot a document for each method: how the mean comes about.

    Args:
        values: Per method, float (D,), NaN where a document was left out.
        strokes: How each method is drawn.
        titles: What people call the methods.
        names: The documents' names, shown when a dot is pointed at.
        what: What the values are.
    """
    traces, told = [], []
    for method, found in values.items():
        array = np.asarray(found, dtype=np.float64)
        there = ~np.isnan(array)
        title = plain((titles or {}).get(method, method))
        texts = None if names is None else [plain(n) for n, ok in zip(names, there, strict=True) if ok]
        traces.append(_box(array[there], title, texts, strokes[method], what))
        if there.any():
            low, middle, high = np.quantile(array[there], [0.25, 0.5, 0.75])
            told.append(f"{title}: half of the documents from {low:.3f} to {high:.3f}, median {middle:.3f}")
    figure = go.Figure(traces)
    figure.update_xaxes(TICKS, title_text=f"{what} of one document")
    figure.update_yaxes(TICKS, showgrid=False, autorange="reversed", automargin=True, tickfont={"color": INK})
    finish(figure, f"Distribution of {what} over documents. {'; '.join(told)}.", height=90 + 44 * len(values))
    return figure.update_layout(margin={"l": 150})


def _box(
    values: npt.NDArray[np.float64], title: str, texts: list[str] | None, stroke: Stroke, what: str
) -> go.Box:
    return go.Box(
        x=values,
        name=title,
        orientation="h",
        boxpoints="all",
        boxmean=True,
        jitter=0.5,
        pointpos=0,
        text=texts,
        line={"color": stroke.colour, "width": 1.5},
        fillcolor="rgba(0,0,0,0)",
        marker={"color": stroke.colour, "symbol": stroke.symbol, "size": 4, "opacity": 0.45},
        hoveron="points",
        hovertemplate=f"%{{text}}<br>{what} %{{x:.3f}}<extra></extra>",
    )


def _map(
    values: npt.NDArray[np.float32],
    rows: Sequence[int],
    names: Sequence[str],
    rationale: npt.NDArray[np.bool_] | None,
) -> go.Heatmap:
    top = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    signed = bool((values < 0).any())
    marks = ["" if rationale is None or not human else "<br>human rationale" for human in (
        [False] * len(names) if rationale is None else rationale
    )]  # fmt: skip
    scale = [[0.0, SOFT], [0.5, "#ffffff"], [1.0, AMBERS[-1][1]]] if signed else AMBERS
    return go.Heatmap(
        z=values,
        y=[str(row) for row in rows],
        customdata=np.array([[f"{name}{mark}" for name, mark in zip(names, marks, strict=True)]] * len(rows)),
        colorscale=scale,
        zmin=-top if signed else 0.0,
        zmax=top,
        xgap=0.5 if len(names) <= 200 else 0,
        ygap=1,
        colorbar={
            "title": {"text": "score"},
            "thickness": 10,
            "outlinewidth": 0,
            "tickfont": {"color": SOFT},
        },
        hovertemplate="<b>%{customdata}</b><br>layer %{y}: %{z:.4f}<extra></extra>",
    )


def _strip(names: Sequence[str], rationale: npt.NDArray[np.bool_]) -> go.Heatmap:
    return go.Heatmap(
        z=np.where(rationale, 1.0, np.nan)[None],
        y=["human"],
        customdata=[list(names)],
        colorscale=[[0, BLUE], [1, BLUE]],
        showscale=False,
        hovertemplate="<b>%{customdata}</b><br>human rationale<extra></extra>",
    )


def _frame(figure: go.Figure, row: int, words: int) -> None:
    figure.add_shape(
        type="rect", x0=-0.5, x1=words - 0.5, y0=row - 0.5, y1=row + 0.5, line={"color": INK, "width": 2},
        row=2, col=1,
    )  # fmt: skip


def _axes(figure: go.Figure, names: Sequence[str], rows: Sequence[int], unit: str) -> None:
    figure.update_xaxes(TICKS, showgrid=False, showline=False)
    figure.update_yaxes(TICKS, showgrid=False, showline=False)
    figure.update_xaxes(visible=False, row=1, col=1)
    figure.update_yaxes(autorange="reversed", title_text="layer", type="category", row=2, col=1)
    if len(names) <= _NAMED:
        figure.update_xaxes(
            tickvals=list(range(len(names))),
            ticktext=list(names),
            tickangle=-60,
            automargin=True,
            row=2,
            col=1,
        )
    else:
        figure.update_xaxes(title_text=f"{unit}, in reading order", row=2, col=1)


def _alt(
    words: Sequence[str],
    values: npt.NDArray[np.float32],
    rows: Sequence[int],
    rationale: npt.NDArray[np.bool_] | None,
    unit: str,
) -> str:
    human = "" if rationale is None else f", {int(rationale.sum())} of them in the human rationale"
    told = [f"Scores of {len(words)} {unit}s in {len(rows)} layers{human}."]
    for row, scores in zip(rows, values, strict=True):
        best = [visible(words[i])[:40] for i in np.argsort(-np.nan_to_num(scores), kind="stable")[:3]]
        told.append(f"Highest in layer {row}: {', '.join(best)}.")
    return " ".join(told)
