"""The names of task metrics, for modules that name metrics without computing them."""

from __future__ import annotations

from typing import Literal

Task = Literal["classes", "number", "answers"]
"""What a model predicts: a class, a number, or an answer to a question."""

CLASS_METRICS = ("accuracy", "macro_f1", "mcc")
"""Metrics of predicted classes."""

NUMBER_METRICS = ("pearson", "spearman")
"""Metrics of predicted numbers."""

QA_METRICS = ("f1", "exact_match")
"""Metrics of answers to questions."""
