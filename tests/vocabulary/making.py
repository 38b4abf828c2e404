"""Corpora whose words' counts, shares and percentiles are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rationale.corpus import Document, Documents, Span
from rationale.scores.scored import Scores
from tests.handmade import scored, scores_of

METHOD = "saliency_of_toy"
Row = tuple[str, Sequence[float], str | None, str | None]
"""Text, scores of its words, gold class, predicted class."""


def corpus(rows: Sequence[Row], *, signed: bool = False, **changes: Any) -> tuple[Scores, Documents]:
    """Documents with one annotated word each, and scores of one method in one layer."""
    documents = Documents(
        [
            Document(str(n), str(n), tuple(text.split(" ")), label=gold, spans=(Span(0, 1),))
            for n, (text, _, gold, _) in enumerate(rows)
        ]
    )
    items = [
        replace(scored(document, {METHOD: [list(values)]}), predicted=predicted)
        for document, (_, values, _, predicted) in zip(documents, rows, strict=True)
    ]
    return scores_of(items, documents, signed=[METHOD] if signed else [], **changes), documents


def random_rows(count: int, vocabulary: Mapping[str, float], *, seed: int, length: int = 12) -> list[Row]:
    """Documents of random words, each with its mean score, spread by an exponential factor."""
    rng = np.random.default_rng(seed)
    words, means = list(vocabulary), np.array(list(vocabulary.values()))
    rows: list[Row] = []
    for _ in range(count):
        chosen = rng.integers(0, len(words), rng.integers(length // 2, length + 1))
        values = means[chosen] * rng.exponential(1, len(chosen))
        gold, predicted = rng.choice(["NEG", "POS"], 2)
        rows.append((" ".join(words[c] for c in chosen), (values / values.sum()).tolist(), gold, predicted))
    return rows
