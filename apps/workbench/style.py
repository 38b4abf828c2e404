"""CSS beyond Streamlit's theme: spacing, cards, and the tables of the report package."""

from __future__ import annotations

from rationale.report import palette

STYLE = f"""
<style>
/* Streamlit offers whoever opens an app on their own machine to write files into their project. */
[data-testid="stSkillsNudge"] {{ display: none; }}
.stMainBlockContainer {{ padding: 4.25rem 2rem 3rem; max-width: 1680px; }}
.stMainBlockContainer .stVerticalBlock {{ gap: 0.75rem; }}
.stAppHeader .stAppToolbar {{ padding-left: 1.05rem; }}
[class*="st-key-card"] {{ background: {palette.PAPER}; }}
.results {{ overflow-x: auto; font-variant-numeric: tabular-nums; }}
.results table {{ border-collapse: collapse; }}
.results caption {{ text-align: left; color: {palette.SOFT}; padding: 0 0 0.5rem; }}
.results th, .results td {{
  padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; font-weight: 400; white-space: nowrap;
}}
.results thead th {{ color: {palette.SOFT}; border-bottom: 1px solid {palette.INK}; vertical-align: bottom; }}
.results tbody tr {{ border-bottom: 1px solid {palette.LINE}; }}
.results tbody th {{ font-weight: 600; }}
.results .number {{ text-align: right; }}
.results .interval, .results .note {{ color: {palette.SOFT}; font-size: 0.86em; }}
.results .rule {{ border-top: 2px solid {palette.LINE}; }}
.results .note {{ margin: 0.5rem 0 0; }}
</style>
"""
