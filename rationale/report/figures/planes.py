"""Charts of one metric against another: recall and false positive rate, faithfulness and plausibility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from rationale.report.figures.style import TICKS, escape_plotly, finish
from rationale.report.palette import SOFT, strokes
from rationale.report.results import Results, titled

if TYPE_CHECKING:
    from rationale.agreement import Agreement, Estimate

Pairs = list[tuple["Estimate", "Estimate"]]


def selection_plane(
    agreement: Agreement,
    select: str = "threshold",
    *,
    methods: Sequence[str] | None = None,
    height: int = 480,
) -> go.Figure:
    """Draws recall against FPR of the selected words, one path through the layers per method.

    On the diagonal rationale words are selected as often as others (chance), above it more often.

    Args:
        agreement: What ``agree`` returned.
        select: The selection.
        methods: Which to draw; None draws all.
        height: In pixels.
    """
    results = Results(agreement)
    figure = _plane(results, ("fpr", "recall"), select, methods)
    figure.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, line={"color": SOFT, "dash": "dot", "width": 1}, layer="below"
    )
    figure.add_annotation(
        x=0.99,
        y=0.02,
        xref="paper",
        yref="paper",
        xanchor="right",
        text="below the dotted line: worse than chance",
        font={"size": 12, "color": SOFT},
        showarrow=False,
    )
    right = max((max(trace.x) for trace in figure.data), default=1.0)
    recipe = agreement.recipe
    figure.update_xaxes(
        TICKS, range=[-0.02, min(1.0, right + 0.1) + 0.02], title_text=titled("fpr", select, recipe)
    )
    figure.update_yaxes(TICKS, range=[-0.02, 1.05], title_text=titled("recall", select, recipe))
    return _finish(
        figure, "Recall against false positive rate of the selected words, layer by layer.", height
    )


def faithfulness_plane(
    agreement: Agreement,
    faithfulness: str = "comprehensiveness",
    plausibility: str = "ap",
    *,
    methods: Sequence[str] | None = None,
    height: int = 480,
) -> go.Figure:
    """Draws a faithfulness metric against plausibility, with both intervals; numbers are layers.

    Args:
        agreement: What ``agree`` returned, of scores made with faithfulness.
        faithfulness: The metric on the y axis.
        plausibility: The metric on the x axis; one that needs no selection.
        methods: Which to draw; None draws all.
        height: In pixels.
    """
    results = Results(agreement)
    figure = _plane(results, (plausibility, faithfulness), None, methods, intervals=True)
    figure.update_xaxes(TICKS, title_text=f"{titled(plausibility)}: agreement with the human rationale")
    figure.update_yaxes(TICKS, title_text=f"{titled(faithfulness)}: faithfulness to the model")
    return _finish(figure, f"{titled(faithfulness)} against {titled(plausibility)}.", height)


def _plane(
    results: Results,
    axes: tuple[str, str],
    select: str | None,
    methods: Sequence[str] | None,
    *,
    intervals: bool = False,
) -> go.Figure:
    stroke_of = strokes(results.methods, results.agreement.recipe)
    traces = []
    for method in results.methods:
        pairs = _pairs(results, method, axes, select)
        if not pairs or (methods is not None and method not in methods):
            continue
        stroke = stroke_of[method]
        traces.append(
            go.Scatter(
                x=[x.value for x, _ in pairs],
                y=[y.value for _, y in pairs],
                error_x=_errors([x for x, _ in pairs], stroke.colour) if intervals else None,
                error_y=_errors([y for _, y in pairs], stroke.colour) if intervals else None,
                name=escape_plotly(results.title(method)),
                mode="lines+markers+text",
                text=_numbers(pairs, every=intervals),
                textposition="top right",
                textfont={"size": 11, "color": SOFT},
                line={
                    "color": stroke.colour,
                    "dash": stroke.dash,
                    "width": 1 if results.is_reference(method) else 1.6,
                },
                marker={"symbol": stroke.symbol, "size": 9, "color": stroke.colour},
                customdata=[_facts(x, y) for x, y in pairs],
                hovertemplate="<b>%{fullData.name}</b><br>%{customdata}<extra></extra>",
            )
        )
    return go.Figure(traces)


def _pairs(results: Results, method: str, axes: tuple[str, str], select: str | None) -> Pairs:
    pairs = [
        (results.get(method, layer, axes[0], select), results.get(method, layer, axes[1], select))
        for layer in results.layers(method)
    ]
    return [(x, y) for x, y in pairs if x and y and x.value is not None and y.value is not None]


def _numbers(pairs: Pairs, *, every: bool) -> list[str]:
    """Returns layer numbers of all points, or of the ends of a path; none if there is one layer."""
    if len(pairs) == 1:
        return [""]
    ends = (pairs[0][0].layer, pairs[-1][0].layer)
    return [str(x.layer) if every or x.layer in ends else "" for x, _ in pairs]


def _errors(records: Sequence[Estimate], colour: str) -> Mapping[str, object]:
    above = [(r.high if r.high is not None else r.value or 0.0) - (r.value or 0.0) for r in records]
    below = [(r.value or 0.0) - (r.low if r.low is not None else r.value or 0.0) for r in records]
    return {
        "type": "data", "symmetric": False, "array": above, "arrayminus": below,
        "color": colour, "thickness": 1, "width": 0,
    }  # fmt: skip


def _facts(*records: Estimate) -> str:
    lines = [f"layer {records[0].layer}"]
    for r in records:
        interval = "" if r.low is None or r.high is None else f" [{r.low:.3f}, {r.high:.3f}]"
        lines.append(f"{titled(r.metric)} {r.value:.3f}{interval}")
    lines += [rule for rule in dict.fromkeys(r.rule for r in records) if rule]
    return "<br>".join(lines)


def _finish(figure: go.Figure, what: str, height: int) -> go.Figure:
    paths = [
        f"{trace.name}: {trace.x[0]:.3f}, {trace.y[0]:.3f}"
        + (f" to {trace.x[-1]:.3f}, {trace.y[-1]:.3f}" if len(trace.x) > 1 else "")
        for trace in figure.data
    ]
    finish(figure, f"{what} {'; '.join(paths)}.", height=height)
    figure.update_layout(
        showlegend=True,
        legend={"x": 1.02, "y": 1, "itemwidth": 40, "font": {"size": 12}},
    )
    return figure
