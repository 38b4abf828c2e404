"""The app: ``rationale app``, or ``streamlit run apps/app.py -- --scores SCORES`` in a checkout."""

from __future__ import annotations

import streamlit as st

from workbench.style import STYLE


def main() -> None:
    """Sets up the pages, their navigation and their common style."""
    st.set_page_config(page_title="rationale", page_icon="🔎", layout="wide")
    pages = [
        st.Page("screens/explore.py", title="Explore", url_path="explore", default=True),
        st.Page("screens/compare.py", title="Compare", url_path="compare"),
        st.Page("screens/corpus.py", title="Corpus", url_path="corpus"),
        st.Page("screens/systems.py", title="Systems", url_path="systems"),
        st.Page("screens/study.py", title="Study", url_path="study"),
        st.Page("screens/try_text.py", title="Try", url_path="try"),
        st.Page("screens/export.py", title="Export", url_path="export"),
    ]
    page = st.navigation(pages, position="top")
    st.html(STYLE)
    page.run()


main()
