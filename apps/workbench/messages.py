"""Shows errors of the library as messages on the page: what, where, and what to do; never a traceback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st

from rationale.errors import RationaleError
from workbench.units import safe


@contextmanager
def messages() -> Iterator[None]:
    """Shows a :class:`RationaleError` and ends the page there; other errors are bugs and are raised."""
    try:
        yield
    except RationaleError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        st.stop()


def escape_markdown(text: str) -> str:
    r"""Escapes text so that Streamlit's Markdown shows it as it is written.

    >>> escape_markdown("a*b*[c](d) :red[e] $f$ <g>")
    'a\\*b\\*\\[c\\]\\(d\\) \\:red\\[e\\] \\$f\\$ \\<g\\>'
    """
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$" else c for c in text).replace("\n", " ")


def caution(sentences: Iterable[str]) -> None:
    """Shows warnings that the user has to read before the numbers."""
    for sentence in sentences:
        st.warning(escape_markdown(safe(sentence)), icon=":material/warning:")
