"""A top-k study on disk: its tables, and the documents where two conditions disagree; free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.arrays import Int64
from rationale.corpus.document import Documents, Key
from rationale.errors import DataError
from rationale.study.topk.names import FULL, PREDICTIONS, STUDY
from rationale.study.topk.results import STUDIES, TopKStudy

_REMEDY = "Repeat the study with the same --out: it writes both files again."
_TYPES = {
    **dict.fromkeys(("condition", "id", "docid", "label", "predicted"), pa.types.is_string),
    **dict.fromkeys(("seed", "words"), pa.types.is_integer),
    **dict.fromkeys(("probabilities", "kept"), pa.types.is_list),
}
WhoIsRight = Literal["first", "second", "both", "neither"]
"""Which of two conditions predicts the gold label."""


@dataclass(frozen=True)
class Answer:
    """The prediction of one condition for one document.

    Attributes:
        label: The gold label.
        predicted: The predicted label.
        probability: The probability of the predicted label.
        kept: Int64 (K,), indices of the words that the classifier read.
    """

    label: str
    predicted: str
    probability: float
    kept: Int64

    @property
    def right(self) -> bool:
        """Whether the prediction is the gold label."""
        return self.predicted == self.label


@dataclass(frozen=True)
class StoredStudy:
    """A study that :func:`rationale.study.topk.study.study_topk` wrote.

    Attributes:
        results: Its tables.
        predictions: One row per condition, seed and document.
        folder: Its folder.
    """

    results: TopKStudy
    predictions: pa.Table
    folder: Path

    @classmethod
    def load(cls, folder: str | Path) -> StoredStudy:
        """Reads ``study.json`` and ``predictions.parquet``.

        Raises:
            DataError: Where a file is missing or damaged, or they are not of one study.
        """
        folder = Path(folder)
        study = cls(STUDIES.read(folder / STUDY), _table(folder / PREDICTIONS), folder)
        cells = study._cells
        same_documents = len({frozenset(answers) for answers in cells.values()}) == 1
        recorded = {(record.condition, record.seed) for record in study.results.records}
        if (
            cells.keys() != recorded
            or not same_documents
            or {(FULL, seed) for _, seed in cells} - cells.keys()
        ):
            raise DataError(
                f"{PREDICTIONS} and {STUDY} are not of one study",
                where=folder,
                remedy=_REMEDY,
            )
        return study

    @cached_property
    def _cells(self) -> dict[tuple[str, int], dict[Key, Answer]]:
        cells: dict[tuple[str, int], dict[Key, Answer]] = {}
        for row in self.predictions.select(sorted(_TYPES)).to_pylist():
            answer = Answer(
                row["label"],
                row["predicted"],
                max(row["probabilities"]),
                np.array(row["kept"], np.int64),
            )
            cells.setdefault((row["condition"], row["seed"]), {})[row["id"], row["docid"]] = answer
        return cells

    def conditions(self) -> tuple[str, ...]:
        """The conditions, in the order of the tables."""
        return tuple(dict.fromkeys(record.condition for record in self.results.records))

    def seeds(self, *conditions: str) -> tuple[int, ...]:
        """The seeds that all given conditions share, sorted."""
        seeds = [{seed for condition, seed in self._cells if condition == wanted} for wanted in conditions]
        return tuple(sorted(set.intersection(*seeds))) if seeds else ()

    def answers(self, condition: str, seed: int) -> Mapping[Key, Answer]:
        """The predictions of a condition, by document key."""
        return self._cells[condition, seed]

    def read(self, seed: int, key: Key) -> Int64:
        """The words of a document in the window, int64 (K,): those that the full condition reads."""
        return self._cells[FULL, seed][key].kept

    def split(self, first: str, second: str, seed: int) -> dict[WhoIsRight, list[Key]]:
        """Groups documents by which of two conditions is right, in the order of the data."""
        first_answers, second_answers = self.answers(first, seed), self.answers(second, seed)
        outcomes: dict[tuple[bool, bool], WhoIsRight] = {
            (True, False): "first",
            (False, True): "second",
            (True, True): "both",
            (False, False): "neither",
        }
        documents: dict[WhoIsRight, list[Key]] = {outcome: [] for outcome in outcomes.values()}
        for key, answer in first_answers.items():
            documents[outcomes[answer.right, second_answers[key].right]].append(key)
        return documents

    def check(self, documents: Documents) -> None:
        """Checks that these are the documents of the predictions.

        Raises:
            DataError: Where a document is missing or differs.
        """
        condition, seed = next(iter(self._cells))
        documents_of_study = [documents.get(key) for key in self._cells[condition, seed]]
        present = [document for document in documents_of_study if document is not None]
        expected = self.results.recipe.reported.fingerprint
        if len(present) < len(documents_of_study) or Documents(present, source="").fingerprint != expected:
            raise DataError(
                f"these are not the documents of the study in {self.folder}",
                where=documents.source,
                remedy="Name the data and the split that were studied: --data, --split.",
            )


def _table(path: Path) -> pa.Table:
    """Reads the predictions.

    Raises:
        DataError: Where the file cannot be read, or a column is missing, empty or of another type.
    """
    try:
        table = pq.read_table(path, columns=sorted(_TYPES))
        fits = {name: is_expected(table.schema.field(name).type) for name, is_expected in _TYPES.items()}
        nulls = [name for name in _TYPES if table[name].null_count and name not in ("label",)]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"this is no table of predictions ({error})", where=path, remedy=_REMEDY) from error
    wrong = [*(name for name, is_expected in fits.items() if not is_expected), *nulls]
    if wrong or not len(table) or not all(table["probabilities"].to_pylist()):
        problem = f"column {wrong[0]!r}" if wrong else "a document without a prediction"
        raise DataError(f"this is no table of predictions ({problem})", where=path, remedy=_REMEDY)
    return table
