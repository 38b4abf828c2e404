"""The table of what share of the human ceiling each method reaches, with chance beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.report.results import Results, titled
from rationale.report.table import Cell, Column, Interval, Table
from rationale.scores.families import HUMAN

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.artifacts.provenance import Annotators

NOT_A_BOUND = (
    "The human ceiling is each annotator against the others (leave one out), over the documents that have at "
    "least two. It is not an upper bound: a mean over many annotators may beat one person."
)
TWO = (
    "{} two annotators, and each is held against the other's mask alone, which has one threshold: a ceiling "
    "of a single mask is low."
)

SAME_LABEL = (
    "Only annotators who gave the document's label count: for the methods, for chance and for the ceiling."
)


def ceiling_table(agreement: Agreement, metric: str = "ap", select: str | None = None) -> Table:
    """Makes the table of a metric between chance and the human ceiling; each method in its best layer.

    Args:
        agreement: What ``agree`` returned, with a human ceiling.
        metric: The metric; chance is known for ``ap`` and ``roc_auc``.
        select: Its selection, for a metric that needs one.
    """
    results = Results(agreement)
    human = results.interval(HUMAN, 0, metric, results.selected_by(HUMAN, select))
    chance = results.interval(results.chance, 0, metric, select)
    rows = [
        _row(results, method, layer, results.interval(method, layer, metric, select), chance, human)
        for method, layer in results.ranked(metric, select)
    ]
    settings = agreement.recipe.agreement
    same_label = settings.same_label is not None
    return Table(
        columns=(
            Column("method", "Method", "text", header=True),
            Column("layer", "Best layer†", "integer"),
            Column("value", "Value", "interval"),
            Column("chance", "Chance", "interval"),
            Column("human", "Human", "interval"),
            Column("of_human", "Value / human", "number"),
            Column("way", "Share of the way from chance to human", "number"),
        ),
        rows=tuple(rows),
        caption=f"{titled(metric, select, agreement.recipe)} between chance and the human ceiling",
        notes=(NOT_A_BOUND, *_of_two(settings.annotators), *([SAME_LABEL] if same_label else [])),
    )


def _of_two(counts: Annotators | None) -> list[str]:
    """Says which documents have two annotators, and so a ceiling of a single mask; nothing where none has."""
    if counts is None or counts.fewest != 2:
        return []
    return [TWO.format("These documents have" if counts.most == 2 else "Some documents have")]


def share_of_the_way(value: float | None, chance: float | None, human: float | None) -> float | None:
    """(value - chance) / (human - chance); None where one is unknown or the ceiling is no better than chance.

    >>> share_of_the_way(0.5, 0.4, 0.6)
    0.5
    """
    if value is None or chance is None or human is None or human <= chance:
        return None
    return round((value - chance) / (human - chance), 12)


def _row(
    results: Results, method: str, layer: int, value: Interval, chance: Interval, human: Interval
) -> tuple[Cell, ...]:
    of_human = value.value / human.value if value.value is not None and human.value else None
    way = share_of_the_way(value.value, chance.value, human.value)
    return (
        results.title(method),
        layer if results.layered(method) else None,
        value,
        chance,
        human,
        of_human,
        way,
    )
