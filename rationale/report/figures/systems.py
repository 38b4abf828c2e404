"""Charts that compare token-dropping methods: metric against speed, tokens kept, rationale kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import plotly.graph_objects as go

from rationale.metrics.task import TITLES
from rationale.report.experiments import over_seeds
from rationale.report.figures.style import TICKS, distance, escape_plotly, finish
from rationale.report.palette import INK, SOFT
from rationale.report.table import Interval
from rationale.study.comparison import GridCell, by_setting

FLOPS = "operations"


def look(system: str) -> tuple[str, str]:
    """Returns colour and symbol that a dropping method declares; defaults if it is not registered."""
    from rationale.dropping import SYSTEMS, System  # imports torch

    if system == "plain":
        return INK, "star"
    known = SYSTEMS.get(system) if system in SYSTEMS else System
    return known.colour, known.symbol


def speeds(records: Sequence[GridCell]) -> list[str]:
    """Lists the measures of speed: operations, and the batch sizes that time was measured with."""
    return [FLOPS, *sorted({size for record in records for size in record.measured_speedup}, key=int)]


@dataclass(frozen=True)
class _Point:
    """A setting in a chart, averaged over its seeds."""

    system: str
    title: str
    name: str
    x: float
    y: Interval


def fronts(records: Sequence[GridCell], *, speed: str = FLOPS, height: int = 460) -> go.Figure:
    """Draws the metric against speed: one curve per dropping method, one point per setting.

    Bars are 95 % intervals over documents; with several seeds, the range over seeds.

    Args:
        records: The records of the comparison.
        speed: One of :func:`speeds`.
        height: In pixels.
    """
    title = "times fewer operations (FLOPs speedup)"
    if speed != FLOPS:
        title = f"times as fast as the plain model, batches of {speed} (measured)"
        records = [r for r in records if r.system == "plain" or speed in r.measured_speedup]
    name = TITLES[records[0].metric]
    return _by_system(
        [_seed_mean(cells, speed) for cells in by_setting(records)],
        titles=(title, name),
        alt=f"{name} against {'FLOPs' if speed == FLOPS else 'measured'} speedup, a curve per method",
        height=height,
        bars=True,
    )


def _seed_mean(cells: Sequence[GridCell], speed: str) -> _Point:
    """Averages the seeds of a setting to one point."""
    first, times = cells[0], fmean([_speed(cell, speed) for cell in cells])
    value = over_seeds([Interval(cell.value, cell.low, cell.high) for cell in cells])
    return _Point(first.system, first.title, first.setting_name, times, value)


def _speed(cell: GridCell, speed: str) -> float:
    if speed == FLOPS:
        return cell.flops_speedup
    measured = cell.measured_speedup.get(speed)
    return 1.0 if measured is None else measured.median


def tokens_kept_by_layer(records: Sequence[GridCell], *, height: int = 460) -> go.Figure:
    """Draws the share of tokens kept in each layer, one curve per run."""
    figure = go.Figure()
    for record in records:
        colour, symbol = look(record.system)
        figure.add_scatter(
            x=list(range(len(record.tokens_kept))),
            y=record.tokens_kept,
            name=escape_plotly(record.cell),
            legendgroup=record.cell,
            mode="lines+markers",
            line={"color": colour, "width": 1.5},
            marker={"symbol": symbol, "size": 8, "color": colour},
            hovertemplate=f"{escape_plotly(record.cell)}<br>layer %{{x}}: %{{y:.1%}} kept<extra></extra>",
        )
    figure.update_xaxes(TICKS, title_text="layer", dtick=1)
    figure.update_yaxes(TICKS, title_text="share of tokens kept", tickformat=".0%", rangemode="tozero")
    summary = "; ".join(f"{r.cell} {r.tokens_kept[0]:.0%} to {r.tokens_kept[-1]:.0%}" for r in records)
    alt = f"Share of tokens kept in each layer, a curve per run: {summary}."
    return finish(figure, alt, height=height).update_layout(showlegend=True)


def kept_rationale(records: Sequence[GridCell], *, height: int = 460) -> go.Figure | None:
    """Draws the share of rationale words kept in the last layer against that of other words."""
    points = [
        _Point(r.system, r.title, r.cell, r.rationale.fpr[-1], Interval(r.rationale.recall[-1]))
        for r in records
        if r.rationale and r.rationale.fpr[-1] is not None
    ]
    if not points:
        return None
    figure = _by_system(
        points,
        titles=("share of other words kept in the last layer", "share of the human rationale kept there"),
        alt="Share of the human rationale kept against the share of other words kept, a curve per method",
        height=height,
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": SOFT, "dash": "dot", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    return figure


def _by_system(
    points: Sequence[_Point], *, titles: tuple[str, str], alt: str, height: int, bars: bool = False
) -> go.Figure:
    figure, sentences = go.Figure(), []
    points = [point for point in points if point.y.value is not None]  # a metric that is not defined there
    for system in dict.fromkeys(point.system for point in points):
        curve = sorted((point for point in points if point.system == system), key=lambda point: point.x)
        colour, symbol = look(system)
        error = {
            "type": "data",
            "array": [distance(point.y.value, point.y.high) for point in curve],
            "arrayminus": [distance(point.y.low, point.y.value) for point in curve],
            "color": colour,
            "thickness": 1,
        }
        figure.add_scatter(
            x=[point.x for point in curve],
            y=[point.y.value for point in curve],
            text=[escape_plotly(point.name) for point in curve],
            name=escape_plotly(curve[0].title),
            legendgroup=system,
            mode="lines+markers",
            line={"color": colour, "width": 1.5},
            marker={"symbol": symbol, "size": 10, "color": colour},
            error_y=error if bars else None,
            hovertemplate="%{text}<br>%{x:.2f}, %{y:.3f}<extra></extra>",
        )
        first, last = (f"{point.y.value:.3f} at {point.x:.2f}" for point in (curve[0], curve[-1]))
        sentences.append(f"{curve[0].title} {first} to {last}")
    figure.update_xaxes(TICKS, title_text=titles[0])
    figure.update_yaxes(TICKS, title_text=titles[1])
    finished = finish(figure, f"{alt}: {'; '.join(sentences)}.", height=height)
    return finished.update_layout(showlegend=True)
