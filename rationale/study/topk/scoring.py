"""Scores that conditions choose words by: computed once per seed, verified before reuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rationale.artifacts.provenance import Provenance
from rationale.corpus.document import Documents
from rationale.errors import ScoresError
from rationale.loading.classifier import Classifier
from rationale.scores import ScoreOptions, Scores, StoredScores, score
from rationale.scores.recipe import make_recipe


def scores_of(
    classifier: Classifier,
    documents: Documents,
    options: ScoreOptions,
    folder: Path,
    command: str | None = None,
) -> Scores:
    """Loads the scores in ``folder``, or computes them where they are missing or of other inputs.

    Args:
        classifier: The model that is scored.
        documents: The documents to score.
        options: Methods and settings; stored scores may have more methods.
        folder: The score folder.
        command: The typed command, as shell text; None from Python.
    """
    methods = set(options.methods)
    try:
        stored = StoredScores(folder)
    except ScoresError:  # missing, or interrupted: completed below
        stored = None
    if stored is not None and _same_scores(stored.recipe, make_recipe(classifier, documents, options)):
        if methods <= set(stored.methods):
            return stored
        options = replace(options, methods=sorted(methods | set(stored.methods)))
    return score(classifier, documents, options, out=folder, overwrite=True, command=command)


def _same_scores(first: Provenance, second: Provenance) -> bool:
    """Whether two scorings agree in model, documents and settings; methods may differ."""
    fields = ("labels", "target", "protocol", "normalisation", "aggregation", "dtype", "seed")
    return (
        first.model.hash == second.model.hash
        and first.data.fingerprint == second.data.fingerprint
        and all(getattr(first, name) == getattr(second, name) for name in fields)
    )
