"""What is shown of a document: the score, a second one beside it, the selection, words or tokens."""

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
    """The score method on show."""
    return address.choose(
        "method",
        collection.scores.methods,
        st.selectbox,
        "Method",
        format_func=collection.title_of,
        width=230,
    )


def choose_beside(address: Address, collection: Collection, method: str, *, must: bool = False) -> str | None:
    """A second method under the same layer slider; None for nothing beside the first."""
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
    """How words are selected; by rank only where a human selected some.

    Args:
        address: The page's address.
        recipe: Of the agreement, or of the scores where there is none: it says which threshold is meant.
        annotated: Whether a human marked words.
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
    """Words, or the tokens the model reads."""
    return address.choose(
        "units", _UNITS, st.segmented_control, "Show", format_func=str.capitalize, required=True
    )


def choose_part(address: Address, document: Document, scored: ScoredDocument, units: Units) -> int:
    """Which part of a very long document is on show."""
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
    """The words component for one method or two; where the reader goes, the address follows."""
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
    )
    event = words_view(data, key=f"{key}.{address.epoch}", on_change=touch)
    offer_view(data, "-".join(dict.fromkeys(scored.key)), key=key)
    if event.layer is not None:
        address.set("layer", event.layer)
    if event.pins is not None:
        address.set("pins", ".".join(map(str, event.pins)))


def offer_view(data: WordsData, name: str, *, key: str) -> None:
    """Two buttons: this very view as a page of its own, and what it shows as data."""
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)[:80]
    with st.container(horizontal=True, gap="xsmall", key=f"save.{key}"):
        for label, ending, what, write in (
            (
                "Save view",
                "html",
                "One page, no network needed; layers and words still answer.",
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
    """A row of widgets that wraps where there is little room."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small")
