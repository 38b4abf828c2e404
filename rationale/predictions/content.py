"""What a row predicts of its document: a score for each word, or which words it selects, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rationale.arrays import Bool, Float64
from rationale.corpus.document import Document
from rationale.corpus.readers import Notes
from rationale.errors import DataError
from rationale.predictions.cells import numbers, parsed
from rationale.predictions.kinds import SELECTING, Column
from rationale.predictions.options import PredictionOptions
from rationale.predictions.tally import Tally
from rationale.predictions.values import READ, Cell, Content
from rationale.strict_json import Json


@dataclass
class ContentReader:
    """Reads the prediction of one row after the other.

    Attributes:
        columns: Those with predictions: one of a table, spans and scores of an ERASER file.
        options: How they are read.
        has_threshold: Whether rows state a threshold that selects words by their scores.
        tally: Counts quotes.
        notes: Counts what could be read in another way.
        unpredicted: Number of rows without a prediction so far.
    """

    columns: Sequence[Column]
    options: PredictionOptions
    has_threshold: bool = False
    tally: Tally = field(default_factory=Tally)
    notes: Notes = field(default_factory=Notes)
    unpredicted: int = 0

    def __call__(self, row: Json, document: Document, where: str) -> Content | None:
        """The prediction of a row; None where it has none.

        Raises:
            DataError: Where it cannot be read, or does not fit the document.
        """
        scores, mask, unmatched, missing = None, None, None, list[str]()
        for column in self.columns:
            cell = Cell(row, column.name, document, where, self.options, self.tally, self.notes)
            value = row.get(column.name) if column.kind == "quotes" else parsed(row, column.name, where)
            content = None if value is None or value == "" else READ[column.kind](cell, value)
            if content is None:
                missing.append(column.name)
            elif content.mask is not None:
                mask, unmatched = content.mask, content.unmatched
            else:
                scores = content.scores
        if len(missing) == len(self.columns):
            self.unpredicted += 1
            return self.empty(document) if self.options.missing == "empty" else None
        if missing:
            raise DataError(
                f"there is no {missing[0]!r} here, and other rows have it",
                where=where,
                remedy="Give it in every row, or in none; null in both is a row without a prediction.",
            )
        if self.has_threshold and scores is not None:
            mask = scores >= _threshold(row, where)
        return Content(self._ranking(scores, mask), mask, unmatched)

    def empty(self, document: Document) -> Content:
        """The prediction of no word."""
        count = len(document.words)
        selects = self.has_threshold or any(column.kind in SELECTING for column in self.columns)
        scores = any(column.kind not in SELECTING for column in self.columns)
        mask = np.zeros(count, dtype=np.bool_) if selects else None
        unmatched = 0 if self.columns[0].kind == "quotes" else None
        return Content(self._ranking(np.zeros(count) if scores else None, mask), mask, unmatched)

    def _ranking(self, scores: Float64 | None, mask: Bool | None) -> Float64 | None:
        if scores is None and mask is not None and self.options.masks_as_scores:
            return mask.astype(np.float64)
        return scores


def _threshold(row: Json, where: str) -> float:
    value = parsed(row, "threshold", where)
    if value is None:
        raise DataError(
            "there is no 'threshold' here, and other rows have one",
            where=where,
            remedy="Give one in every row.",
        )
    return float(numbers([value], "threshold", 1, where, unit="row")[0])
