"""Tables for programs: records and comparisons at full precision, with model and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.report.results import Results
from rationale.report.table import AtMost, Cell, Column, Interval, Table

if TYPE_CHECKING:
    from rationale.agreement import Agreement

_METHOD = Column("method", "Method", "text", header=True)
_LAYER = Column("layer", "Layer", "integer")
_PROVENANCE = (
    Column("model", "Model", "text"),
    Column("model_hash", "Hash", "text"),
    Column("data", "Data", "text"),
    Column("split", "Split", "text"),
    Column("confidence", "Confidence"),
)


def records_table(agreement: Agreement) -> Table:
    """Makes the table that ``--csv`` and ``--parquet`` write: every record, at full precision.

    ``layer`` is empty for baselines, which describe the input; ``eta`` belongs to the selection ``threshold``
    and is 1 if the model has none of its own.
    """
    results = Results(agreement)
    columns = (
        _METHOD,
        _LAYER,
        Column("metric", "Metric", "text"),
        Column("select", "Selection", "text"),
        Column("eta", "eta"),
        Column("value", "Value"),
        Column("low", "Low"),
        Column("high", "High"),
        Column("n", "n", "integer"),
        Column("skipped", "Skipped", "integer"),
        Column("rule", "Rule", "text"),
        Column("note", "Note", "text"),
        *_PROVENANCE,
    )
    provenance, rows = _provenance(agreement), []
    for record in agreement.records:
        method, layer = record.method, record.layer
        tied = record.metric == "auprc" and results.tied(method, layer)
        rows.append(
            (
                method, None if results.is_reference(method) else layer, record.metric, record.select,
                _eta(agreement, layer) if record.select == "threshold" else None,
                record.value, record.low, record.high, record.n, record.skipped,
                record.rule,
                "ties: use ap" if tied else None, *provenance,
            )
        )  # fmt: skip
    return Table(columns, tuple(rows), caption="All records")


def comparisons_table(agreement: Agreement) -> Table:
    """Makes the table that ``--csv`` writes beside the records: every paired comparison at full precision.

    ``p_sign`` is <= if p is the smallest that the test can give, else =.
    """
    results = Results(agreement)
    columns = (
        Column("metric", "Metric", "text"),
        Column("select", "Selection", "text"),
        _METHOD,
        _LAYER,
        Column("other", "Compared with", "text"),
        Column("other_layer", "Its layer", "integer"),
        Column("difference", "Difference", "interval"),
        Column("p_sign", "", "text"),
        Column("p", "p (Holm)", "p"),
        Column("p_single", "p", "p"),
        Column("n", "n", "integer"),
        *_PROVENANCE,
    )
    provenance, rows = _provenance(agreement), []
    for c in agreement.comparisons:
        p = results.p_value(c)
        layer = None if results.is_reference(c.method) else c.layer
        other_layer = None if results.is_reference(c.other) else c.other_layer
        rows.append(
            (
                c.metric, c.select, c.method, layer, c.other, other_layer,
                Interval(c.difference, c.low, c.high),
                None if p is None else "<=" if isinstance(p, AtMost) else "=",
                None if p is None else float(p), c.p_single, c.n, *provenance,
            )
        )  # fmt: skip
    return Table(columns, tuple(rows), caption="All paired comparisons")


def _provenance(agreement: Agreement) -> tuple[Cell, ...]:
    model, data = agreement.recipe.model, agreement.recipe.data
    return (model.name, model.hash, data.source, data.split, agreement.recipe.agreement.confidence)


def _eta(agreement: Agreement, layer: int) -> float | None:
    """Returns eta of a layer: 1 if the scored model has none, None if it is not known for this layer."""
    eta = agreement.recipe.agreement.eta
    if eta is None:
        return 1.0
    return eta[layer] if layer < len(eta) else None
