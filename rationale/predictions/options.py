"""How a file of predictions is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from rationale.errors import DataError
from rationale.predictions.quotes import Occurrence

Format = Literal["auto", "eraser", "jsonl", "json", "csv", "tsv", "parquet"]
Join = Literal["sum", "mean", "max"]
Missing = Literal["left-out", "empty"]


@dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """Options of :func:`load_predictions`.

    Attributes:
        name: Name of the method in tables and plots; None is the file's name without its suffix.
        format: Format of the file; ``auto`` goes by its suffix and its first line.
        column: The column with the prediction, where there are several (``mask``), or one by another name
            (``scores=shap``, ``quotes=reply``); None is the one known column.
        join: How scores of tokens become the score of a word.
        fuzzy: Least similarity of a quote that is in the document only approximately; None turns it off.
        occurrence: Which words a quote marks that occurs more than once: ``all`` places, the ``first``, or
            none (``unique``).
        missing: Rows without a prediction are ``left-out``, or count as ``empty`` ones.
        partial: Whether ids that the data lack are ignored and counted, as with a sample of the data.
        masks_as_scores: Whether 0/1 masks count as scores too, so that they have an average precision.
    """

    name: str | None = None
    format: Format = "auto"
    column: str | None = None
    join: Join = "sum"
    fuzzy: float | None = None
    occurrence: Occurrence = "all"
    missing: Missing = "left-out"
    partial: bool = False
    masks_as_scores: bool = False

    def __post_init__(self) -> None:
        for name, known in (
            ("format", Format),
            ("join", Join),
            ("occurrence", Occurrence),
            ("missing", Missing),
        ):
            value = getattr(self, name)
            if value not in get_args(known):
                raise DataError(
                    f"{name} is {value!r} for predictions", remedy=f"Known: {', '.join(get_args(known))}."
                )
        if self.fuzzy is not None and not 0 < self.fuzzy <= 1:
            raise DataError(
                f"fuzzy is {self.fuzzy}, expected a ratio above 0 and up to 1",
                remedy="0.8 is sensible.",
            )
