"""Widgets that choose scores and document; the URL holds their choices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from rationale.agreement.select import SELECTIONS, Select
from rationale.corpus import Key
from workbench.address import Address, choose_now
from workbench.collection import Collection, all_numbers, column
from workbench.gold import choose_gold
from workbench.messages import escape_markdown
from workbench.opening import open_collection, open_predictions
from workbench.settings import AppSettings
from workbench.units import safe

SORTS = {
    "file": ("file order", None, False),
    "ap-high": ("AP, best first", "ap", True),
    "ap-low": ("AP, worst first", "ap", False),
    "fpr-low": ("FPR, lowest first", "fpr", False),
    "fpr-high": ("FPR, highest first", "fpr", True),
}
MOST = 500
"""Documents listed at once; a search narrows a longer list."""


def pair_key(key: Key) -> str:
    """Formats a pair for the URL.

    >>> pair_key(("a1", "a1")), pair_key(("a1", "d7"))
    ('a1', 'a1 d7')
    """
    return key[0] if key[0] == key[1] else f"{key[0]} {key[1]}"


def choose_collection(address: Address, settings: AppSettings) -> Collection:
    """Opens the scores; shows a picker if there are several, and one for the gold of several annotators.

    Raises:
        RationaleError: If they cannot be opened.
    """
    folders, files = settings.folders(), settings.files()
    if not folders and not files:
        st.info(
            "No scores are open. `rationale demo` makes some from the embedded sample; then "
            "`rationale app --scores FOLDER` shows them. *Try* works with a model alone.",
            icon=":material/folder_open:",
        )
        st.stop()
    names = [*folders, *files]
    name = names[0]
    if len(names) > 1:
        name = address.choose("scores", names, st.selectbox, "Run", width=260)
    data, split, agreement = settings.data, settings.split, settings.agreement
    if name in files:
        return choose_gold(address, open_predictions(name, files[name], data, split, agreement))
    only = len(names) == 1
    return choose_gold(address, open_collection(name, folders[name], data, split, agreement, only=only))


def choose_document(address: Address, collection: Collection) -> Key:
    """Chooses the document on show, from a list that can be searched and sorted."""
    search = address.choose_text("search", "Search", placeholder="id or words", width=190)
    sort = "file"
    if collection.annotated:
        sort = address.choose("sort", list(SORTS), st.selectbox, "Sort", format_func=_sort_title, width=180)
    keys, values = listed(address, collection, search, sort)
    if not keys:
        st.info(escape_markdown(f"No document contains “{safe(search)}”."), icon=":material/search_off:")
        st.stop()
    show = partial(_label, collection, values)
    shown = _with_chosen(keys, address.get("document"))
    key = address.choose(
        "document", shown, st.selectbox, "Document", text=pair_key, format_func=show, width=360
    )
    if st.session_state.setdefault("address.shown", key) != key:
        address.set("pins", None)
        address.set("part", None)
        st.session_state["address.shown"] = key
    _turn(shown, key)
    if len(keys) > len(shown):
        st.caption(f"{len(shown)} of {len(keys):,} are listed; search to narrow.")
    return key


def _with_chosen(keys: Sequence[Key], chosen: str | None) -> list[Key]:
    """Returns the first :data:`MOST` keys, and the chosen one if it comes later."""
    shown = list(keys[:MOST])
    return shown + [key for key in keys[MOST:] if pair_key(key) == chosen]


def listed(
    address: Address, collection: Collection, search: str, sort: str
) -> tuple[list[Key], dict[Key, str]]:
    """Returns the documents that contain ``search``, sorted, and as text the number each was sorted by."""
    wanted = search.strip().lower()
    keys = [key for key in collection.keys if wanted in collection.texts[key]]
    title, metric, down = SORTS[sort]
    if metric is None:
        return keys, {}
    methods = collection.scores.methods
    method = address.get("method") or ""
    method = method if method in methods else methods[0]
    layers = collection.scores.layers(method)
    requested = address.number("layer")
    layer = requested if requested in layers else layers[-1]
    select: Select = next((s for s in SELECTIONS if s == address.get("select")), SELECTIONS[0])
    values = column(all_numbers(collection.stamp, collection), metric, method, layer, select)
    worst = float("-inf") if down else float("inf")
    keys.sort(key=lambda key: values.get(key, worst), reverse=down)
    word = title.split(",")[0]
    return keys, {key: f"{word} {value:.2f}" for key, value in values.items()}


def _label(collection: Collection, values: dict[Key, str], key: Key) -> str:
    document = collection.documents.get(key)
    if document is None:
        return pair_key(key)
    begins = " ".join(word[:20] for word in document.words[:7])
    parts_ = (values.get(key), safe(pair_key(key)), document.label, safe(begins) + " …")
    return " · ".join(part for part in parts_ if part)


def _sort_title(sort: str) -> str:
    return SORTS[sort][0]


def _turn(keys: Sequence[Key], key: Key) -> None:
    """Shows buttons for the previous and the next document."""
    position = keys.index(key)
    with st.container(horizontal=True, width="content", gap="xxsmall", vertical_alignment="bottom"):
        for label, step, what in (("‹", -1, "previous"), ("›", 1, "next")):
            inside = 0 <= position + step < len(keys)
            st.button(
                label,
                key=f"turn.{what}",
                help=f"{what} document",
                disabled=not inside,
                on_click=choose_now,
                args=("document", pair_key(keys[position + step] if inside else key)),
            )
