"""Scored documents without a model: scores and selections that somebody gave word by word."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rationale.arrays import Bool, Float32
from rationale.corpus.document import Document
from rationale.scores.methods import normalise
from rationale.scores.scored import Perturbed, ScoredDocument


def scored_words(
    document: Document,
    *,
    words: Mapping[str, Float32] | None = None,
    given: Mapping[str, Bool] | None = None,
    unmatched: Mapping[str, int] | None = None,
    predicted: str | None = None,
    explained: str | None = None,
    probabilities: tuple[float, ...] = (),
    perturbed: tuple[Perturbed, ...] = (),
) -> ScoredDocument:
    """Makes a scored document whose tokens are the W words themselves, in one window.

    Args:
        document: The document.
        words: Per method, float32 (W,), one score a word.
        given: Per method, bool (W,), the words it selects.
        unmatched: Per method, the number of quoted words that are nowhere in the document.
        predicted: The predicted label.
        explained: The class that the rationale is for.
        probabilities: Of the classes.
        perturbed: Probabilities without words, and with only them.

    Returns:
        The document with one layer a method. Token scores are the word scores over the sum of their absolute
        values, so that the threshold 1/n is a share of 1/W.
    """
    count = len(document.words)
    rows = {name: np.asarray(values, np.float32).reshape(1, count) for name, values in (words or {}).items()}
    return ScoredDocument(
        id=document.id,
        docid=document.docid,
        digest=document.digest,
        label=document.label,
        predicted=predicted,
        probabilities=probabilities,
        tokens=document.words,
        token_word=np.arange(count, dtype=np.int32),
        token_window=np.zeros(count, np.int32),
        window_tokens=np.array([count], np.int32),
        window_weight=np.ones(1, np.float32),
        covered=np.ones(count, np.bool_),
        words=rows,
        token_scores={name: normalise(values, signed=True) for name, values in rows.items()},
        perturbed=perturbed,
        layers={name: (0,) for name in {**rows, **(given or {})}},
        given=dict(given or {}),
        unmatched=dict(unmatched or {}),
        explained=explained,
    )
