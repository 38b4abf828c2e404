"""The figures of predictions by name, for who asks for one and computes none."""

from __future__ import annotations

from typing import Literal

Task = Literal["classes", "number", "answers"]
"""What a model learns to say."""

CLASS_METRICS = ("accuracy", "macro_f1", "mcc")
"""Figures of labels."""

NUMBER_METRICS = ("pearson", "spearman")
"""Figures of numbers."""

QA_METRICS = ("f1", "exact_match")
"""Figures of answers."""
