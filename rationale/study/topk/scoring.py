"""Scores that arms take their words from: made once for all of a seed, and never those of something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rationale.encoder.loading import Classifier
from rationale.errors import ScoresError
from rationale.scores import ScoreOptions, Scores, StoredScores, score
from rationale.scores.recipe import make_recipe
from rationale.study.topk.arms import Arm
from rationale.study.topk.cuts import Positions, Split


def scores_of(
    classifier: Classifier,
    arm: Arm,
    arms: Sequence[Arm],
    seed: int,
    split: Split,
    positions: Positions,
    root: Path,
    name: str,
) -> Scores:
    """Scores of a split for an arm and all that share its model and target; what is there is taken.

    Args:
        classifier: The seed's full-input model, or the dropping one.
        arm: Whose scores.
        arms: All of the study.
        seed: Of random methods.
        split: The documents.
        positions: Of the study.
        root: Where scores lie.
        name: Of the split.
    """
    methods = {
        one.method for one in arms
        if one.scored and one.dropping == arm.dropping and (one.target == arm.target or one.dropping)
    }  # fmt: skip
    who = "dropping" if arm.dropping else f"seed{seed}-{arm.target}"
    folder = root / f"{who}-{name}"
    protocol: Any = "truncate" if positions == "original" else "document"
    chosen = ScoreOptions(sorted(methods), target=arm.target, protocol=protocol, seed=seed)
    try:
        found = StoredScores(folder)
    except ScoresError:  # none, or killed half-way: gone on with below
        found = None
    if found is not None and _same_scores(found.recipe, make_recipe(classifier, split.documents, chosen)):
        if methods <= set(found.methods):
            return found
        chosen = replace(chosen, methods=sorted(methods | set(found.methods)))
    return score(classifier, split.documents, chosen, out=folder, overwrite=True)


def _same_scores(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether scores were made of the same model and documents in the same way, of whatever methods."""
    names = ("labels", "target", "protocol", "normalisation", "aggregation", "dtype", "seed")
    return (
        one["model"]["hash"] == other["model"]["hash"]
        and one["data"]["fingerprint"] == other["data"]["fingerprint"]
        and all(one[name] == other[name] for name in names)
    )
