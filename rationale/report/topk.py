"""Shows the top-k study as a chart, tables and a page: AdapLeR's Table 2 with intervals and tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import plotly.graph_objects as go

from rationale.metrics.statistics import least_p_value
from rationale.report.experiments import over_seeds, write_page
from rationale.report.figures.style import TICKS, escape_plotly, finish
from rationale.report.palette import AMBER, BLUE, GREY, INK, SOFT
from rationale.report.prose import Fact
from rationale.report.sections import ReportBlock, Section
from rationale.report.table import AtMost, Column, Interval, Table
from rationale.report.tables import p_notes
from rationale.scores.families import is_baseline
from rationale.study.topk.budget import Budget
from rationale.study.topk.names import FIRST, PERMUTATIONS
from rationale.study.topk.results import ConditionPair, ConditionResult, TopKStudy


def conditions_of(records: Sequence[ConditionResult]) -> dict[str, list[ConditionResult]]:
    """Groups the records by condition, in the order of the study; each record is of one seed."""
    by_condition: dict[str, list[ConditionResult]] = {}
    for record in records:
        by_condition.setdefault(record.condition, []).append(record)
    return by_condition


def bars(records: Sequence[ConditionResult], *, height: int = 420) -> go.Figure:
    """Draws the accuracy of every condition: oracles hollow, uninformed grey, the full input as a line."""
    figure, values = go.Figure(), []
    for condition, cells in conditions_of(records).items():
        shown = over_seeds([_accuracy(cell) for cell in cells])
        value = shown.value or 0.0
        low, high = (value if end is None else end for end in (shown.low, shown.high))
        colour = INK if condition == "full" else GREY if _uninformed(condition) else BLUE
        figure.add_bar(
            x=[escape_plotly(condition)],
            y=[value],
            error_y={"array": [high - value], "arrayminus": [value - low], "color": SOFT, "thickness": 1},
            marker={
                "color": "rgba(0,0,0,0)" if cells[0].oracle else colour,
                "line": {"color": AMBER if cells[0].oracle else colour, "width": 2},
            },
            hovertemplate=f"{escape_plotly(condition)}: %{{y:.3f}}<extra></extra>",
        )
        values.append(f"{condition} {value:.3f}")
        if condition == "full":
            figure.add_hline(y=value, line={"color": SOFT, "dash": "dot", "width": 1})
    figure.update_xaxes(TICKS, automargin=True)
    figure.update_yaxes(TICKS, title_text="accuracy", rangemode="tozero")
    return finish(figure, f"Accuracy of each condition: {', '.join(values)}.", height=height)


def _accuracy(cell: ConditionResult) -> Interval:
    return Interval(cell.accuracy, cell.low, cell.high)


def _uninformed(condition: str) -> bool:
    """Whether a condition selects words without a model and without human rationales."""
    method = condition.removeprefix("not-").partition("@")[0].partition(":")[0]
    return method == FIRST or is_baseline(method)


def conditions_table(records: Sequence[ConditionResult]) -> Table:
    """Makes the table of conditions (the paper's Table 2)."""
    columns = (
        Column("condition", "Reads", "text", header=True),
        Column("oracle", "", "text"),
        Column("accuracy", "Accuracy", "interval"),
        Column("flops_speedup", "FLOPs", "number", digits=2),
        Column("words_kept", "Words kept", "number"),
        Column("seeds", "Seeds", "integer"),
        Column("n", "n", "integer"),
    )
    rows = tuple(
        (
            condition,
            "oracle" if cells[0].oracle else "",
            over_seeds([_accuracy(cell) for cell in cells]),
            fmean([cell.flops_speedup for cell in cells]),
            fmean([cell.words_kept for cell in cells]),
            len(cells),
            cells[0].n,
        )
        for condition, cells in conditions_of(records).items()
    )
    return Table(columns, rows, "An oracle uses human rationales or the gold label at test time.")


def pairs_table(comparisons: Sequence[ConditionPair]) -> Table:
    """Makes the table of paired comparisons, one row per pair of conditions."""
    columns = (
        Column("condition", "Condition", "text", header=True),
        Column("other", "against", "text"),
        Column("difference", "Difference", "interval"),
        Column("p", "p (Holm)", "p"),
        Column("overlap", "Jaccard", "number"),
    )
    rows = tuple(
        (c.condition, c.other, Interval(c.difference, c.low, c.high), _p_value(c), c.overlap)
        for c in comparisons
    )
    return Table(
        columns,
        rows,
        "Means over shared seeds, on the same documents: paired bootstrap; permutation test, corrected over "
        "all pairs. Jaccard: words that both keep over words that either keeps, mean over documents.",
        p_notes(row[3] for row in rows),
    )


def _p_value(comparison: ConditionPair) -> float | None:
    """Returns the corrected p-value, marked if its test can give no smaller one."""
    p, single = comparison.p, comparison.p_single
    least = least_p_value(comparison.n, PERMUTATIONS) if single is not None else 0.0
    return AtMost(p) if p is not None and single is not None and single <= least * (1 + 1e-9) else p


def topk_page(study: TopKStudy, out: str | Path, *, overwrite: bool = False) -> Path:
    """Writes a study as one offline HTML file.

    Args:
        study: What :func:`rationale.study.topk.study_topk` returned.
        out: The HTML file.
        overwrite: Whether an existing file is replaced.
    """
    records, recipe = study.records, study.recipe
    dropping = recipe.dropping
    caption = (
        "Bars: the 95 % interval over documents for a condition with one seed, the range over seeds for one "
        "with several. Hollow: oracles. Dotted: the full input."
    )
    blocks = [
        ReportBlock(figure=bars(records), caption=caption),
        ReportBlock(table=conditions_table(records)),
    ]
    if study.comparisons:
        blocks.append(ReportBlock(table=pairs_table(study.comparisons), folded="Every two conditions"))
    reported = recipe.reported
    text = (
        "Every condition trains its own classifier, from the same checkpoint and with the same settings, on "
        "the words it keeps of each document, and is evaluated on documents reduced in the same way. "
        f"{reported.left_out:,} evaluation documents have no rationale in what is read; every condition "
        "omits them."
    )
    return write_page(
        out,
        recipe.model,
        reported=reported.source,
        split=reported.split,
        heading="Are these words enough?",
        title="The top-k study",
        sections=[Section("results", "What a classifier learns from the kept words", (text,), tuple(blocks))],
        measured=[
            Fact("Documents", f"{records[0].n:,}"),
            Fact("Budget", _budget(recipe.budget)),
            Fact("Positions", recipe.positions),
            *([Fact("Dropping model", f"{dropping.name} ({dropping.hash})")] if dropping else []),
            Fact("Seeds", ", ".join(str(s) for s in dict.fromkeys(r.seed for r in records))),
            Fact("Training", ", ".join(f"{k} {v}" for k, v in recipe.training.items() if v is not None)),
        ],
        commands=[recipe.command],
        overwrite=overwrite,
    )


def _budget(budget: Budget) -> str:
    texts = {"share": f"{100 * budget.amount:g} % of the words", "count": f"{budget.amount:g} words"}
    if budget.kind not in texts:
        return "as many words as the human rationale"
    return f"{texts[budget.kind]}; human and kept keep their own number"
