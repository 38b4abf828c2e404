"""The page Systems: what token-dropping methods cost and save, and which words they keep."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

import streamlit as st

from rationale.evaluation.result import DocumentSource
from rationale.metrics.task import TITLES
from rationale.report.comparison import rule_table, systems_table
from rationale.report.figures.systems import FLOPS, fronts, kept_rationale, speeds, tokens_kept_by_layer
from rationale.study.comparison import GridCell, load_comparison
from workbench.address import Address
from workbench.figures import show_figure, show_table
from workbench.messages import escape_markdown, messages
from workbench.reading import toolbar
from workbench.settings import AppSettings


def systems() -> None:
    """Shows the page."""
    address = Address()
    with messages():
        path = AppSettings.parse(sys.argv[1:]).comparison
        if path is None:
            _nothing_compared()
        else:
            comparison = load_comparison(path)
            records = comparison.records
            with toolbar():
                speed = address.choose(
                    "speed", speeds(records), st.selectbox, "Speed in", format_func=_speed_title, width=230
                )
            _fronts(records, speed, comparison.recipe.reported)
            _cells(records)
    address.write()


def _nothing_compared() -> None:
    st.info(
        "No comparison is open. `rationale compare --system ltp --system spatten … --out FOLDER` trains "
        "and compares dropping methods; then `rationale app --comparison FOLDER`.",
        icon=":material/balance:",
    )
    st.stop()


def _speed_title(speed: str) -> str:
    return "operations (FLOPs)" if speed == FLOPS else f"time, batches of {speed}"


def _fronts(records: Sequence[GridCell], speed: str, reported: DocumentSource) -> None:
    kept = kept_rationale(records)
    columns = st.columns(2 if kept is not None else 1)
    with columns[0].container(border=True, key="card.fronts"):
        n = records[0].n
        metric = TITLES[records[0].metric]
        st.markdown(f"**{metric} against speed**, {n:,} documents of {escape_markdown(reported.source)}")
        show_figure(fronts(records, speed=speed), key="fronts")
    if kept is not None:
        with columns[1].container(border=True, key="card.kept"):
            st.markdown("**Do methods that drop more also drop what humans marked?**")
            show_figure(kept, key="kept")


def _cells(records: Sequence[GridCell]) -> None:
    table = systems_table(records)
    with st.container(border=True, key="card.rule"):
        show_table(rule_table(records))
    with st.container(border=True, key="card.cells"):
        show_table(table)
        st.download_button(
            "Save the table", partial(table.to_csv), file_name="comparison.csv", key="save.comparison",
            on_click="ignore", type="tertiary", help="Every number at full precision.",
        )  # fmt: skip
    with st.container(border=True, key="card.tokens_kept"):
        st.markdown("**Tokens kept in each layer**")
        show_figure(tokens_kept_by_layer(records), key="tokens_kept")


systems()
