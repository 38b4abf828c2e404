"""What was read from a file of predictions, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

from rationale.artifacts.provenance import as_read
from rationale.artifacts.record import to_json
from rationale.predictions.options import Format, PredictionOptions
from rationale.predictions.tally import QuoteReport, count
from rationale.strict_json import Json

AP_OF_MASKS = (
    "A 0/1 mask has one threshold: its average precision is recall x precision + (1 - recall) x base rate, "
    "which ranks methods by how many words they select."
)


@dataclass(frozen=True, kw_only=True)
class PredictionReport:
    """The counts of a file of predictions.

    Attributes:
        file: Its name.
        sha256: 64 hex digits over its content.
        format: What it was read as.
        column: The column with the predictions.
        rows: Number of rows; ERASER lines have one for each of their documents.
        predicted: Number of pairs (annotation, document) with a prediction.
        unpredicted: Number of rows of the data without a prediction: null, or a reply that was not parsed.
        unknown: Number of rows whose ids the data lack.
        pairs: Number of pairs of the data.
        labelled: Number of predicted pairs with a predicted class.
        options: How the file was read.
        quotes: Counts of its quotes; None where it has none.
        notes: What a reader has to know.
    """

    file: str
    sha256: str
    format: Format
    column: str
    rows: int
    predicted: int
    unpredicted: int
    unknown: int
    pairs: int
    labelled: int
    options: PredictionOptions
    quotes: QuoteReport | None = None
    notes: tuple[str, ...] = ()

    @property
    def without_row(self) -> int:
        """Number of pairs of the data that have no row."""
        return self.pairs - (self.rows - self.unknown)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The counts in words, for the terminal and the report."""
        found = [
            f"{self.file} ({self.format}, column {self.column}): {self.predicted:,} of {self.pairs:,} pairs "
            f"are predicted, {self.labelled:,} with a label."
        ]
        if self.unpredicted:
            treated = "counted as empty" if self.options.missing == "empty" else "left out"
            found.append(f"{count(self.unpredicted, 'row')} without a prediction: {treated}.")
        if self.without_row:
            found.append(f"{count(self.without_row, 'pair')} of the data without a row: left out.")
        if self.unknown:
            found.append(f"{count(self.unknown, 'row')} with ids that the data lack: ignored.")
        if self.quotes is not None:
            found += self.quotes.sentences
        return (*found, *self.notes)

    @property
    def settings(self) -> Json:
        """The counts as JSON, for the provenance: without the sentences and the places in the file."""
        content = to_json(self)
        for name in ("notes", "pairs"):
            del content[name]
        if self.quotes is not None:
            content["quotes"] = {
                name: value for name, value in content["quotes"].items() if not name.startswith("first_")
            }
        return as_read(content)
