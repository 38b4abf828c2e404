"""Shows a comparison of dropping methods as tables and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from rationale.dropping.advice import LEAST_SPEEDUP, drops_nothing
from rationale.dropping.system import is_uninformed
from rationale.metrics.task import TITLES
from rationale.report.experiments import over_seeds, write_page
from rationale.report.figures.systems import fronts, kept_rationale, tokens_kept_by_layer
from rationale.report.lengths import lengths_section
from rationale.report.prose import Fact
from rationale.report.sections import ReportBlock, Section
from rationale.report.table import Cell, Column, Interval, Table
from rationale.study.comparison import AgainstBaseline, GridCell, GridComparison, fastest_within_a_point
from rationale.training.options import option_name


def rule_table(records: Sequence[GridCell]) -> Table:
    """Makes the table of the papers: each method at its largest speedup within a point of plain on dev."""
    chosen = fastest_within_a_point(records)
    columns = (
        Column("system", "System", "text", header=True),
        Column("setting", "Setting", "text"),
        Column("value", TITLES[records[0].metric], "interval"),
        Column("difference", "Against plain", "interval"),
        Column("uninformed", "Against uninformed", "interval"),
        Column("flops_speedup", "FLOPs", "number", digits=2),
        Column("dev_difference", "Against plain, dev", "number"),
        Column("steps", "Steps", "integer"),
        Column("seconds", "Seconds", "number", digits=0),
    )
    systems = dict.fromkeys(r.system for r in records if r.system != "plain")
    rows = [_chosen_row(system, chosen.get(system), records) for system in systems]
    several = len({record.seed for record in records}) > 1
    spread = "mean and range over seeds" if several else "one seed, 95 % intervals over documents"
    note = f"The fastest setting within a point of plain on dev; {spread}. {_uninformed(records)}"
    return Table(columns, tuple(rows), note)


def _uninformed(records: Sequence[GridCell]) -> str:
    """Explains the column "Against uninformed", with the baselines that were compared."""
    names = [s for s in dict.fromkeys(record.system for record in records) if is_uninformed(s)]
    best = f"the best run of {' and '.join(names) or 'a baseline'} that saves no more (2 %)"
    return f"Against uninformed: the difference from {best}."


def _chosen_row(system: str, cells: list[GridCell] | None, records: Sequence[GridCell]) -> tuple[Cell, ...]:
    title = next(r.title for r in records if r.system == system)
    if cells is None:
        return (title, "none within a point", *[None] * 7)
    first = cells[0]
    seconds = [c.seconds for c in cells if c.seconds is not None]
    uninformed = [c.uninformed for c in cells if c.uninformed is not None]
    dev = [c.dev.difference for c in cells if c.dev is not None and c.dev.difference is not None]
    return (
        title,
        ", ".join(f"{option_name(name)} {value}" for name, value in first.setting.items()) or "defaults",
        over_seeds([_value(cell) for cell in cells]),
        over_seeds([_difference(cell) for cell in cells]),
        over_seeds([_baseline_interval(baseline) for baseline in uninformed])
        if len(uninformed) == len(cells)
        else None,
        fmean([c.flops_speedup for c in cells]),
        fmean(dev) if len(dev) == len(cells) else None,
        first.steps,
        fmean(seconds) if len(seconds) == len(cells) else None,
    )


def systems_table(records: Sequence[GridCell]) -> Table:
    """Makes a table of all runs: cost, saving, and how much of the human rationale is kept."""
    chosen = {record.cell for cells in fastest_within_a_point(records).values() for record in cells}
    batches = sorted({size for r in records for size in r.measured_speedup}, key=int)
    columns = [
        Column("cell", "Run", "text", header=True),
        Column("value", TITLES[records[0].metric], "interval"),
        Column("difference", "Against plain", "interval"),
        Column("uninformed", "Against uninformed", "interval"),
        Column("flops_speedup", "FLOPs", "number", digits=2),
        *(Column(f"measured_{size}", f"Measured, batch {size}", "interval", digits=2) for size in batches),
        Column("kept", "Tokens kept, last layer", "number"),
        Column("recall", "Rationale kept, last layer", "number"),
        Column("fpr", "FPR, last layer", "number"),
        Column("steps", "Steps", "integer"),
        Column("seconds", "Seconds", "number", digits=0),
    ]
    rows = [_row(record, batches, record.cell in chosen) for record in records]
    note = "Each method's fastest setting within a point of plain on dev is marked *." if chosen else ""
    return Table(
        tuple(columns),
        tuple(rows),
        f"Every run, one seed per row. {note} {_uninformed(records)}",
        _idle(records),
    )


def _idle(records: Sequence[GridCell]) -> tuple[str, ...]:
    """Notes each run that drops next to nothing, with what makes its method drop more."""
    return tuple(
        f"{record.cell}: " + drops_nothing(f"{record.flops_speedup:.2f}x fewer operations", record.system)
        for record in records
        if record.system != "plain" and record.flops_speedup < LEAST_SPEEDUP
    )


def _row(record: GridCell, batches: Sequence[str], chosen: bool) -> tuple[Cell, ...]:
    kept = record.rationale
    measured = (record.measured_speedup.get(size) for size in batches)
    return (
        record.cell + (" *" if chosen else ""),
        _value(record),
        _difference(record),
        _baseline_interval(record.uninformed) if record.uninformed else None,
        record.flops_speedup,
        *(Interval(m.median, m.min, m.max) if m else None for m in measured),
        record.tokens_kept[-1],
        *((None, None) if kept is None else (kept.recall[-1], kept.fpr[-1])),
        record.steps,
        record.seconds,
    )


def _value(record: GridCell) -> Interval:
    return Interval(record.value, record.low, record.high)


def _difference(record: GridCell) -> Interval:
    return Interval(record.difference, record.difference_low, record.difference_high)


def _baseline_interval(baseline: AgainstBaseline) -> Interval:
    return Interval(baseline.difference, baseline.low, baseline.high)


def comparison_page(comparison: GridComparison, out: str | Path, *, overwrite: bool = False) -> Path:
    """Writes the comparison as one offline HTML file.

    Args:
        comparison: What :func:`rationale.study.compare.compare_systems` returned.
        out: The HTML file.
        overwrite: Whether an existing file is replaced.
    """
    records, recipe = comparison.records, comparison.recipe
    return write_page(
        out,
        recipe.model,
        reported=recipe.reported.source,
        split=recipe.reported.split,
        heading="What does token dropping cost and save, and which words are dropped?",
        title="Token-dropping methods compared",
        sections=_sections(comparison),
        measured=[
            Fact("Documents", f"{records[0].n:,}"),
            Fact("Common options", ", ".join(f"{k} {v}" for k, v in recipe.common.items()) or "defaults"),
            Fact("Runs", ", ".join(record.cell for record in records)),
        ],
        commands=[recipe.command],
        overwrite=overwrite,
    )


def _sections(comparison: GridComparison) -> list[Section]:
    """Makes the sections that the comparison has content for."""
    records = comparison.records
    sections = [_results_section(records)]
    kept = kept_rationale(records)
    if kept is not None:
        caption = "On the dotted line rationale words are kept as often as others, above it more often."
        sections.append(
            Section(
                "rationale",
                "Do methods that drop more also drop what humans marked?",
                ("Each point is a model: the share kept of the words humans marked, and of the others.",),
                (ReportBlock(figure=kept, caption=caption),),
            )
        )
    if comparison.lengths is not None:
        chosen = [record for cells in fastest_within_a_point(records).values() for record in cells]
        sections.append(
            lengths_section(comparison, comparison.lengths, TITLES[records[0].metric], chosen or records)
        )
    return sections


def _results_section(records: Sequence[GridCell]) -> Section:
    blocks = [
        ReportBlock(
            figure=fronts(records),
            caption="To the right, fewer operations. Bars: 95 % intervals over documents, with several "
            "seeds the range over seeds.",
        ),
        ReportBlock(table=rule_table(records)),
        ReportBlock(table=systems_table(records)),
        ReportBlock(
            figure=tokens_kept_by_layer(records),
            caption="Share of the input tokens that each layer keeps.",
        ),
    ]
    text = (
        "Every method was trained from the same plain fine-tuning and evaluated on the same documents. "
        "Operations are counted on unpadded inputs; time is measured in the same run against the same model "
        "without dropping. A method that does not beat random or lead pruning shows no benefit of its "
        "selection."
    )
    return Section("results", f"{TITLES[records[0].metric]} against operations", (text,), tuple(blocks))
