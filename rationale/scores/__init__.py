"""Scores: one file a method, one engine that computes several in one pass, one store."""

# ruff: isort: off
# Methods are registered, listed and computed in this order.
from rationale.scores import saliency, attention, rollout, baselines, captum, contribution  # noqa: F401

# ruff: isort: on
from rationale.scores.methods import METHODS, Method, default_methods, one_pass_methods
from rationale.scores.options import Faithfulness, ScoreOptions
from rationale.scores.pipeline import score, score_text
from rationale.scores.scored import Perturbed, ScoredDocument, Scores
from rationale.scores.store import MemoryScores, StoredScores

__all__ = [
    "METHODS",
    "Faithfulness",
    "MemoryScores",
    "Method",
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
