"""Tokens: exact alignment of words and sub-words, windows over long documents, packed batches."""

from rationale.tokens.alignment import Alignment, align, sum_to_words
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
    "sum_to_words",
]
