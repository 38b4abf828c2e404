"""Widgets that choose what is shown of a document: methods, selection, words or tokens; and the words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import streamlit as st

from rationale.agreement.select import SELECTIONS, Select, rule_text, rule_title
from rationale.artifacts.provenance import Provenance
from rationale.corpus import Document
from rationale.scores import ScoredDocument
from workbench.address import Address, touch
from workbench.collection import Collection
from workbench.components.words import standalone, words_view
from workbench.drawing import ViewState, parts, words_data
from workbench.drawn import WordsData
from workbench.units import Units

_UNITS: tuple[Units, ...] = ("words", "tokens")


def choose_method(address: Address, collection: Collection) -> str:
    """Chooses the score method on show."""
    return address.choose(
        "method",
        collection.scores.methods,
        st.selectbox,
        "Method",
        format_func=collection.title_of,
        width=230,
    )


def choose_beside(address: Address, collection: Collection, method: str, *, must: bool = False) -> str | None:
    """Chooses a second method for the same layer slider; None for no second method."""
    others = [other for other in collection.scores.methods if other != method]
    options = others if must else ["", *others]
    if not options:
        return None
    chosen = address.choose(
        "beside", options, st.selectbox, "Beside it",
        format_func=lambda other: collection.title_of(other) if other else "nothing", width=230,
        quiet=True,
    )  # fmt: skip
    return chosen or None


def choose_select(
    address: Address, recipe: Provenance, *, annotated: bool, among: Sequence[str] = SELECTIONS
) -> Select:
    """Chooses how words are selected; by rank only if there is a human rationale.

    Args:
        address: The page's address.
        recipe: Provenance of the agreement, or else of the scores, which says which threshold is used.
        annotated: Whether there is a human rationale.
        among: The selections to choose from.
    """
    options = [select for select in SELECTIONS if select in among]
    if not annotated or not options:
        return "threshold"
    threshold = rule_text(recipe, "threshold")
    return address.choose(
        "select", options, st.segmented_control, "Words selected",
        format_func=partial(rule_title, recipe), required=True,
        help=f"{threshold[:1].upper()}{threshold[1:]}: a word is selected if one of its tokens reaches it. "
        "Top-k: the k best words, k = number of rationale words.",
    )  # fmt: skip


def choose_units(address: Address) -> Units:
    """Chooses between words and the tokens that the model reads."""
    return address.choose(
        "units", _UNITS, st.segmented_control, "Show", format_func=str.capitalize, required=True
    )


def choose_part(address: Address, document: Document, scored: ScoredDocument, units: Units) -> int:
    """Chooses the part of a very long document that is on show."""
    count = parts(document, scored, units)
    if count == 1:
        address.set("part", None)
        return 0
    options = list(range(1, count + 1))
    return address.choose("part", options, st.selectbox, f"Part of {count}", width=110) - 1


def show_words(
    address: Address,
    collection: Collection,
    opened: tuple[Document, ScoredDocument],
    methods: Sequence[str],
    select: Select,
    units: Units,
    part: int,
    *,
    key: str,
) -> None:
    """Shows the words component for one or two methods; the address follows the user's position."""
    document, scored = opened
    reader = ViewState(address.number("layer"), address.pins, part)
    removed = collection.scores.recipe.faithfulness
    data = words_data(
        document,
        scored,
        [collection.layered(document, scored, method, select) for method in methods],
        collection.scores.labels,
        units=units,
        reader=reader,
        share=None if removed is None else removed.share,
        used=collection.used,
    )
    event = words_view(data, key=f"{key}.{address.epoch}", on_change=touch)
    offer_view(data, "-".join(dict.fromkeys(scored.key)), key=key)
    if event.layer is not None:
        address.set("layer", event.layer)
    if event.pins is not None:
        address.set("pins", ".".join(map(str, event.pins)))


def offer_view(data: WordsData, name: str, *, key: str) -> None:
    """Shows two buttons that save the view as a self-contained page and as data."""
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)[:80]
    with st.container(horizontal=True, gap="xsmall", key=f"save.{key}"):
        for label, ending, what, write in (
            (
                "Save view",
                "html",
                "One interactive page that needs no network.",
                standalone,
            ),
            ("Save data", "json", "Words, scores, thresholds and marks of every layer.", _as_json),
        ):
            st.download_button(
                label, partial(write, data, name), file_name=f"{name}.{ending}", key=f"save.{key}.{ending}",
                on_click="ignore", type="tertiary", help=what,
            )  # fmt: skip


def _as_json(data: WordsData, name: str) -> str:
    return json.dumps({"name": name, **data}, ensure_ascii=False, allow_nan=False, indent=1)


def toolbar() -> st.delta_generator.DeltaGenerator:
    """Makes a row of widgets that wraps on narrow screens."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small")
