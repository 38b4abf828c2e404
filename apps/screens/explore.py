"""The page Explore: one document, its words by score in each layer, and what a human marked."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rationale.agreement.select import Select, selections
from rationale.corpus import Document
from rationale.scores import ScoredDocument
from workbench.address import Address
from workbench.collection import Collection
from workbench.dropping import drops
from workbench.listing import choose_collection, choose_document
from workbench.messages import caution, messages
from workbench.reading import (
    choose_beside,
    choose_method,
    choose_part,
    choose_select,
    choose_units,
    show_words,
    toolbar,
)
from workbench.settings import AppSettings


def explore() -> None:
    """Shows the page."""
    address = Address()
    with messages():
        with toolbar():
            collection = choose_collection(address, AppSettings.parse(sys.argv[1:]))
            key = choose_document(address, collection)
        caution(collection.warnings)
        opened = collection.open(key)
        with toolbar():
            method = choose_method(address, collection)
            beside = choose_beside(address, collection, method)
            select = _select(address, collection, opened, [method, beside])
            units = choose_units(address)
            part = choose_part(address, *opened, units)
        methods = [method] if beside is None else [method, beside]
        show_words(address, collection, opened, methods, select, units, part, key="explore")
    address.write()


def _select(
    address: Address,
    collection: Collection,
    opened: tuple[Document, ScoredDocument],
    methods: Sequence[str | None],
) -> Select:
    """Chooses how words are selected; there is no choice if only what the model keeps is shown."""
    document, scored = opened
    if all(method is None or drops(method, scored) for method in methods):
        return "threshold"
    among = selections(collection.scores.recipe)
    return choose_select(address, collection.recipe, annotated=document.annotated, among=among)


explore()
