"""The notebook of the docs runs as it stands, offline, and shows coloured words."""

import os
import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "explain.ipynb"


@pytest.fixture(scope="module")
def executed(trained_on_sample):
    nbformat = pytest.importorskip("nbformat", reason="nbclient is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    there = {"RATIONALE_DEMO": str(trained_on_sample.parent.parent), "HF_HUB_OFFLINE": "1"}
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute(
        cwd=str(trained_on_sample), env=os.environ | there
    )
    return notebook


def html(notebook):
    """The HTML that each cell shows."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]


def test_explain_shows_words_and_no_table(executed):
    (shown,) = (page for page in html(executed) if "<details>" in page)
    assert "<table" not in shown
    assert "<script" not in shown
    grounds = re.findall(r'<span class="w"[^>]*background-color:rgba\(231,138,0,([0-9.]+)\)', shown)
    assert max(map(float, grounds)) == 1, "the word that scores highest has the full ground"
    assert len(grounds) > 30


def test_what_is_saved_has_the_same_cells_and_shows_the_words_too(executed):
    """The site shows the saved outputs: somebody who edits a cell executes the notebook before saving."""
    nbformat = pytest.importorskip("nbformat")
    saved = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert all(cell.outputs or "=" in cell.source.splitlines()[-1] for cell in cells)
    assert len(html(saved)) == len(html(executed))
    assert any("<details>" in page for page in html(saved))
