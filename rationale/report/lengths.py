"""Shows results by document length as charts and tables: LTP's Figures 1, A.2 and A.3, Tables 2 and 3."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from rationale.errors import DataError
from rationale.evaluation.bands import Band, ByLength, Histograms
from rationale.report.figures.style import TICKS, escape_plotly, finish
from rationale.report.figures.systems import look
from rationale.report.palette import AMBER, BLUE
from rationale.report.sections import ReportBlock, Section
from rationale.report.table import Column, Interval, Table
from rationale.study.comparison import GridCell, GridComparison

BANDS = ("short", "middling", "long")
_DASHES = ("solid", "dash", "dot")


def lengths_section(
    comparison: GridComparison,
    histograms: Histograms,
    title: str,
    shown: Sequence[GridCell],
) -> Section:
    """Makes the section of the report, for a comparison made with lengths.

    Args:
        comparison: A comparison with ``lengths`` in every record.
        histograms: Its histograms.
        title: Title of the metric by which runs are compared.
        shown: The records whose tokens are drawn layer by layer.
    """
    records = comparison.records
    medians = histograms.median
    text = (
        f"The median length is {medians.train:g} tokens for training documents and {medians.reported:g} "
        "for evaluation documents; the divergence KL(evaluation || training) of the two histograms is "
        f"{histograms.kl:.3f} nats. Bands are cut at the second and third quartile of the evaluation lengths."
    )
    blocks = [
        ReportBlock(
            figure=histogram(histograms), caption="Documents by tokens, special ones and query included."
        ),
        ReportBlock(table=bands_table(records, title)),
        ReportBlock(
            figure=tokens_kept_by_band(shown),
            caption="Mean tokens kept in each layer: solid short documents, dashed middling, dotted long.",
        ),
    ]
    errors = errors_table(records)
    if errors.rows:
        blocks.append(ReportBlock(table=errors))
    return Section("lengths", "Results by document length", (text,), tuple(blocks))


def lengths_of(record: GridCell) -> ByLength:
    """Returns a run's results by document length.

    Raises:
        DataError: If the comparison was made without lengths.
    """
    if record.lengths is None:
        raise DataError(f"the run {record.cell} has no lengths", remedy="Compare again with --lengths.")
    return record.lengths


def histogram(histograms: Histograms, *, height: int = 320) -> go.Figure:
    """Draws the lengths of the training and of the evaluation documents."""
    edges, figure = histograms.edges, go.Figure()
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    for name, colour, shares in (("train", BLUE, histograms.train), ("reported", AMBER, histograms.reported)):
        figure.add_bar(
            x=middles,
            y=shares,
            name=name,
            marker={"color": colour, "opacity": 0.7},
            hovertemplate=f"{name}: %{{y:.1%}} of about %{{x:.0f}} tokens<extra></extra>",
        )
    figure.update_xaxes(TICKS, title_text="tokens of a document")
    figure.update_yaxes(TICKS, title_text="share of documents", tickformat=".0%", rangemode="tozero")
    alt = (
        f"Lengths of documents: median {histograms.median.train:g} tokens in training, "
        f"{histograms.median.reported:g} reported; divergence {histograms.kl:.3f}."
    )
    return finish(figure, alt, height=height).update_layout(showlegend=True, barmode="group")


def tokens_kept_by_band(records: Sequence[GridCell], *, height: int = 420) -> go.Figure:
    """Draws the tokens kept in each layer, one curve per run and band."""
    figure = go.Figure()
    for record in (r for r in records if r.system != "plain"):
        colour, symbol = look(record.system)
        for number, (band, dash) in enumerate(zip(lengths_of(record).bands, _DASHES, strict=False)):
            name = f"{escape_plotly(record.cell)}, {BANDS[number]}"
            figure.add_scatter(
                x=list(range(len(band.tokens_kept))),
                y=band.tokens_kept,
                name=name,
                legendgroup=record.cell,
                mode="lines+markers",
                line={"color": colour, "width": 1.5, "dash": dash},
                marker={"symbol": symbol, "size": 6, "color": colour},
                hovertemplate=f"{name}<br>layer %{{x}}: %{{y:.1f}} tokens<extra></extra>",
            )
    figure.update_xaxes(TICKS, title_text="layer", dtick=1)
    figure.update_yaxes(TICKS, title_text="tokens kept", rangemode="tozero")
    summary = "; ".join(
        f"{r.cell} " + ", ".join(f"{band.tokens_kept[-1]:.1f}" for band in lengths_of(r).bands)
        for r in records
    )
    alt = f"Tokens kept in the last layer for short, middling and long documents: {summary}."
    return finish(figure, alt, height=height).update_layout(showlegend=True)


def bands_table(records: Sequence[GridCell], title: str) -> Table:
    """Makes a table of the metric and the FLOPs speedup in each band, one row per run."""
    bands = lengths_of(records[0]).bands
    names = [f"{name}, up to {band.longest:g}" for name, band in zip(BANDS, bands, strict=False)]
    columns = [Column("cell", "Run", "text", header=True)]
    for number, name in enumerate(names):
        columns += [
            Column(f"value_{number}", f"{title}, {name}", "interval"),
            Column(f"flops_speedup_{number}", "FLOPs", "number", digits=2),
        ]
    rows = tuple(
        (record.cell, *(cell for band in lengths_of(record).bands for cell in _band_cells(band)))
        for record in records
    )
    counts = ", ".join(f"{band.n:,}" for band in bands)
    return Table(tuple(columns), rows, f"Bands of length, {counts} documents: cost and saving of each run.")


def _band_cells(band: Band) -> tuple[Interval, float]:
    return Interval(band.value, band.low, band.high), band.flops_speedup


def errors_table(records: Sequence[GridCell]) -> Table:
    """Makes a table of the lengths of the documents that each run classifies right, and wrong."""
    columns = (
        Column("cell", "Run", "text", header=True),
        Column("right", "Right, median tokens", "number", digits=0),
        Column("right_mean", "mean", "number", digits=1),
        Column("wrong", "Wrong, median tokens", "number", digits=0),
        Column("wrong_mean", "mean", "number", digits=1),
        Column("n", "n wrong", "integer"),
    )
    rows = tuple(
        (
            record.cell,
            right["0.5"] if right else None,
            right["mean"] if right else None,
            wrong["0.5"] if wrong else None,
            wrong["mean"] if wrong else None,
            wrong["n"] if wrong else 0,
        )
        for record in records
        for right, wrong in [(lengths_of(record).right, lengths_of(record).wrong)]
        if right or wrong
    )
    return Table(columns, rows, "Lengths of the documents that are classified right, and wrong.")
