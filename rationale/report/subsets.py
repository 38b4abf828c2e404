"""The table of imported methods where the class that they name is the gold label, and where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.report.results import Results, titled
from rationale.report.table import Cell, Column, Interval, Table

if TYPE_CHECKING:
    from rationale.agreement import Agreement, Estimate

WRONG_CLASS = (
    "Label: the class that is predicted; explained: the class that the rationale is for. Wrong means not the "
    "gold label: the words were chosen for another class than the annotators marked them for."
)
_SHOWN = (("ap", None), ("token_f1", "given"))


def subset_table(agreement: Agreement) -> Table:
    """Makes the table of AP and token F1 over all documents and over each subset, with n beside each.

    Args:
        agreement: What ``agree`` returned, with estimates of subsets.
    """
    results = Results(agreement)
    methods = list(dict.fromkeys(estimate.method for estimate in agreement.subsets))
    found = [one for one in (*agreement.records, *agreement.subsets) if one.method in methods]
    known = {(one.method, one.subset, (one.metric, one.select)): one for one in found}
    shown = [place for place in _SHOWN if any(place == key[2] for key in known)]
    keys = dict.fromkeys((method, one.subset) for method in methods for one in found if one.method == method)
    rows = [
        (results.title(method), subset or "all", *_cells([known.get((method, subset, p)) for p in shown]))
        for method, subset in keys
    ]
    starts = [number for number, (_, subset) in enumerate(keys) if subset is None]
    return Table(
        columns=(
            Column("method", "Method", "text", header=True),
            Column("documents", "Documents", "text"),
            *(
                column
                for metric, select in shown
                for column in (
                    Column(metric, titled(metric, select, agreement.recipe), "interval"),
                    Column(f"{metric}_n", "n", "integer"),
                )
            ),
        ),
        rows=tuple(rows),
        caption="By the label that is predicted, and by the class that is explained: right or wrong",
        notes=(WRONG_CLASS,),
        rules=frozenset(starts) - {0},
    )


def _cells(estimates: list[Estimate | None]) -> list[Cell]:
    return [
        cell
        for one in estimates
        for cell in ((None, None) if one is None else (Interval(one.value, one.low, one.high), one.n))
    ]
