"""Plotly charts of report and app; each has an alternative text (:func:`alt_text`)."""

from rationale.report.figures.curves import layer_curves
from rationale.report.figures.documents import document_distribution
from rationale.report.figures.planes import faithfulness_plane, selection_plane
from rationale.report.figures.style import CONFIG, alt_text

__all__ = [
    "CONFIG",
    "alt_text",
    "document_distribution",
    "faithfulness_plane",
    "layer_curves",
    "selection_plane",
]
