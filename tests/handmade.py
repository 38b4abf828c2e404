"""Scores made by hand, as real ones look: one token a word between two special tokens, one window a document.

All tests that need scores without a model have them from here; tests/test_handmade.py writes what this makes
to disk and reads it back with the library's own readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rationale.artifacts.provenance import Provenance, as_read
from rationale.artifacts.record import read_record
from rationale.corpus.document import Document, Documents
from rationale.errors import ScoresError
from rationale.scores.families import family_of
from rationale.scores.scored import Perturbed, ScoredDocument
from rationale.scores.store import MemoryScores

LABELS = ("NEG", "POS")
BINS = [0.01, 0.05, 0.1, 0.2, 0.5]
WHERE = Path("scores made by hand")


def scored(
    document: Document,
    words: Mapping[str, Any],
    *,
    covered: Sequence[bool] | None = None,
    ends: float = 0.0,
    perturbed: Sequence[Sequence[Any]] = (),
    predicted: str = "POS",
    probabilities: Sequence[float] = (0.25, 0.75),
) -> ScoredDocument:
    """Scores of a document from ``{method: (layers, words)}``; token scores equal the words'.

    Words that are not ``covered`` have no token; the two special tokens score ``ends``. Each of ``perturbed``
    holds the fields of a :class:`Perturbed`.
    """
    rows = {method: np.atleast_2d(np.asarray(values, dtype=np.float32)) for method, values in words.items()}
    count = len(document.words)
    there = np.ones(count, dtype=bool) if covered is None else np.asarray(covered, dtype=bool)
    read = np.flatnonzero(there)
    edges = ((0, 0), (1, 1))
    return ScoredDocument(
        id=document.id,
        docid=document.docid,
        digest=document.digest,
        label=document.label,
        predicted=predicted,
        probabilities=tuple(probabilities),
        tokens=("[CLS]", *(document.words[place] for place in read), "[SEP]"),
        token_word=np.array([-1, *read, -1], dtype=np.int32),
        token_window=np.zeros(len(read) + 2, dtype=np.int32),
        window_tokens=np.array([len(read) + 2], dtype=np.int32),
        window_weight=np.ones(1, dtype=np.float32),
        covered=there,
        words=rows,
        token_scores={
            method: np.pad(values[:, read], edges, constant_values=ends) for method, values in rows.items()
        },
        layers={method: tuple(range(len(values))) for method, values in rows.items()},
        perturbed=tuple(Perturbed(*one) for one in perturbed),
    )


def recipe_of(
    documents: Documents,
    layers: Mapping[str, Sequence[int]],
    *,
    signed: Sequence[str] = (),
    titles: Mapping[str, str] | None = None,
    **changes: Any,
) -> Provenance:
    """A recipe that names every field a real one has; ``changes`` replace whole fields.

    Raises:
        ScoresError: Where the library's reader would refuse it.
    """
    recipe = {
        "kind": "scores",
        "model": {
            "name": "toy",
            "revision": None,
            "hash": "0123456789abcdef",
            "family": "bert",
            "layers": max(map(len, layers.values()), default=1),
            "max_length": 512,
        },
        "data": {
            "source": documents.source,
            "split": documents.split,
            "fingerprint": documents.fingerprint,
            "documents": len(documents),
        },
        "labels": list(LABELS),
        "methods": {
            name: {
                "title": (titles or {}).get(name, name),
                "definition": f"Definition of {name}: x < y & z",
                "signed": name in signed,
                "layers": list(rows),
                "settings": {},
                "family": family_of(name),
            }
            for name, rows in layers.items()
        },
        "target": "predicted",
        "protocol": "document",
        "normalisation": "divided by the sum over the window's tokens, special ones included",
        "special_tokens": "scored in the window's sum, never part of a word; so is the query",
        "aggregation": "sum",
        "dtype": "float32",
        "device": "cpu",
        "batch_size": 8,
        "part_size": 32,
        "seed": 0,
        "faithfulness": None,
        "versions": {"python": "3.11", "rationale": "0.1.0", "torch": "2.13.0", "transformers": "5.23.0"},
    } | changes
    what, remedy = "the recipe is damaged", "Mend it."
    return read_record(Provenance, as_read(recipe), WHERE, error=ScoresError, what=what, remedy=remedy)


def scores_of(
    items: Sequence[ScoredDocument], documents: Documents, *, signed: Sequence[str] = (), **changes: Any
) -> MemoryScores:
    """Scores in memory of these scored documents, their recipe as :func:`recipe_of` has it."""
    return MemoryScores(recipe_of(documents, items[0].layers, signed=signed, **changes), list(items))
