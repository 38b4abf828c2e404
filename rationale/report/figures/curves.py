"""Layer curves: a metric against the layer, with interval bands (the AdapLeR paper's Figure 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rationale.report.figures.style import TICKS, Trace, band, escape_plotly, finish, spread_apart
from rationale.report.palette import INK, Stroke, strokes
from rationale.report.results import Results, registered_metric, titled

if TYPE_CHECKING:
    from rationale.agreement import Agreement, Estimate

_LABEL_GAP = 16  # pixels between the middles of two labels
_LABEL_ROOM = 172  # pixels right of the panel


@dataclass(frozen=True)
class _Line:
    """One method in one panel."""

    name: str
    title: str
    records: Sequence[Estimate]
    stroke: Stroke
    flat: bool  # no layers: one value, drawn as a horizontal line

    @property
    def values(self) -> list[float]:
        return [r.value for r in self.records if r.value is not None]

    def stretched(self, values: Sequence[float], last: int) -> tuple[list[float], list[float]]:
        """Returns x and y of the line; a flat one runs through all layers."""
        if self.flat:
            return [0.0, float(last)], [values[0]] * 2
        return [float(r.layer) for r in self.records], list(values)


def layer_curves(
    agreement: Agreement,
    metric: str | Sequence[str] = "ap",
    select: str | None = None,
    *,
    methods: Sequence[str] | None = None,
    height: int = 400,
) -> go.Figure:
    """Draws each method's curve over the layers with a label; methods without layers are dashed lines.

    Args:
        agreement: What ``agree`` returned.
        metric: A metric, or several, each in its own panel.
        select: The selection, for metrics that need one.
        methods: Which to draw; None draws all. Strokes do not depend on it.
        height: Height of a panel in pixels.
    """
    names = [metric] if isinstance(metric, str) else list(metric)
    results = Results(agreement)
    shown = [m for m in results.methods if methods is None or m in methods]
    last = max((results.last_layer(m) for m in shown), default=0)
    figure = make_subplots(
        rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=0.2 / (3 * len(names))
    )
    traces: list[Trace] = []
    labels: list[Mapping[str, object]] = []
    for row, name in enumerate(names, start=1):
        chosen = select if registered_metric(name).needs_selection else None
        lines = _lines(results, shown, name, chosen)
        span = _range(lines, bounded=registered_metric(name).low >= 0)
        axis = "" if row == 1 else str(row)
        panel = [*_bands(lines, last or 1), *(_curve(line, last or 1) for line in lines)]
        traces += [{**trace, "xaxis": f"x{axis}", "yaxis": f"y{axis}"} for trace in panel]
        labels += _labels(lines, last or 1, span, height, row)
        figure.update_yaxes(
            TICKS, title_text=titled(name, chosen, agreement.recipe), range=span, row=row, col=1
        )
    figure.add_traces(traces)
    figure.update_xaxes(TICKS, range=[-0.12, (last or 1) + 0.12], dtick=1)
    figure.update_xaxes(title_text="layer", row=len(names), col=1)
    figure.update_layout(annotations=labels)
    alt = _alt(results, shown, names, select)
    return finish(figure, alt, height=80 + height * len(names), right=_LABEL_ROOM)


def _lines(results: Results, methods: Sequence[str], metric: str, select: str | None) -> list[_Line]:
    stroke_of = strokes(results.methods, results.agreement.recipe)
    lines = []
    for name in methods:
        records = results.curve(name, metric, select)
        if records:
            flat = not results.layered(name)
            lines.append(_Line(name, results.title(name), records, stroke_of[name], flat))
    return lines


def _range(lines: Sequence[_Line], *, bounded: bool) -> tuple[float, float]:
    """Returns the range of the axis, from 0 (or the lowest end of an interval) to just above the highest."""
    ends = [
        end for line in lines for r in line.records for end in (r.low, r.value, r.high) if end is not None
    ]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    margin = 0.06 * ((high - low) or 1.0)
    return (0.0 if bounded else low - margin), high + margin


def _curve(line: _Line, last: int) -> Trace:
    x, y = line.stretched(line.values, last)
    stroke = line.stroke
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "name": escape_plotly(line.title),
        "mode": "lines+markers",
        "line": {"color": stroke.colour, "dash": stroke.dash, "width": 1.5 if line.flat else 2.2},
        "marker": {
            "symbol": stroke.symbol,
            "size": [0, 8] if line.flat else 8,
            "color": stroke.colour,
            "line": {"color": stroke.colour, "width": 1},
            "opacity": 1,
        },
        "legendgroup": line.name,
        "customdata": [_facts(r) for r in line.records] * (2 if line.flat else 1),
        "hovertemplate": "<b>%{fullData.name}</b><br>%{customdata}<extra></extra>",
    }


def _bands(lines: Sequence[_Line], last: int) -> Iterator[Trace]:
    """Draws the intervals of each line whose records all have one."""
    for line in lines:
        if any(r.low is None or r.high is None for r in line.records):
            continue
        x, low = line.stretched([r.low or 0.0 for r in line.records], last)
        _, high = line.stretched([r.high or 0.0 for r in line.records], last)
        strength = 0.05 if line.flat else 0.1
        yield band(
            x, low, high, line.stroke.colour, strength, legendgroup=line.name, name=escape_plotly(line.title)
        )


def _labels(
    lines: Sequence[_Line], last: int, span: tuple[float, float], height: int, row: int
) -> Iterator[Mapping[str, object]]:
    """Labels each curve at its right end, with a line in the curve's colour from the curve to the label."""
    low, high = span
    pixels = height / (high - low)
    ends = [line.values[-1] for line in lines]
    places = spread_apart(ends, _LABEL_GAP / pixels, low, high)
    axis = "" if row == 1 else str(row)
    for line, end, place in zip(lines, ends, places, strict=True):
        yield {
            "x": last,
            "y": end,
            "xref": f"x{axis}",
            "yref": f"y{axis}",
            "ax": 30,
            "ay": (end - place) * pixels,
            "text": escape_plotly(line.title),
            "font": {"size": 12, "color": INK},
            "xanchor": "left",
            "arrowhead": 0,
            "arrowwidth": 1,
            "arrowcolor": line.stroke.colour,
            "standoff": 5,
        }


def _facts(record: Estimate) -> str:
    value = f"{titled(record.metric)} {record.value:.3f}"
    interval = "" if record.low is None else f" [{record.low:.3f}, {record.high:.3f}]"
    rule = f"<br>{record.rule}" if record.rule else ""
    return f"layer {record.layer}: {value}{interval}<br>n = {record.n}, {record.skipped} skipped{rule}"


def _alt(results: Results, methods: Sequence[str], metrics: Sequence[str], select: str | None) -> str:
    """Describes the curves: the value of each method in its first and last layer, and its best layer."""
    parts = []
    for metric in metrics:
        chosen = select if registered_metric(metric).needs_selection else None
        sentences = [_method_sentence(results, method, metric, chosen) for method in methods]
        parts.append(
            f"{titled(metric, chosen, results.agreement.recipe)} by layer. "
            + " ".join(filter(None, sentences))
        )
    return " ".join(parts)


def _method_sentence(results: Results, method: str, metric: str, select: str | None) -> str:
    curve = results.curve(method, metric, select)
    if not curve:
        return ""
    title, first, last = results.title(method), curve[0], curve[-1]
    if first is last:
        return f"{title}: {first.value:.3f}, the same in every layer."
    best = results.best_layer(method, metric, select)
    ends = [f"{r.value:.3f} in layer {r.layer}" for r in (first, last)]
    return f"{title}: {', '.join(ends)}, best in layer {best}."
