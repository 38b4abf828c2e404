"""Do the tokens a transformer ranks high, or keeps, agree with what humans marked as the reason?

The main functions are ``load_documents``, ``score`` (or ``load_predictions``), ``agree``, ``report`` and
``explain``. They are imported when first used, so that ``import rationale`` is fast. It registers
token-dropping models with transformers: ``AutoModelForSequenceClassification.from_pretrained`` and pipelines
load them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes
from rationale.transformers_hook import watch

if TYPE_CHECKING:
    from rationale.agreement import agree as agree
    from rationale.corpus import load_documents as load_documents
    from rationale.predictions import load_predictions as load_predictions
    from rationale.report import explain as explain
    from rationale.report import report as report
    from rationale.scores import score as score

__all__ = ["agree", "explain", "load_documents", "load_predictions", "report", "score"]

__getattr__ = lazy_attributes(
    __name__,
    {
        "agree": "rationale.agreement",
        "explain": "rationale.report",
        "load_documents": "rationale.corpus",
        "load_predictions": "rationale.predictions",
        "report": "rationale.report",
        "score": "rationale.scores",
    },
)

watch()
