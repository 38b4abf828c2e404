"""The chart of a randomisation check: similarity of scores against the parts that are re-drawn."""

from __future__ import annotations

from collections.abc import Iterator

import plotly.graph_objects as go

from rationale.report.figures.style import TICKS, Trace, band, distance, escape_plotly, finish
from rationale.report.palette import SOFT, Stroke, strokes
from rationale.study.sanity.result import Mean, Orders, Outcome, Sanity

_NONE = "none"  # the step before the first: nothing is re-drawn


def similarity_curves(result: Sanity, *, height: int = 460) -> go.Figure:
    """Draws the mean rank correlation of each step, one line per method and layer.

    Args:
        result: The check.
        height: In pixels.
    """
    figure = go.Figure()
    stroke_of = strokes(result.recipe.sanity.layers, result.recipe)
    for outcome in result.outcomes:
        figure.add_traces(list(_traces(result, outcome, stroke_of[outcome.method])))
    means = [one.spearman for one in result.similarities]
    level = {"color": SOFT, "dash": "dot", "width": 1}
    figure.add_hline(y=result.random.spearman, line=level)
    cascade = result.recipe.sanity.mode == "cascade"
    title = "re-drawn, from the head down to this part" if cascade else "re-drawn, this part alone"
    steps = [*([_NONE] if cascade else []), *result.recipe.sanity.parts]
    figure.update_xaxes(TICKS, title_text=title, type="category", categoryarray=steps)
    lowest = min((m.low for m in means if m.low is not None), default=0.0)
    span = [min(lowest, 0.0) - 0.05, 1.05]
    figure.update_yaxes(TICKS, title_text="rank correlation with the original scores", range=span)
    return finish(figure, _alt(result), height=height).update_layout(showlegend=True)


def order_chart(result: Sanity, orders: Orders, *, height: int = 0) -> go.Figure:
    """Draws the mean AOPC comprehensiveness of each method and layer, and a line at that of random orders.

    Args:
        result: A check.
        orders: Its AOPC.
        height: In pixels; 0 fits the number of rows.
    """
    random, *methods = [one.aopc_comprehensiveness for one in orders.means]
    names = [result.title(outcome.method, outcome.layer) for outcome in result.outcomes]
    stroke_of = strokes(result.recipe.sanity.layers, result.recipe)
    figure = go.Figure()
    for outcome, name, mean in zip(result.outcomes, names, methods, strict=True):
        colour = stroke_of[outcome.method].colour
        figure.add_scatter(
            x=[mean.value],
            y=[escape_plotly(name)],
            mode="markers",
            marker={"size": 9, "color": colour},
            error_x={
                "type": "data",
                "array": [distance(mean.value, mean.high)],
                "arrayminus": [distance(mean.low, mean.value)],
                "color": colour,
                "thickness": 1,
                "width": 0,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    if random.value is not None:
        figure.add_vline(x=random.value, line={"color": SOFT, "dash": "dot", "width": 1})
    figure.update_xaxes(TICKS, title_text="AOPC comprehensiveness")
    figure.update_yaxes(TICKS, autorange="reversed")
    shown = zip(["random order", *names], [random, *methods], strict=True)
    values = "; ".join(f"{name}: {_number(mean)}" for name, mean in shown)
    alt = f"AOPC comprehensiveness of the original model's scores. {values}."
    return finish(figure, alt, height=height or 120 + 28 * len(names)).update_layout(showlegend=False)


def _number(mean: Mean) -> str:
    return "undefined" if mean.value is None else f"{mean.value:.2f}"


def _traces(result: Sanity, outcome: Outcome, stroke: Stroke) -> Iterator[go.Scatter | Trace]:
    """Yields the interval band and the line of one method and layer."""
    curve = result.curve(outcome.method, outcome.layer)
    title = result.title(outcome.method, outcome.layer)
    group = f"{outcome.method} {outcome.layer}"
    certain = [
        (one.part, one.spearman.low, one.spearman.high)
        for one in curve
        if one.spearman.low is not None and one.spearman.high is not None
    ]
    if certain:
        parts, low, high = zip(*certain, strict=True)
        yield band(parts, low, high, stroke.colour, 0.12, legendgroup=group, showlegend=False)
    cascade = result.recipe.sanity.mode == "cascade"
    start = [(_NONE, 1.0, True)] if cascade else []
    points = [*start, *((one.part, one.spearman.value, one.applies) for one in curve)]
    closed = stroke.symbol.removesuffix("-open")
    yield go.Scatter(
        x=[part for part, _, _ in points],
        y=[value for _, value, _ in points],
        name=escape_plotly(title),
        legendgroup=group,
        mode="lines+markers" if cascade else "markers",
        line={"color": stroke.colour, "dash": stroke.dash, "width": 2},
        marker={
            "symbol": [closed if applies else f"{closed}-open" for _, _, applies in points],
            "size": 8,
            "color": stroke.colour,
        },
        hovertemplate=f"{escape_plotly(title)}<br>%{{x}}: %{{y:.3f}}<extra></extra>",
    )


def _alt(result: Sanity) -> str:
    ends = []
    for outcome in result.outcomes:
        last = result.curve(outcome.method, outcome.layer)[-1]
        title = result.title(outcome.method, outcome.layer)
        ends.append(f"{title}: {_number(last.spearman)} with {last.part} re-drawn")
    return f"Rank correlation with the original scores against what is re-drawn. {'; '.join(ends)}."
