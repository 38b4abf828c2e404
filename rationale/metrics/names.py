"""The figures of predictions by name, for who asks for one and computes none."""

from __future__ import annotations

from typing import Literal

Task = Literal["classes", "number", "answers"]
"""What a model learns to say."""

CLASSES = ("accuracy", "macro_f1", "mcc")
"""Figures of labels."""

NUMBERS = ("pearson", "spearman")
"""Figures of numbers."""

ANSWERS = ("f1", "exact")
"""Figures of answers."""
