"""Scores: one file a method, one engine that computes several in one pass, one store."""

from rationale.baselines import BASELINES
from rationale.scores import (  # noqa: F401  (registers methods)
    attention,
    baselines,
    captum,
    contribution,
    rollout,
    saliency,
)
from rationale.scores.methods import METHODS, ONE_PASS, Method
from rationale.scores.options import Faithfulness, ScoreOptions
from rationale.scores.pipeline import score, score_text
from rationale.scores.scored import Perturbed, ScoredDocument, Scores
from rationale.scores.store import MemoryScores, StoredScores

__all__ = [
    "BASELINES",
    "METHODS",
    "ONE_PASS",
    "Faithfulness",
    "MemoryScores",
    "Method",
    "Perturbed",
    "ScoreOptions",
    "ScoredDocument",
    "Scores",
    "StoredScores",
    "score",
    "score_text",
]
