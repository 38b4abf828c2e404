"""Charts of the distribution of a metric over documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from rationale.arrays import Float64
from rationale.report.figures.style import TICKS, escape_plotly, finish
from rationale.report.palette import INK, Stroke


def document_distribution(
    values: Mapping[str, npt.ArrayLike],
    strokes: Mapping[str, Stroke],
    *,
    titles: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    what: str = "AP",
) -> go.Figure:
    """Draws for each method a box over documents, and one dot per document.

    Args:
        values: For each method float (D,), NaN where a document was left out.
        strokes: The line style of each method.
        titles: The titles of the methods.
        names: The names of the documents, shown on hover.
        what: The title of the metric.
    """
    traces, sentences = [], []
    for method, numbers in values.items():
        array = np.asarray(numbers, dtype=np.float64)
        defined = ~np.isnan(array)
        title = escape_plotly((titles or {}).get(method, method))
        texts = (
            None if names is None else [escape_plotly(n) for n, ok in zip(names, defined, strict=True) if ok]
        )
        traces.append(_box(array[defined], title, texts, strokes[method], what))
        if defined.any():
            low, middle, high = np.quantile(array[defined], [0.25, 0.5, 0.75])
            sentences.append(
                f"{title}: half of the documents from {low:.3f} to {high:.3f}, median {middle:.3f}"
            )
    figure = go.Figure(traces)
    figure.update_xaxes(TICKS, title_text=f"{what} of one document")
    figure.update_yaxes(TICKS, showgrid=False, autorange="reversed", automargin=True, tickfont={"color": INK})
    finish(
        figure,
        f"Distribution of {what} over documents. {'; '.join(sentences)}.",
        height=90 + 44 * len(values),
    )
    return figure.update_layout(margin={"l": 150})


def _box(values: Float64, title: str, texts: list[str] | None, stroke: Stroke, what: str) -> go.Box:
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
