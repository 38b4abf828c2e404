"""A comparison of systems as a table, a figure and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from rationale.files import atomic_text
from rationale.report.figures.style import TICKS, finish, plain
from rationale.report.html import render
from rationale.report.palette import AMBER, BLUE, GREY, INK, SOFT
from rationale.report.prose import Fact
from rationale.report.sections import Block, Section
from rationale.report.table import Cell, Column, Interval, Table

Record = Mapping[str, Any]
_LOOKS = {
    "plain": (INK, "star"),
    "adapler": (AMBER, "circle"),
    "ltp": (BLUE, "square"),
    "power-bert": ("#0e4827", "triangle-up"),
    "lat": ("#6b1be1", "diamond"),
    "spatten": ("#be074d", "pentagon"),
    "tr-bert": ("#0e7490", "hexagon"),
    "random": (GREY, "x"),
    "first": (GREY, "cross"),
}
_MARGIN = 0.01


def within_a_point(records: Sequence[Record]) -> dict[str, Record]:
    """The papers' rule: each system's fastest cell that loses at most a point, where it has one."""
    found: dict[str, Record] = {}
    for record in records:
        system = record["system"]
        near = record.get("difference", -1.0) >= -_MARGIN - 1e-9
        if near and record["flops_speedup"] > found.get(system, {"flops_speedup": 0.0})["flops_speedup"]:
            found[system] = record
    return found


def systems_table(records: Sequence[Record]) -> Table:
    """A row a cell: what it costs and saves, and what it keeps of the human rationale."""
    chosen = {record["cell"] for record in within_a_point(records).values()}
    batches = sorted({size for r in records for size in r["measured_speedup"]}, key=int)
    columns = [
        Column("cell", "Cell", "text", header=True),
        Column("accuracy", "Accuracy", "interval"),
        Column("difference", "Against plain", "interval"),
        Column("flops_speedup", "FLOPs", "number", digits=2),
        *(Column(f"measured_{size}", f"Measured, batch {size}", "interval", digits=2) for size in batches),
        Column("alive", "Tokens alive, last layer", "number"),
        Column("recall", "Rationale kept, last layer", "number"),
        Column("fpr", "FPR, last layer", "number"),
        Column("steps", "Steps", "integer"),
        Column("seconds", "Seconds", "number", digits=0),
    ]
    rows = [_row(record, batches, record["cell"] in chosen) for record in records]
    note = "Fastest within a point of plain, a system: marked *." if chosen else ""
    return Table(tuple(columns), tuple(rows), f"Every cell, one seed a row. {note}".strip())


def _row(record: Record, batches: Sequence[str], chosen: bool) -> tuple[Cell, ...]:
    kept = record["rationale"] or {}
    gap = (record.get(f"difference{end}") for end in ("", "_low", "_high"))
    measured = (record["measured_speedup"].get(size) for size in batches)
    return (
        record["cell"] + (" *" if chosen else ""),
        Interval(record["accuracy"], record["low"], record["high"]),
        Interval(*gap),
        record["flops_speedup"],
        *(Interval(m["median"], m["min"], m["max"]) if m else None for m in measured),
        record["alive"][-1],
        *((kept[name][-1] if kept else None) for name in ("recall", "fpr")),
        record["steps"],
        record["seconds"],
    )


FLOPS = "operations"


def speeds(records: Sequence[Record]) -> list[str]:
    """What speed can be told in: operations, and the batch sizes that time was measured with."""
    return [FLOPS, *sorted({size for record in records for size in record["measured_speedup"]}, key=int)]


def fronts(records: Sequence[Record], *, speed: str = FLOPS, height: int = 460) -> go.Figure:
    """Accuracy against speed: a curve a system, its points in the order of their speed.

    Args:
        records: Of the comparison.
        speed: One of :func:`speeds`.
        height: In pixels.
    """
    title = "times fewer operations (FLOPs speedup)"
    if speed != FLOPS:
        title = f"times as fast as the plain model, batches of {speed} (measured)"
        records = [
            {**record, "flops_speedup": record["measured_speedup"].get(speed, {}).get("median", 1.0)}
            for record in records
        ]
    return _by_system(
        records,
        y="accuracy",
        ends=("low", "high"),
        titles=(title, "accuracy"),
        alt=f"Accuracy against {'FLOPs' if speed == FLOPS else 'measured'} speedup, a curve a system",
        height=height,
    )


def alive_by_layer(records: Sequence[Record], *, height: int = 460) -> go.Figure:
    """The share of tokens alive in each layer, a curve a cell."""
    figure = go.Figure()
    for record in records:
        colour, symbol = _LOOKS.get(record["system"], (SOFT, "circle-open"))
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
    """The share of the human rationale still alive in the last layer, against the share of tokens alive."""
    held = [
        {**r, "kept": r["rationale"]["recall"][-1], "left": r["alive"][-1]} for r in records if r["rationale"]
    ]
    if not held:
        return None
    figure = _by_system(
        held,
        x="left",
        y="kept",
        titles=("share of tokens alive in the last layer", "share of the human rationale kept"),
        alt="Share of the human rationale kept against the share of tokens kept, a curve a system",
        height=height,
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": SOFT, "dash": "dot", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    return figure


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
    for system in dict.fromkeys(record["system"] for record in records):
        own = sorted((r for r in records if r["system"] == system), key=lambda r: r[x])
        colour, symbol = _LOOKS.get(system, (SOFT, "circle-open"))
        bars = None
        if ends:
            low, high = ends
            bars = {
                "type": "data",
                "array": [r[high] - r[y] for r in own],
                "arrayminus": [r[y] - r[low] for r in own],
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


def comparison_page(comparison: Mapping[str, Any], out: str | Path, *, overwrite: bool = False) -> Path:
    """Writes the comparison as one offline HTML file.

    Args:
        comparison: What :func:`rationale.study.compare.compare` returned.
        out: The HTML file.
        overwrite: Whether it may be replaced.
    """
    records, recipe = comparison["records"], comparison["recipe"]
    blocks = [
        Block(
            figure=fronts(records),
            caption="Accuracy with 95 % intervals over documents; to the right, fewer operations.",
        ),
        Block(table=systems_table(records)),
        Block(figure=alive_by_layer(records), caption="Tokens that pass each layer, of those of the input."),
    ]
    sections = [
        Section(
            "results",
            "Accuracy against operations",
            (
                "Every system was trained from the same plain fine-tuning and evaluated on the same "
                "documents. Operations are counted on unpadded inputs; time is measured in the same run "
                "against the same model undropped. A system that does not beat dropping by lot, or keeping "
                "the beginning, has shown nothing.",
            ),
            tuple(blocks),
        )
    ]
    kept = kept_rationale(records)
    if kept is not None:
        caption = "On the dotted line rationale words are dropped as often as any; above it they are spared."
        sections.append(
            Section(
                "rationale",
                "Does what drops more also drop what humans marked?",
                ("Each point is a model: what is left of all tokens, and of the words humans marked.",),
                (Block(figure=kept, caption=caption),),
            )
        )
    reported = recipe["reported"]
    subject = f"{recipe['model']} on {reported['source']}" + (
        f", {reported['split']}" if reported["split"] else ""
    )
    page = render(
        "comparison.html",
        title=f"Token-dropping systems compared: {subject}",
        subtitle=subject,
        sections=sections,
        measured=[
            Fact("Documents", f"{records[0]['n']:,}"),
            Fact("Common options", ", ".join(f"{k} {v}" for k, v in recipe["common"].items()) or "defaults"),
            Fact("Cells", ", ".join(record["cell"] for record in records)),
        ],
    )
    return atomic_text(out, page, overwrite=overwrite)
