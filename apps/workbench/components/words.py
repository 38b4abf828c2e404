"""The words component: a document that never reflows, its layers, its heat map, the word under the pointer.

HTML, CSS and plain JavaScript from ``words/``, joined as they are: nothing is built and nothing is fetched.
The document travels as data and reaches the page through ``textContent`` only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from rationale.report import palette
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
    """Where the reader is, as the component tells it.

    Attributes:
        layer: The layer the reader stepped to; None before the first step.
        pins: The pinned words, sorted; None before one was pinned or freed on this document.
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
    """The CSS, with the palette of the reports."""
    colours = "".join(f"{name}: {value};" for name, value in _COLOURS.items())
    return f".words-view {{ {colours} }}\n{_read('words.css')}"


def script() -> str:
    """The JavaScript, one module."""
    return "\n".join(map(_read, _SCRIPTS))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def standalone(data: WordsData, title: str) -> str:
    """The view as one HTML file that needs neither server nor network: layers, strip and card still work.

    Args:
        data: What :func:`workbench.drawing.words_data` makes.
        title: The page's.
    """
    payload = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return _PAGE.format(
        title=escape(title), style=style(), html=HTML, data=payload, script=script(), ground=palette.GROUND
    )


_words = st.components.v2.component("rationale_words", html=HTML, css=style(), js=script())


def words_view(data: WordsData, *, key: str, on_change: Callable[[], None]) -> WordEvent:
    """Shows one document; everything on it is computed beforehand and only drawn here.

    Args:
        data: What :func:`workbench.drawing.words_data` makes.
        key: The widget's key; under another key the component starts anew, at the data's layer and pins.
        on_change: Called before the rerun that a step or a pin causes.
    """
    result = _words(key=key, data=data, on_layer_change=on_change, on_pins_change=on_change)
    layer, pins = result.get("layer"), result.get("pins")
    if pins is not None and pins["document"] != data["document"]:
        pins = None
    return WordEvent(
        None if layer is None else int(layer),
        None if pins is None else tuple(int(word) for word in pins["words"]),
    )
