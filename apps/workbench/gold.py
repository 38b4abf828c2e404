"""Chooses how several annotators make the human rationale, as ``rationale agree --gold`` does."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rationale.agreement.gold import GOLD, Gold, in_use
from workbench.address import Address
from workbench.collection import Collection


def choose_gold(address: Address, collection: Collection) -> Collection:
    """Returns the collection with the gold in use: the opened agreement's, else the one that is chosen.

    Where no document has several annotators there is nothing to choose.
    """
    options = golds(collection)
    if not options:
        return collection
    texts = {gold: _text(collection, gold) for gold in options}
    gold = address.choose(
        "gold", options, st.selectbox, "Human rationale",
        default="each" if "each" in options else None, format_func=texts.__getitem__,
        disabled=collection.agreement is not None, width=230,
        help="How several annotators make the human rationale, as `rationale agree --gold` does; an opened "
        "agreement says it. Empty: annotated documents in which it has no word, so that they have no AP.",
    )  # fmt: skip
    return _against(collection.stamp, gold, collection)


def golds(collection: Collection) -> tuple[Gold, ...]:
    """The golds to choose from: the opened agreement's, else all where a document has several annotators."""
    if collection.agreement is not None:
        return () if collection.gold is None else (collection.gold,)
    return GOLD if any(len(document.asked) > 1 for document in collection.documents) else ()


@st.cache_resource(max_entries=8, show_spinner=False)
def _against(stamp: str, gold: Gold, _collection: Collection) -> Collection:
    return replace(_collection, gold=gold, stamp=f"{stamp} --gold {gold}")


@st.cache_data(max_entries=64, show_spinner="Counting documents without a rationale word …")
def _empty(stamp: str, gold: Gold, _collection: Collection) -> tuple[int, int]:
    """Counts the scored documents whose rationale has no word, and those that are annotated."""
    used = in_use(_collection.documents, gold).documents
    documents = [document for key in _collection.keys if (document := used.get(key)) and document.annotated]
    return sum(not document.spans for document in documents), len(documents)


def _text(collection: Collection, gold: Gold) -> str:
    empty, annotated = _empty(collection.stamp, gold, collection)
    name = {"soft": "soft, majority shown", "each": "each annotator"}.get(gold, gold)
    return f"{name} ({empty:,} of {annotated:,} empty)"
