"""A comparison of systems as a table, a figure and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from rationale.files import atomic_text
from rationale.report.figures.style import TICKS, finish, plain
from rationale.report.html import render
from rationale.report.lengths import lengths_section
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


FIGURES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "mcc": "Matthews' correlation",
    "pearson": "Pearson's r",
    "spearman": "Spearman's rho",
}


def within_a_point(records: Sequence[Record]) -> dict[str, list[Record]]:
    """The papers' rule: each system's fastest setting that loses at most a point, as all its seeds.

    Chosen on dev where there is one, so that what is reported chose nothing; the mean over seeds counts.
    """
    found: dict[str, tuple[float, list[Record]]] = {}
    for cells in _settings(records):
        system = cells[0]["system"]
        judged = [record["dev"] or record for record in cells]
        if system == "plain" or any("difference" not in one for one in judged):
            continue
        speed = _mean(
            [one.get("speedup", record["flops_speedup"]) for one, record in zip(judged, cells, strict=True)]
        )
        near = _mean([one["difference"] for one in judged]) >= -_MARGIN - 1e-9
        if near and speed > found.get(system, (0.0, []))[0]:
            found[system] = speed, cells
    return {system: cells for system, (_, cells) in found.items()}


def _settings(records: Sequence[Record]) -> list[list[Record]]:
    """The cells of each setting, its seeds together, in the order of the first."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(_setting(record), []).append(record)
    return list(found.values())


def _setting(record: Record) -> str:
    return str(record["cell"]).rpartition("-seed")[0] or str(record["cell"])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def rule_table(records: Sequence[Record]) -> Table:
    """What the papers' tables say: each system at its largest speedup within a point of plain on dev."""
    chosen = within_a_point(records)
    columns = (
        Column("system", "System", "text", header=True),
        Column("setting", "Setting", "text"),
        Column("value", FIGURES[records[0]["metric"]], "interval"),
        Column("difference", "Against plain", "interval"),
        Column("flops_speedup", "FLOPs", "number", digits=2),
        Column("dev_difference", "Against plain, dev", "number"),
        Column("steps", "Steps", "integer"),
        Column("seconds", "Seconds", "number", digits=0),
    )
    systems = dict.fromkeys(r["system"] for r in records if r["system"] != "plain")
    rows = [_chosen_row(system, chosen.get(system), records) for system in systems]
    several = len({record["seed"] for record in records}) > 1
    spread = "mean and range over seeds" if several else "one seed, 95 % intervals over documents"
    return Table(columns, tuple(rows), f"The fastest setting within a point of plain on dev; {spread}.")


def _chosen_row(system: str, cells: list[Record] | None, records: Sequence[Record]) -> tuple[Cell, ...]:
    title = next(r["title"] for r in records if r["system"] == system)
    if cells is None:
        return (title, "none within a point", *[None] * 6)
    first = cells[0]
    seconds = [c["seconds"] for c in cells]
    return (
        title,
        ", ".join(f"{name} {value}" for name, value in first["setting"].items()) or "defaults",
        _over_seeds(cells, "value", "low", "high"),
        _over_seeds(cells, "difference", "difference_low", "difference_high"),
        _mean([c["flops_speedup"] for c in cells]),
        _mean([c["dev"]["difference"] for c in cells]) if all(c["dev"] for c in cells) else None,
        first["steps"],
        None if None in seconds else _mean(seconds),
    )


def _over_seeds(cells: Sequence[Record], name: str, low: str, high: str) -> Interval:
    """One cell's own interval; of several the mean, the least and the greatest."""
    if len(cells) == 1:
        return Interval(cells[0][name], cells[0][low], cells[0][high])
    values = [cell[name] for cell in cells]
    return Interval(_mean(values), min(values), max(values))


def systems_table(records: Sequence[Record]) -> Table:
    """A row a cell: what it costs and saves, and what it keeps of the human rationale."""
    chosen = {record["cell"] for cells in within_a_point(records).values() for record in cells}
    batches = sorted({size for r in records for size in r["measured_speedup"]}, key=int)
    columns = [
        Column("cell", "Cell", "text", header=True),
        Column("value", FIGURES[records[0]["metric"]], "interval"),
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
    note = "Each system's fastest setting within a point of plain on dev is marked *." if chosen else ""
    return Table(tuple(columns), tuple(rows), f"Every cell, one seed a row. {note}".strip())


def _row(record: Record, batches: Sequence[str], chosen: bool) -> tuple[Cell, ...]:
    kept = record["rationale"] or {}
    gap = (record.get(f"difference{end}") for end in ("", "_low", "_high"))
    measured = (record["measured_speedup"].get(size) for size in batches)
    return (
        record["cell"] + (" *" if chosen else ""),
        Interval(record["value"], record["low"], record["high"]),
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
        records = [
            {**record, "flops_speedup": record["measured_speedup"].get(speed, {}).get("median", 1.0)}
            for record in records
        ]
    name = FIGURES[records[0]["metric"]]
    return _by_system(
        [_joined(cells) for cells in _settings(records)],
        y="value",
        ends=("low", "high"),
        titles=(title, name),
        alt=f"{name} against {'FLOPs' if speed == FLOPS else 'measured'} speedup, a curve a system",
        height=height,
    )


def _joined(cells: Sequence[Record]) -> Record:
    """The seeds of a setting as one point."""
    shown = _over_seeds(cells, "value", "low", "high")
    speed = _mean([cell["flops_speedup"] for cell in cells])
    ends = {"value": shown.value, "low": shown.low, "high": shown.high}
    return {**cells[0], **ends, "flops_speedup": speed, "cell": _setting(cells[0])}


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
            caption="To the right, fewer operations. Bars: 95 % intervals over documents, with several "
            "seeds from the least to the greatest.",
        ),
        Block(table=rule_table(records)),
        Block(table=systems_table(records)),
        Block(figure=alive_by_layer(records), caption="Tokens that pass each layer, of those of the input."),
    ]
    sections = [
        Section(
            "results",
            f"{FIGURES[records[0]['metric']]} against operations",
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
    if "lengths" in comparison:
        near = [record for cells in within_a_point(records).values() for record in cells]
        sections.append(lengths_section(comparison, _LOOKS, FIGURES[records[0]["metric"]], near or records))
    reported = recipe["reported"]
    subject = f"{recipe['model']} on {reported['source']}" + (
        f", {reported['split']}" if reported["split"] else ""
    )
    page = render(
        "study.html",
        heading="What does dropping tokens cost, what does it save, and which words go?",
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
