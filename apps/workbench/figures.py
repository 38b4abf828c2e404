"""Figures and tables of the report package, with alternative texts and without buttons that upload."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from rationale.report.figures import CONFIG, alt_text
from rationale.report.table import Table


def show_figure(figure: go.Figure, *, key: str) -> None:
    """A figure as wide as its column, in its own colours."""
    st.plotly_chart(figure, key=key, theme=None, config=dict(CONFIG), alt=alt_text(figure))


def show_table(table: Table) -> None:
    """A table; every text in it is escaped by the table itself, and sanitised once more by Streamlit."""
    st.html(table.to_html(css_class="results"))
