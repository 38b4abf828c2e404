"""What scripts share that keep results in docs: no folders of this machine, and figures as pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from playwright.sync_api import sync_playwright

from rationale.artifacts.seal import read_sealed, sealed


def without_folders(value: Any) -> Any:
    """The same, of every path its last part only: what is kept does not tell whose machine it was."""
    if isinstance(value, dict):
        return {key: without_folders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_folders(one) for one in value]
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def copy_result(source: Path, to: Path) -> None:
    """Copies a JSON result with the names of files instead of paths, sealed anew where it was sealed."""
    content, seal = read_sealed(source)
    content = without_folders(content)
    if seal is not None:
        content = sealed(content, seal.kind, seal.inputs, seal.files)
    to.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def draw(figures: Mapping[Path, go.Figure], *, height: int = 480) -> None:
    """Each figure as a PNG of 900 pixels' width, drawn in Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for path, figure in figures.items():
            tab = browser.new_page(viewport={"width": 900, "height": height})
            tab.set_content(
                figure.to_html(include_plotlyjs=True, config={"staticPlot": True}, default_width="880px")
            )
            tab.wait_for_timeout(1500)
            tab.screenshot(path=path)
            tab.close()
        browser.close()
