"""The table of the faithfulness metrics that compare across models, and what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.agreement.normalised import COMPARABLE
from rationale.report.results import Results, registered_metric
from rationale.report.table import Cell, Column, Table

if TYPE_CHECKING:
    from rationale.agreement import Agreement

RAW = (
    "Raw AOPC, comprehensiveness and sufficiency of two models may not be comparable: what AOPC can reach "
    "over all orders of the words differs between models. Compare models by NAOPC (rationale score --naopc)."
)


def has_comparable(agreement: Agreement) -> bool:
    """Whether any such metric was measured."""
    return any(metric in COMPARABLE for metric in Results(agreement).metrics)


def comparable_table(agreement: Agreement) -> Table:
    """Makes the table of every method and layer that has such a metric; the notes state each n."""
    results = Results(agreement)
    names = [metric for metric in results.metrics if metric in COMPARABLE]
    rows: list[tuple[Cell, ...]] = []
    for method in results.methods:
        for layer in results.layers(method):
            if any(results.get(method, layer, name) for name in names):
                intervals = [results.interval(method, layer, name) for name in names]
                rows.append((results.title(method), layer if results.layered(method) else None, *intervals))
    return Table(
        columns=(
            Column("method", "Method", "text", header=True),
            Column("layer", "Layer", "integer"),
            *(Column(name, registered_metric(name).title, "interval") for name in names),
        ),
        rows=tuple(rows),
        caption="Faithfulness that compares across models",
        notes=tuple(_counted(agreement, name) for name in names),
    )


def _counted(agreement: Agreement, name: str) -> str:
    """States the documents of a metric, and how many it leaves out."""
    records = [record for record in agreement.records if record.metric == name]
    n, skipped = (max(getattr(record, field) for record in records) for field in ("n", "skipped"))
    left_out = f", {skipped:,} left out" if skipped else ""
    better = "higher" if registered_metric(name).higher_is_better else "lower"
    return f"{registered_metric(name).title}: {better} is better, n = {n:,}{left_out}."
