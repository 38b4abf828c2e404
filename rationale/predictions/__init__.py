"""Rationales that somebody else predicted: read, matched with the documents, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.predictions.imported import Predictions
    from rationale.predictions.load import load_predictions
    from rationale.predictions.options import PredictionOptions
    from rationale.predictions.report import PredictionReport
    from rationale.predictions.tally import QuoteReport

__all__ = ["PredictionOptions", "PredictionReport", "Predictions", "QuoteReport", "load_predictions"]

__getattr__ = lazy_attributes(
    __name__,
    {
        "PredictionOptions": "rationale.predictions.options",
        "PredictionReport": "rationale.predictions.report",
        "Predictions": "rationale.predictions.imported",
        "QuoteReport": "rationale.predictions.tally",
        "load_predictions": "rationale.predictions.load",
    },
)
