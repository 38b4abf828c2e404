"""Shows a randomisation check as sentences, a table and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rationale.report.experiments import write_page
from rationale.report.figures.sanity import order_chart, similarity_curves
from rationale.report.prose import Fact, counted
from rationale.report.results import registered_metric
from rationale.report.sections import ReportBlock, Section
from rationale.report.table import Cell, Column, Interval, Table
from rationale.study.sanity.result import (
    HIGH,
    ORDER_METRICS,
    Mean,
    Orders,
    Outcome,
    Sanity,
    Similarity,
)

_DRAWS = {
    "init": "as the model family initialises them before training (norms 1 and 0, biases 0)",
    "shuffle": "by permuting the numbers of each weight tensor",
}
_MODES = {
    "cascade": "Each step re-draws one more part, from the head down; those of earlier steps stay random.",
    "independent": "Each step re-draws one part; all others are as trained.",
}
_NOT_APPLICABLE = (
    "n/a: the scores do not depend on what is re-drawn (attention of a layer does not depend on layers "
    "above), so they are the same whatever is drawn."
)

_BESIDE = (
    "AOPC is what the predicted class loses on average without the best words. Scores that change with the "
    "weights and do no better than a random order do not show what the model uses."
)

_BY_TOKENS = "(words by number of tokens)"


def sanity_findings(result: Sanity) -> list[str]:
    """States the outcome of each method in a sentence."""
    return [_finding(result, outcome) for outcome in result.outcomes]


def _finding(result: Sanity, outcome: Outcome) -> str:
    settings = result.recipe.sanity
    name = result.title(outcome.method, outcome.layer)
    seen = [one for one in result.curve(outcome.method, outcome.layer) if one.applies]
    if outcome.flagged is None:
        defined = [one for one in seen if one.spearman.value is not None]
        if not defined:
            return f"{name}: no rank correlation is defined."
        least = min(defined, key=lambda one: one.spearman.value or 0.0)
        return f"{name}: lowest rank correlation {_number(least.spearman)}, with {least.part} re-drawn."
    if outcome.remaining is None:
        return f"{name}: no rank correlation is defined once the head and the top half are random."
    last = f"{_number(seen[-1].spearman)} once every part is random"
    count = outcome.token_count
    tokens = "" if count is None else f" (with the number of tokens of each word: {count:.2f})"
    if not outcome.flagged:
        return f"{name}: not flagged; rank correlation {last}{tokens}."
    return (
        f"{name}: flagged; rank correlation up to {outcome.remaining:.2f} with head to "
        f"{settings.parts[settings.half]} or more random, {last}{tokens}."
    )


def _number(mean: Mean) -> str:
    return "undefined" if mean.value is None else f"{mean.value:.2f}"


def sanity_table(result: Sanity) -> Table:
    """Makes the table: each method's similarity step by step, the random level first."""
    settings = result.recipe.sanity
    columns = (
        Column("method", "Method", "text", header=True),
        Column("part", "Re-drawn" if settings.mode == "independent" else "Re-drawn, in addition", "text"),
        Column("spearman", "Rank correlation", "interval"),
        Column("iou", f"Overlap of the best {settings.k_share:.0%}", "interval"),
        Column("n", "Documents", "integer"),
    )
    level: tuple[Cell, ...] = (
        "Random order",
        "",
        Interval(result.random.spearman),
        Interval(result.random.iou),
        result.documents,
    )
    rows, rules = [level], []
    for outcome in result.outcomes:
        rules.append(len(rows))
        name = result.title(outcome.method, outcome.layer) + (" *" if outcome.flagged else "")
        rows.append((name, _BY_TOKENS, Interval(outcome.token_count), None, result.documents))
        rows += [_row(name, one) for one in result.curve(outcome.method, outcome.layer)]
    seeds = counted(len(settings.seeds), "seed")
    caption = f"Scores before and after re-drawing weights; mean over {seeds}, 95 % intervals over documents."
    return Table(columns, tuple(rows), caption, _notes(result), rules=frozenset(rules))


def _row(name: str, one: Similarity) -> tuple[Cell, ...]:
    return (name, one.part, _cell(one.spearman, one), _cell(one.iou, one), one.n)


def _cell(mean: Mean, one: Similarity) -> Cell:
    if one.applies:
        return _interval(mean)
    return "n/a" if mean.value is None else f"n/a ({mean.value:.3f})"


def _notes(result: Sanity) -> tuple[str, ...]:
    settings = result.recipe.sanity
    notes = [
        f"{_MODES[settings.mode]} Weights are drawn {_DRAWS[settings.draw]}.",
        f"{_BY_TOKENS}: the original scores against the number of tokens of each word. A word's score is the "
        "sum of its tokens', so words of many tokens may stay ahead with any weights.",
    ]
    if any(not one.applies for one in result.similarities):
        notes.append(_NOT_APPLICABLE)
    if any(outcome.flagged for outcome in result.outcomes):
        notes.append(
            f"*: rank correlation above {HIGH:g} after the head and the top half of the layers are random."
        )
    return tuple(notes)


