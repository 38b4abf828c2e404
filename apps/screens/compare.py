"""The page Compare: the methods over all documents, layer by layer, and two of them on one document."""

from __future__ import annotations

import sys
from collections.abc import Callable

import streamlit as st

from rationale.agreement import Agreement, metrics
from rationale.agreement.select import Select, rule_text, selections
from rationale.report.comparable import comparable_table, has_comparable
from rationale.report.figures import layer_curves
from rationale.report.findings import warnings
from rationale.report.results import Results, titled
from rationale.report.table import Table
from rationale.report.tables import (
    agreement_table,
    comparison_table,
    faithfulness_table,
    layer_table,
    selection_table,
)
from workbench.address import Address
from workbench.collection import Collection, agreement_of
from workbench.figures import show_figure, show_table
from workbench.listing import choose_collection, choose_document
from workbench.messages import caution, messages
from workbench.reading import (
    choose_beside,
    choose_method,
    choose_part,
    choose_select,
    choose_units,
    show_words,
    toolbar,
)
from workbench.settings import AppSettings

Tables = dict[str, Callable[[Agreement, str, Select], Table]]

TABLES: Tables = {
    "headline": lambda agreement, metric, select: agreement_table(agreement, metric, _needed(metric, select)),
    "every layer": lambda agreement, metric, select: layer_table(agreement, metric, _needed(metric, select)),
    "differences": lambda agreement, metric, select: comparison_table(
        agreement, metric, _needed(metric, select)
    ),
    "selected words": lambda agreement, metric, select: selection_table(agreement, select),
    "faithfulness": lambda agreement, metric, select: faithfulness_table(agreement),
    "across models": lambda agreement, metric, select: comparable_table(agreement),
}


def compare() -> None:
    """Shows the page."""
    settings = AppSettings.parse(sys.argv[1:])
    address = Address()
    with messages():
        with toolbar():
            collection = choose_collection(address, settings)
            picks = toolbar()
        agreement = agreement_of(collection.stamp, collection)
        caution(warnings(agreement))
        with picks:
            select, metric = _choose_curves(address, agreement)
        _curves(agreement, metric, select)
        _tables(address, agreement, metric, select)
    address.write()
    _one_document(collection, address.chosen)


def _needed(metric: str, select: Select) -> Select | None:
    return select if metrics.get(metric).needs_selection else None


def _choose_curves(address: Address, agreement: Agreement) -> tuple[Select, str]:
    results = Results(agreement)
    select = choose_select(address, agreement.recipe, annotated=True, among=results.selections)
    names = [name for name in results.metrics if name != "fpr"]
    metric = address.choose("metric", names, st.selectbox, "Metric", format_func=_title, width=230)
    return select, metric


def _title(metric: str) -> str:
    return metrics.get(metric).title


def _curves(agreement: Agreement, metric: str, select: Select) -> None:
    """Shows the layer curves of a metric, FPR and recall, with their intervals."""
    names = dict.fromkeys((metric, "fpr", "recall"))
    for position, (column, name) in enumerate(zip(st.columns(len(names)), names, strict=True)):
        with column.container(border=True, key=f"card.curve.{position}"):
            title = titled(name, _needed(name, select), agreement.recipe)
            st.markdown(f"**{title}** by layer, with 95 % intervals")
            show_figure(layer_curves(agreement, name, select, height=340), key=f"curve.{position}")
    st.caption(f"Words are selected by {rule_text(agreement.recipe, select)}.")


def _tables(address: Address, agreement: Agreement, metric: str, select: Select) -> None:
    shown = {"faithfulness": _faithful(agreement), "across models": has_comparable(agreement)}
    options = [name for name in TABLES if shown.get(name, True)]
    with st.container(border=True, key="card.table"):
        name = address.choose("table", options, st.segmented_control, "Table", required=True)
        show_table(TABLES[name](agreement, metric, select))


def _faithful(agreement: Agreement) -> bool:
    return "comprehensiveness" in Results(agreement).metrics


@st.fragment
def _one_document(collection: Collection, choices: dict[str, str | None]) -> None:
    """Shows two methods on one document, in the same layer; a step of the layer leaves the curves alone."""
    address = Address()
    address.follow(choices)
    st.subheader("On one document", anchor=False)
    with messages():
        with toolbar():
            key = choose_document(address, collection)
        opened = collection.open(key)
        with toolbar():
            method = choose_method(address, collection)
            beside = choose_beside(address, collection, method, must=True)
            units = choose_units(address)
            part = choose_part(address, *opened, units)
        methods = [method] if beside is None else [method, beside]
        ranks = address.get("select") == "top_k_gold" or "threshold" not in selections(
            collection.scores.recipe
        )
        select: Select = "top_k_gold" if ranks and opened[0].annotated else "threshold"
        show_words(address, collection, opened, methods, select, units, part, key="compare")
    address.write()


compare()
