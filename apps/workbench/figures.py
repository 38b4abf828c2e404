"""Shows charts and tables of the report package, with alternative texts and without upload buttons."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from rationale.report.figures import CONFIG, alt_text
from rationale.report.table import Table


def show_figure(figure: go.Figure, *, key: str) -> None:
    """Shows a chart as wide as its column, in its own colours."""
    st.plotly_chart(figure, key=key, theme=None, config=dict(CONFIG), alt=alt_text(figure))


def show_table(table: Table) -> None:
    """Shows a table; the table escapes its texts, and Streamlit sanitises them again."""
    st.html(table.to_html(css_class="results"))
