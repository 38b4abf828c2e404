"""Checks whether labels or rationales changed since the data was scored."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from rationale.artifacts.provenance import Changed
from rationale.corpus.document import Documents

if TYPE_CHECKING:
    from rationale.scores.scored import Scores

log = logging.getLogger(__name__)


def changed_since_scoring(scores: Scores, documents: Documents) -> Changed:
    """Finds what changed in the gold data since the documents were scored, and logs it as a warning.

    Texts are compared elsewhere, document by document: scores of another text are refused. A changed label or
    rationale leaves the scores valid, but changes their agreement.

    Args:
        scores: Scores of these documents, or of a part of them.
        documents: The documents as they are now.

    Returns:
        What changed; empty if nothing did.
    """
    expected = scores.recipe.data.fingerprint
    now = [document for key in scores.keys if (document := documents.get(key)) is not None]
    if expected is None or Documents(now, source="").fingerprint == expected:
        return Changed()
    labels = {scored.key: scored.label for scored in scores}
    relabelled = [document for document in now if document.label != labels[document.key]]
    before = [replace(document, label=labels[document.key]) for document in now]
    changed = Changed(labels=len(relabelled), rationales=Documents(before, source="").fingerprint != expected)
    parts = [f"the labels of {len(relabelled)} documents"] if relabelled else []
    parts += ["rationales"] if changed.rationales else []
    log.warning(
        "%s: %s changed since the documents were scored; the agreement is with what they are now",
        documents.source,
        " and ".join(parts),
    )
    return changed
