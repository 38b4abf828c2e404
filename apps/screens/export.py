"""The page Export: the report and the numbers as files, written by the functions of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from rationale.agreement import Agreement
from rationale.agreement.select import selections
from rationale.report.eraser import export_eraser
from rationale.report.exports import Choice
from rationale.report.write import report
from rationale.scores.families import meant_layer
from workbench.address import Address
from workbench.collection import Collection, agreement_of
from workbench.listing import choose_collection
from workbench.messages import escape_markdown, messages
from workbench.reading import choose_method, choose_select, toolbar
from workbench.settings import AppSettings

Write = Callable[[Path], object]  # writes this file; it may write others beside it


def export() -> None:
    """Shows the page."""
    address = Address()
    with messages():
        with toolbar():
            collection = choose_collection(address, AppSettings.parse(sys.argv[1:]))
        agreement = agreement_of(collection.stamp, collection)
        st.markdown(f"**{escape_markdown(collection.title)}**, {len(collection.keys):,} documents")
        _reports(collection, agreement)
        _eraser(address, collection)
    address.write()


def _reports(collection: Collection, agreement: Agreement) -> None:
    def write(path: Path, **others: Path) -> None:
        html = path.with_suffix(".html")
        report(collection.scores, collection.documents, agreement, html, **others)  # type: ignore[arg-type]

    _offer("report.html", "A self-contained page to share; it needs no network.", write)
    _offer("report.md", "Findings and main tables as Markdown.", lambda path: write(path, markdown=path))
    _offer("agreement.csv", "Every number with its interval.", lambda path: write(path, csv=path))
    _offer("agreement.parquet", "The same numbers, with types.", lambda path: write(path, parquet=path))
    _offer("agreement.json", "Recipe, records and comparisons, for `rationale report`.", agreement.save)


def _eraser(address: Address, collection: Collection) -> None:
    """Offers one method and layer in the benchmark's format."""
    with st.container(border=True, key="card.eraser"):
        with toolbar():
            method = choose_method(address, collection)
            layers = collection.scores.layers(method)
            usual = meant_layer(method, layers, recipe=collection.scores.recipe)
            layer = address.choose("layer", layers, st.selectbox, "Layer", default=usual, width=110)
            among = selections(collection.scores.recipe)
            select = choose_select(address, collection.recipe, annotated=collection.annotated, among=among)
        settings = collection.measuring
        choice = Choice(method, layer, select, settings.eta, settings.absolute)
        write = partial(export_eraser, collection.scores, collection.used.documents, choice=choice)
        _offer("predictions.jsonl", "Predictions for the ERASER benchmark's scorer.", write, border=False)


def _offer(name: str, what: str, write: Write, *, border: bool = True) -> None:
    """Shows a file's name, what it holds, and a button that writes and downloads it."""
    with st.container(border=border, key=f"card.{name}", horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}** — {what}", width="stretch")
        st.download_button(
            "Download",
            partial(_written, name, write),
            file_name=name,
            key=f"download.{name}",
            on_click="ignore",
            help=f"Download {name}",
        )


def _written(name: str, write: Write) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()


export()
