"""Token-dropping systems beside each other: fronts, tokens alive, and what is kept of the rationale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import plotly.graph_objects as go

from rationale.metrics.task import TITLES
from rationale.report.experiments import over_seeds
from rationale.report.figures.style import TICKS, finish, plain
from rationale.report.palette import INK, SOFT
from rationale.study.comparison import by_setting, setting_of

Record = Mapping[str, Any]

FLOPS = "operations"


def look(system: str) -> tuple[str, str]:
    """Colour and symbol of a system, as it says itself; of one whose code is not here, those of no other."""
    from rationale.dropping import SYSTEMS, System  # imports torch

    if system == "plain":
        return INK, "star"
    known = SYSTEMS.get(system) if system in SYSTEMS else System
    return known.colour, known.symbol


def speeds(records: Sequence[Record]) -> list[str]:
    """What speed can be told in: operations, and the batch sizes that time was measured with."""
    return [FLOPS, *sorted({size for record in records for size in record["measured_speedup"]}, key=int)]


def fronts(records: Sequence[Record], *, speed: str = FLOPS, height: int = 460) -> go.Figure:
    """The figure against speed: a curve a system, a point a setting, in the order of their speed.

    Bars are 95 % intervals over documents; with several seeds, from the least to the greatest.

    Args:
        records: Of the comparison.
        speed: One of :func:`speeds`.
        height: In pixels.
    """
    title = "times fewer operations (FLOPs speedup)"
    if speed != FLOPS:
        title = f"times as fast as the plain model, batches of {speed} (measured)"
        timed = [r for r in records if r["system"] == "plain" or speed in r["measured_speedup"]]
        records = [
            {**r, "flops_speedup": r["measured_speedup"].get(speed, {}).get("median", 1.0)} for r in timed
        ]
    name = TITLES[records[0]["metric"]]
    return _by_system(
        [_joined(cells) for cells in by_setting(records)],
        y="value",
        ends=("low", "high"),
        titles=(title, name),
        alt=f"{name} against {'FLOPs' if speed == FLOPS else 'measured'} speedup, a curve a system",
        height=height,
    )


def _joined(cells: Sequence[Record]) -> Record:
    """The seeds of a setting as one point."""
    shown = over_seeds(cells, "value", "low", "high")
    speed = fmean([cell["flops_speedup"] for cell in cells])
    ends = {"value": shown.value, "low": shown.low, "high": shown.high}
    return {**cells[0], **ends, "flops_speedup": speed, "cell": setting_of(cells[0])}


def alive_by_layer(records: Sequence[Record], *, height: int = 460) -> go.Figure:
    """The share of tokens alive in each layer, a curve a cell."""
    figure = go.Figure()
    for record in records:
        colour, symbol = look(record["system"])
        figure.add_scatter(
            x=list(range(len(record["alive"]))),
            y=record["alive"],
            name=plain(record["cell"]),
            legendgroup=record["cell"],
            mode="lines+markers",
            line={"color": colour, "width": 1.5},
            marker={"symbol": symbol, "size": 8, "color": colour},
            hovertemplate=f"{plain(record['cell'])}<br>layer %{{x}}: %{{y:.1%}} alive<extra></extra>",
        )
    figure.update_xaxes(TICKS, title_text="layer", dtick=1)
    figure.update_yaxes(TICKS, title_text="share of tokens alive", tickformat=".0%", rangemode="tozero")
    told = "; ".join(f"{r['cell']} {r['alive'][0]:.0%} to {r['alive'][-1]:.0%}" for r in records)
    alt = f"Share of tokens alive in each layer, a curve a cell: {told}."
    return finish(figure, alt, height=height).update_layout(showlegend=True)


def kept_rationale(records: Sequence[Record], *, height: int = 460) -> go.Figure | None:
    """The share of marked words still alive in the last layer, against that of the words nobody marked."""
    held = [
        {**r, "kept": r["rationale"]["recall"][-1], "left": r["rationale"]["fpr"][-1]}
        for r in records
        if r["rationale"]
    ]
    if not held:
        return None
    figure = _by_system(
        held,
        x="left",
        y="kept",
        titles=("share of other words alive in the last layer", "share of the human rationale alive there"),
        alt="Share of the human rationale kept against the share of other words kept, a curve a system",
        height=height,
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": SOFT, "dash": "dot", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    return figure


def _distance(low: float | None, high: float | None) -> float | None:
    """How long an arm of an error bar is; None where an interval has no such end."""
    return None if low is None or high is None else high - low


def _by_system(
    records: Sequence[Record],
    *,
    y: str,
    titles: tuple[str, str],
    alt: str,
    height: int,
    x: str = "flops_speedup",
    ends: tuple[str, str] | None = None,
) -> go.Figure:
    figure, told = go.Figure(), []
    records = [record for record in records if record[y] is not None]  # a metric that is not defined there
    for system in dict.fromkeys(record["system"] for record in records):
        own = sorted((r for r in records if r["system"] == system), key=lambda r: r[x])
        colour, symbol = look(system)
        bars = None
        if ends:
            low, high = ends
            bars = {
                "type": "data",
                "array": [_distance(r[y], r[high]) for r in own],
                "arrayminus": [_distance(r[low], r[y]) for r in own],
                "color": colour,
                "thickness": 1,
            }
        figure.add_scatter(
            x=[r[x] for r in own],
            y=[r[y] for r in own],
            text=[plain(r["cell"]) for r in own],
            name=plain(own[0]["title"]),
            legendgroup=system,
            mode="lines+markers",
            line={"color": colour, "width": 1.5},
            marker={"symbol": symbol, "size": 10, "color": colour},
            error_y=bars,
            hovertemplate="%{text}<br>%{x:.2f}, %{y:.3f}<extra></extra>",
        )
        first, last = (f"{r[y]:.3f} at {r[x]:.2f}" for r in (own[0], own[-1]))
        told.append(f"{own[0]['title']} {first} to {last}")
    figure.update_xaxes(TICKS, title_text=titles[0])
    figure.update_yaxes(TICKS, title_text=titles[1])
    done = finish(figure, f"{alt}: {'; '.join(told)}.", height=height)
    return done.update_layout(showlegend=True)
