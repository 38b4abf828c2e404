"""Scores that conditions take their words from: made once for all of a seed, and never those of something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rationale.artifacts.provenance import Provenance
from rationale.corpus.document import Documents
from rationale.errors import ScoresError
from rationale.loading.classifier import Classifier
from rationale.scores import ScoreOptions, Scores, StoredScores, score
from rationale.scores.recipe import make_recipe


def scores_of(classifier: Classifier, documents: Documents, chosen: ScoreOptions, folder: Path) -> Scores:
    """What lies in ``folder`` where it is of these, else made there.

    Args:
        classifier: Whose scores.
        documents: What is scored.
        chosen: Methods, of which more may lie there, and how.
        folder: Where scores lie.
    """
    methods = set(chosen.methods)
    try:
        found = StoredScores(folder)
    except ScoresError:  # none, or killed half-way: gone on with below
        found = None
    if found is not None and _same_scores(found.recipe, make_recipe(classifier, documents, chosen)):
        if methods <= set(found.methods):
            return found
        chosen = replace(chosen, methods=sorted(methods | set(found.methods)))
    return score(classifier, documents, chosen, out=folder, overwrite=True)


def _same_scores(one: Provenance, other: Provenance) -> bool:
    """Whether scores were made of the same model and documents in the same way, of whatever methods."""
    names = ("labels", "target", "protocol", "normalisation", "aggregation", "dtype", "seed")
    return (
        one.model.hash == other.model.hash
        and one.data.fingerprint == other.data.fingerprint
        and all(getattr(one, name) == getattr(other, name) for name in names)
    )
