"""Explore: one document, its words by score in each layer, against what a human marked."""

from __future__ import annotations

import sys

from workbench.address import Address
from workbench.listing import choose_collection, choose_document
from workbench.messages import messages
from workbench.reading import (
    choose_beside,
    choose_method,
    choose_part,
    choose_select,
    choose_units,
    show_words,
    toolbar,
)
from workbench.settings import Settings


def explore() -> None:
    """The page."""
    address = Address()
    with messages():
        with toolbar():
            collection = choose_collection(address, Settings.parse(sys.argv[1:]))
            key = choose_document(address, collection)
        opened = collection.open(key)
        with toolbar():
            method = choose_method(address, collection)
            beside = choose_beside(address, collection, method)
            select = choose_select(address, annotated=opened[0].annotated)
            units = choose_units(address)
            part = choose_part(address, *opened, units)
        methods = [method] if beside is None else [method, beside]
        show_words(address, collection, opened, methods, select, units, part, key="explore")
    address.write()


explore()