def order_findings(result: Sanity) -> list[str]:
    """States the AOPC of each method beside that of random orders; nothing where it was not measured."""
    if result.orders is None:
        return []
    random, *methods = [_with_ends(one.aopc_comprehensiveness) for one in result.orders.means]
    return [
        f"{result.title(outcome.method, outcome.layer)}: AOPC comprehensiveness {value}, of random orders "
        f"{random} (n = {result.orders.n:,})."
        for outcome, value in zip(result.outcomes, methods, strict=True)
    ]


def _with_ends(mean: Mean) -> str:
    ends = "" if mean.low is None or mean.high is None else f" [{mean.low:.2f}, {mean.high:.2f}]"
    return _number(mean) + ends


def order_table(result: Sanity) -> Table | None:
    """Makes the table of AOPC and NAOPC, random orders first; None where they were not measured."""
    orders = result.orders
    if orders is None:
        return None
    names = [name for name in ORDER_METRICS if orders.naopc_n or not name.startswith("naopc")]
    titles = ["Random order", *(result.title(one.method, one.layer) for one in result.outcomes)]
    columns = (
        Column("method", "Method", "text", header=True),
        *(Column(name, registered_metric(name).title, "interval") for name in names),
    )
    rows: list[tuple[Cell, ...]] = [
        (title, *(_interval(getattr(one, name)) for name in names))
        for title, one in zip(titles, orders.means, strict=True)
    ]
    caption = "Order of the words by the original model's scores, beside random orders; 95 % intervals."
    return Table(columns, tuple(rows), caption, _order_notes(result, orders), rules=frozenset({1}))


def _interval(mean: Mean) -> Interval:
    return Interval(mean.value, mean.low, mean.high)


def _order_notes(result: Sanity, orders: Orders) -> tuple[str, ...]:
    settings = result.recipe.sanity.orders
    if settings is None:
        return ()
    shares = ", ".join(f"{100 * share:g}" for share in settings.bins)
    notes = [
        f"AOPC averages over {shares} % of the words, n = {orders.n:,}. Comprehensiveness: higher is better; "
        f"sufficiency: lower is better. Random order: mean over {counted(settings.random, 'order')} drawn at "
        f"random for each document, seed {result.recipe.seed}.",
    ]
    if settings.naopc is not None:
        notes.append(
            f"NAOPC: documents of at most {settings.naopc.words} words in which some order matters, "
            f"n = {orders.naopc_n:,}; {result.documents - orders.naopc_n:,} left out."
        )
    return tuple(notes)


def sanity_page(result: Sanity, out: str | Path, *, overwrite: bool = False) -> Path:
    """Writes the check as one offline HTML file.

    Args:
        result: The check.
        out: The HTML file.
        overwrite: Whether an existing file is replaced.
    """
    recipe, settings = result.recipe, result.recipe.sanity
    return write_page(
        out,
        recipe.model.name,
        reported=recipe.data.source,
        split=recipe.data.split,
        heading="Do the scores depend on what the model has learnt?",
        title="Randomisation check",
        sections=_sections(result),
        measured=[
            Fact("Documents", f"{result.documents:,}"),
            Fact("Re-drawn", f"{settings.mode}, {settings.draw}"),
            Fact("Seeds", ", ".join(map(str, settings.seeds))),
        ],
        commands=[recipe.command],
        overwrite=overwrite,
    )


def _sections(result: Sanity) -> Sequence[Section]:
    settings = result.recipe.sanity
    caption = (
        "Mean rank correlation with the original scores; bands are 95 % intervals over documents. The dotted "
        "line is a random order. Open markers: the scores do not depend on what is re-drawn."
    )
    text = (
        f"{_MODES[settings.mode]} Weights are drawn {_DRAWS[settings.draw]}. Every step scores the class "
        "that the original model predicts. Scores that stay alike do not explain what the model has learnt. "
        "Scores that change are not shown to be right."
    )
    blocks = (
        ReportBlock(figure=similarity_curves(result), caption=caption),
        ReportBlock(table=sanity_table(result)),
    )
    paragraphs = (text, *sanity_findings(result))
    similar = Section("similarity", "Similarity of scores, step by step", paragraphs, blocks)
    table = order_table(result)
    if table is None or result.orders is None:
        return [similar]
    beside = (
        "Mean AOPC comprehensiveness of the original model's scores; bars are 95 % intervals over documents. "
        "The dotted line is a random order."
    )
    shown = (ReportBlock(figure=order_chart(result, result.orders), caption=beside), ReportBlock(table=table))
    told = (_BESIDE, *order_findings(result))
    return [similar, Section("orders", "Faithfulness, beside a random order", told, shown)]
