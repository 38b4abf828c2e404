"""The words component: a document that never reflows, its layers, its heat map, the word under the pointer.

It consists of the HTML, CSS and plain JavaScript in ``words/``; nothing is built and nothing is fetched. The
document is passed as data and is written to the page only through ``textContent``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from rationale.report import palette
from rationale.report.annotators import ANNOTATORS_CSS
from workbench.drawn import WordsData

_FOLDER = Path(__file__).with_name("words")
_SCRIPTS = ("base.js", "text.js", "strip.js", "side.js", "view.js")
_COLOURS = {
    "--ink": palette.INK,
    "--quiet": palette.SOFT,
    "--line": palette.LINE,
    "--ground": palette.GROUND,
    "--model": palette.AMBER,
    "--model-edge": palette.AMBER_INK,
    "--human": palette.BLUE,
}


class WordEvent(NamedTuple):
    """The user's position, as the component reports it.

    Attributes:
        layer: The layer that the user stepped to; None before the first step.
        pins: The pinned words, sorted; None before a word was pinned or unpinned on this document.
    """

    layer: int | None
    pins: tuple[int, ...] | None


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
body {{ margin: 0 auto; padding: 20px; max-width: 1400px; background: {ground}; }}
.text {{ max-height: none; }}
</style>
</head>
<body>
{html}
<script type="application/json" id="data">{data}</script>
<script type="module">
{script}
const data = JSON.parse(document.getElementById("data").textContent);
render({{ parentElement: document.body, data, setStateValue() {{}} }});
</script>
</body>
</html>
"""

HTML = '<div class="frame"><div class="words-view"></div></div>'


def style() -> str:
    """Returns the CSS, with the palette and the annotators' lines of the reports."""
    colours = "".join(f"{name}: {value};" for name, value in _COLOURS.items())
    return f".words-view {{ {colours} }}\n{ANNOTATORS_CSS}{_read('words.css')}"


def script() -> str:
    """Returns the JavaScript as one module."""
    return "\n".join(map(_read, _SCRIPTS))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def standalone(data: WordsData, title: str) -> str:
    """Renders the view as one interactive HTML file that needs neither server nor network.

    Args:
        data: What :func:`workbench.drawing.words_data` returned.
        title: The title of the page.
    """
    payload = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return _PAGE.format(
        title=escape(title), style=style(), html=HTML, data=payload, script=script(), ground=palette.GROUND
    )


_words = st.components.v2.component("rationale_words", html=HTML, css=style(), js=script())


def words_view(data: WordsData, *, key: str, on_change: Callable[[], None]) -> WordEvent:
    """Shows one document, and returns the user's position; everything is computed beforehand.

    Args:
        data: What :func:`workbench.drawing.words_data` returned.
        key: The widget's key; with another key the component starts anew, at the data's layer and pins.
        on_change: Called before the rerun after a step or a pin.
    """
    result = _words(key=key, data=data, on_layer_change=on_change, on_pins_change=on_change)
    layer, pins = result.get("layer"), result.get("pins")
    if pins is not None and pins["document"] != data["document"]:
        pins = None
    return WordEvent(
        None if layer is None else int(layer),
        None if pins is None else tuple(int(word) for word in pins["words"]),
    )
