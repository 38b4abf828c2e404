"""Scores: one file a method, one engine that computes several in one pass, one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.scores.methods import METHODS, Method, default_methods, one_pass_methods
    from rationale.scores.options import Faithfulness, NaopcOptions, ScoreOptions
    from rationale.scores.pipeline import score, score_text
    from rationale.scores.scored import Perturbed, ScoredDocument, Scores
    from rationale.scores.store import MemoryScores, StoredScores

__all__ = [
    "METHODS",
    "Faithfulness",
    "MemoryScores",
    "Method",
    "NaopcOptions",
    "Perturbed",
    "ScoreOptions",
    "ScoredDocument",
    "Scores",
    "StoredScores",
    "default_methods",
    "one_pass_methods",
    "score",
    "score_text",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "Faithfulness": "rationale.scores.options",
        "METHODS": "rationale.scores.methods",
        "MemoryScores": "rationale.scores.store",
        "Method": "rationale.scores.methods",
        "NaopcOptions": "rationale.scores.options",
        "Perturbed": "rationale.scores.scored",
        "ScoreOptions": "rationale.scores.options",
        "ScoredDocument": "rationale.scores.scored",
        "Scores": "rationale.scores.scored",
        "StoredScores": "rationale.scores.store",
        "default_methods": "rationale.scores.methods",
        "one_pass_methods": "rationale.scores.methods",
        "score": "rationale.scores.pipeline",
        "score_text": "rationale.scores.pipeline",
    },
)
