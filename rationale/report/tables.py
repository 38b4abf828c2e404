"""The tables of an agreement: headline, selected words, layers, comparisons, every record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rationale.agreement.normalised import COMPARABLE
from rationale.agreement.result import selecting
from rationale.agreement.select import rule_text
from rationale.report.comparable import RAW
from rationale.report.results import Results, registered_metric, titled
from rationale.report.table import AT_MOST, AtMost, Cell, Column, Interval, Table

if TYPE_CHECKING:
    from rationale.agreement import Agreement

OPTIMISTIC = (
    "† The best layer was chosen on the very documents that are reported, so its value is optimistic; "
    "first and last layer were fixed beforehand."
)
NO_LAYERS = (
    "Layer 0 is what enters the first layer. Methods without layers describe the input and have one value."
)
BOLD = "Bold: ahead of every other method of its column (paired test, p < 0.05 after Holm's correction)."
TIES = (
    "‡ Many words have the same score: AUPRC draws a straight line across them and is too high. Use AP, "
    "which gives ties one threshold."
)
ONE_CLASS = (
    "AUPRC also counts documents that AP leaves out ({} here), as the ERASER scorer does: 1 where every word "
    "is rationale, 0.5 where none is, whatever the scores."
)
_METHOD = Column("method", "Method", "text", header=True)
_LAYER = Column("layer", "Layer", "integer")
_COUNTS = (Column("n", "n", "integer"), Column("skipped", "Skipped", "integer"))


def agreement_table(agreement: Agreement, metric: str = "ap", select: str | None = None) -> Table:
    """Makes the main table: each method in its first, last and best layer, baselines last.

    Args:
        agreement: What ``agree`` returned.
        metric: The metric shown.
        select: Its selection, for a metric that needs one.
    """
    results = Results(agreement)
    methods = [method for method in results.methods if results.has(method, metric, select)]
    rows = tuple(_headline_row(results, method, metric, select) for method in methods)
    shown = [_headline_layers(results, method, metric, select) for method in methods]
    marks = _tied_cells(results, metric, methods, shown)
    strong = _best_cells(results, methods, metric, select) - marks.keys()
    notes = (NO_LAYERS, OPTIMISTIC) if _any_layered(results) else ()
    return Table(
        columns=(
            _METHOD,
            Column("first", f"First layer{_end(results, 0)}", "interval"),
            Column("last", f"Last layer{_end(results, -1)}", "interval"),
            Column("best", "Best layer†", "interval"),
            Column("best_layer", "Which†", "integer"),
            *_COUNTS,
        ),
        rows=rows,
        caption=f"{titled(metric, select, agreement.recipe)} with its {_percent(agreement)} interval",
        notes=(*notes, *([BOLD] if strong else []), *_auprc_notes(results, metric, marks)),
        rules=_baseline_rule(results, methods),
        strong=strong,
        marks=marks,
    )


def _headline_layers(
    results: Results, method: str, metric: str, select: str | None
) -> tuple[int | None, ...]:
    """Returns the layers of the cells of a main row: first, last, best; None for an empty cell."""
    layers = results.layers(method)
    if len(layers) == 1:
        return (layers[0], None, None)
    return (layers[0], results.last_layer(method), results.best_layer(method, metric, select))


def _tied_cells(
    results: Results, metric: str, methods: Sequence[str], layers: Sequence[Sequence[int | None]]
) -> dict[tuple[int, int], str]:
    """Marks every AUPRC that ties inflate; ``layers`` has one row per method: the layers of its cells."""
    if metric != "auprc":
        return {}
    return {
        (row, place + 1): "‡"
        for row, (method, cells) in enumerate(zip(methods, layers, strict=True))
        for place, layer in enumerate(cells)
        if layer is not None and results.tied(method, layer)
    }


def _auprc_notes(results: Results, metric: str, marks: Mapping[tuple[int, int], str]) -> tuple[str, ...]:
    left_out = results.one_class() if metric == "auprc" else 0
    return (*([TIES] if marks else []), *([ONE_CLASS.format(left_out)] if left_out else []))


def _headline_row(results: Results, method: str, metric: str, select: str | None) -> tuple[Cell, ...]:
    layers, best = results.layers(method), results.best_layer(method, metric, select)
    first = results.get(method, layers[0], metric, select)
    counts = (first.n, first.skipped) if first else (None, None)
    value = results.interval(method, layers[0], metric, select)
    if len(layers) == 1:
        return (results.title(method), value, None, None, None, *counts)
    last = results.interval(method, layers[-1], metric, select)
    top = Interval(None) if best is None else results.interval(method, best, metric, select)
    return (results.title(method), value, last, top, best, *counts)


def selection_table(agreement: Agreement, select: str) -> Table:
    """Makes the table of selected words in each method's first and last layer: FPR beside recall and share.

    Args:
        agreement: What ``agree`` returned.
        select: ``threshold`` or ``top_k_gold``.
    """
    results = Results(agreement)
    names = [m for m in results.metrics if registered_metric(m).needs_selection and results.filed(m, select)]
    rows: list[tuple[Cell, ...]] = []
    rules: set[int] = set()
    for method in results.methods:
        filed = results.selected_by(method, select)
        if not any(results.has(method, name, filed) for name in names):
            continue
        if results.is_reference(method) and not rules:
            rules.add(len(rows))
        for layer in dict.fromkeys((results.layers(method)[0], results.last_layer(method))):
            intervals = [results.interval(method, layer, name, filed) for name in names]
            rows.append((results.title(method), layer if results.layered(method) else None, *intervals))
    layers = "; first and last layer" if select != "given" else ""
    return Table(
        columns=(
            _METHOD,
            _LAYER,
            *(Column(m, registered_metric(m).title, "interval", digits=2) for m in names),
        ),
        rows=tuple(rows),
        caption=f"Words selected by {rule_text(agreement.recipe, select)}{layers}",
        notes=("An FPR of 0 is reached by selecting nothing: read it beside recall and selected share.",),
        rules=frozenset(rules - {0}),
    )


def layer_table(agreement: Agreement, metric: str, select: str | None = None) -> Table:
    """Makes the table of one metric in every layer: one row per method, one column per layer.

    Args:
        agreement: What ``agree`` returned.
        metric: The metric.
        select: Its selection, for a metric that needs one.
    """
    results = Results(agreement)
    methods = [method for method in results.methods if results.has(method, metric, select)]
    layers = sorted({layer for method in methods for layer in results.layers(method)})
    rows = tuple(
        (
            results.title(method),
            *(results.interval(method, layer, metric, select) if layer in results.layers(method) else None
              for layer in layers),
        )
        for method in methods
    )  # fmt: skip
    method_layers = [[layer if layer in results.layers(m) else None for layer in layers] for m in methods]
    marks = _tied_cells(results, metric, methods, method_layers)
    return Table(
        columns=(_METHOD, *(Column(f"layer_{layer}", str(layer), "interval", digits=2) for layer in layers)),
        rows=rows,
        caption=f"{titled(metric, select, agreement.recipe)} by layer",
        notes=_auprc_notes(results, metric, marks),
        rules=_baseline_rule(results, methods),
        marks=marks,
    )


def comparison_table(agreement: Agreement, metric: str, select: str | None = None) -> Table:
    """Makes the table of paired comparisons on the same documents.

    Args:
        agreement: What ``agree`` returned.
        metric: The metric compared.
        select: Its selection.
    """
    results = Results(agreement)
    rows = tuple(
        (
            results.title(c.method), c.layer, results.title(c.other), c.other_layer,
            Interval(c.difference, c.low, c.high), results.p_value(c), c.n,
        )
        for c in agreement.comparisons
        if (c.metric, c.select) == (metric, select)
    )  # fmt: skip
    return Table(
        columns=(
            _METHOD,
            _LAYER,
            Column("other", "Compared with", "text"),
            Column("other_layer", "Its layer", "integer"),
            Column("difference", "Difference", "interval"),
            Column("p", "p (Holm)", "p"),
            Column("n", "n", "integer"),
        ),
        rows=rows,
        caption=f"Differences in {titled(metric, select, agreement.recipe)} on the same documents",
        notes=p_notes(row[-2] for row in rows),
    )


def p_notes(p_values: Iterable[Cell]) -> tuple[str, ...]:
    """Returns the notes for a table with these p-values."""
    return (AT_MOST,) if any(isinstance(p, AtMost) for p in p_values) else ()


def faithfulness_table(agreement: Agreement) -> Table:
    """Makes the table of raw faithfulness metrics of every method and layer that was perturbed."""
    results = Results(agreement)
    measured = [m for m in results.metrics if registered_metric(m).source == "perturbation"]
    names = [metric for metric in measured if metric not in COMPARABLE]
    rows = []
    for method in results.methods:
        for layer in results.layers(method):
            first = results.get(method, layer, names[0]) if names else None
            if first is not None and first.value is not None:
                intervals = [results.interval(method, layer, name) for name in names]
                shown = layer if results.layered(method) else None
                rows.append((results.title(method), shown, *intervals, first.n))
    return Table(
        columns=(
            _METHOD,
            _LAYER,
            *(Column(m, registered_metric(m).title, "interval") for m in names),
            Column("n", "n", "integer"),
        ),
        rows=tuple(rows),
        caption="Faithfulness: how much the model's prediction depends on the words with the highest scores"
        + "".join(f"; for {name}, on all words it selects" for name in selecting(agreement.recipe)),
        notes=(RAW,),
    )


def confusion_table(agreement: Agreement) -> Table:
    """Makes the confusion matrix: one row per gold label, one column per predicted label."""
    labels, counts = agreement.classification.labels, agreement.classification.confusion
    return Table(
        columns=(
            Column("gold", "Gold label", "text", header=True),
            *(Column(f"predicted_{label}", f"predicted {label}", "integer") for label in labels),
        ),
        rows=tuple((label, *row) for label, row in zip(labels, counts, strict=True)),
        caption="Gold and predicted labels",
    )


def _percent(agreement: Agreement) -> str:
    return f"{100 * agreement.recipe.agreement.confidence:g} %"


def _any_layered(results: Results) -> bool:
    return any(results.layered(method) for method in results.methods)


def _end(results: Results, index: int) -> str:
    """Returns the number of the first or last layer in brackets, if all methods with layers share it."""
    ends = {results.layers(method)[index] for method in results.methods if results.layered(method)}
    return f" ({ends.pop()})" if len(ends) == 1 else ""


def _baseline_rule(results: Results, methods: Sequence[str]) -> frozenset[int]:
    first = next((number for number, method in enumerate(methods) if results.is_reference(method)), 0)
    return frozenset({first}) - {0}


def _best_cells(
    results: Results, methods: Sequence[str], metric: str, select: str | None
) -> frozenset[tuple[int, int]]:
    """Finds the methods that are significantly better than all others in their first or last layer."""
    model_methods = [method for method in methods if not results.is_reference(method)]
    strong = set()
    for column, ends in (
        (1, [results.layers(m)[0] for m in model_methods]),
        (2, _last_layers(results, model_methods)),
    ):
        candidates = [
            (method, layer) for method, layer in zip(model_methods, ends, strict=True) if layer is not None
        ]
        if len(candidates) < 2 or len({layer for _, layer in candidates}) > 1:
            continue
        for method, layer in candidates:
            if all(results.better(method, layer, m, metric, select) for m, _ in candidates if m != method):
                strong.add((methods.index(method), column))
    return frozenset(strong)


def _last_layers(results: Results, methods: Sequence[str]) -> list[int | None]:
    return [results.last_layer(m) if results.layered(m) else None for m in methods]
