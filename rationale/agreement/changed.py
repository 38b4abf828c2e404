"""Whether labels or rationales are still those of the data that was scored."""

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
    """What of the gold data is not as it was when the documents were scored; logged as a warning, too.

    The texts are compared elsewhere, document by document: scores of another text are refused. Another label
    or rationale leaves the scores what they are, but not their agreement.

    Args:
        scores: Of these documents, or of a part of them.
        documents: As they are now.

    Returns:
        What changed; of nothing else is anything said.
    """
    expected = scores.recipe.data.fingerprint
    now = [document for key in scores.keys if (document := documents.get(key)) is not None]
    if expected is None or Documents(now, source="").fingerprint == expected:
        return Changed()
    labels = {scored.key: scored.label for scored in scores}
    relabelled = [document for document in now if document.label != labels[document.key]]
    before = [replace(document, label=labels[document.key]) for document in now]
    found = Changed(labels=len(relabelled), rationales=Documents(before, source="").fingerprint != expected)
    told = [f"the labels of {len(relabelled)} documents"] if relabelled else []
    told += ["rationales"] if found.rationales else []
    log.warning(
        "%s: %s changed since the documents were scored; the agreement is with what they are now",
        documents.source,
        " and ".join(told),
    )
    return found
