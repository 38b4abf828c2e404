"""Tokens: exact alignment of words and sub-words, windows over long documents, packed batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.tokens.alignment import Alignment, align, sum_to_words
    from rationale.tokens.batches import run_windows
    from rationale.tokens.packing import Packed, Padding, buckets, pack, pack_windows
    from rationale.tokens.template import Template, read_template
    from rationale.tokens.windows import Protocol, Window, Windower, Windows

__all__ = [
    "Alignment",
    "Packed",
    "Padding",
    "Protocol",
    "Template",
    "Window",
    "Windower",
    "Windows",
    "align",
    "buckets",
    "pack",
    "pack_windows",
    "read_template",
    "run_windows",
    "sum_to_words",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "Alignment": "rationale.tokens.alignment",
        "Packed": "rationale.tokens.packing",
        "Padding": "rationale.tokens.packing",
        "Protocol": "rationale.tokens.windows",
        "Template": "rationale.tokens.template",
        "Window": "rationale.tokens.windows",
        "Windower": "rationale.tokens.windows",
        "Windows": "rationale.tokens.windows",
        "align": "rationale.tokens.alignment",
        "buckets": "rationale.tokens.packing",
        "pack": "rationale.tokens.packing",
        "pack_windows": "rationale.tokens.packing",
        "read_template": "rationale.tokens.template",
        "run_windows": "rationale.tokens.batches",
        "sum_to_words": "rationale.tokens.alignment",
    },
)
