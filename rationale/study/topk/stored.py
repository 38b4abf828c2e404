"""A top-k study on disk: its tables, and where two conditions disagree; read without the libraries that train."""

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
from rationale.artifacts.record import read_record
from rationale.artifacts.seal import check_files, read_sealed
from rationale.corpus.document import Documents, Key
from rationale.errors import DataError
from rationale.study.topk.names import FULL, PREDICTIONS, STUDY
from rationale.study.topk.results import TopKStudy

_REMEDY = "Pass the folder that `rationale study topk --out` wrote."
_AGAIN = "Run the study once more with the same --out: it writes both anew."
_TYPES = {
    **dict.fromkeys(("condition", "id", "docid", "label", "predicted"), pa.types.is_string),
    **dict.fromkeys(("seed", "words"), pa.types.is_integer),
    **dict.fromkeys(("probabilities", "kept"), pa.types.is_list),
}
WhoIsRight = Literal["first", "second", "both", "neither"]
"""Whether the first condition is right, the second, both or neither."""


@dataclass(frozen=True)
class Answer:
    """What one condition's classifier said of one document.

    Attributes:
        label: The gold label.
        predicted: Its answer.
        probability: Of that answer.
        kept: int64 (K,), the words it read.
    """

    label: str
    predicted: str
    probability: float
    kept: Int64

    @property
    def right(self) -> bool:
        """Whether it is the gold label."""
        return self.predicted == self.label


@dataclass(frozen=True)
class StoredStudy:
    """A study as :func:`rationale.study.topk.study.study_topk` left it.

    Attributes:
        results: Its tables.
        predictions: A row a condition, seed and document.
        folder: Where it lies.
    """

    results: TopKStudy
    predictions: pa.Table
    folder: Path

    @classmethod
    def load(cls, folder: str | Path) -> StoredStudy:
        """Reads ``study.json`` and ``predictions.parquet``.

        Raises:
            DataError: Where there are none, or they are not of one study.
        """
        folder = Path(folder)
        content, seal = read_sealed(folder / STUDY, "topk study", error=DataError, remedy=_REMEDY)
        if seal is not None:
            check_files(seal, folder, error=DataError, remedy=_AGAIN)
        what = "this is no top-k study"
        results = read_record(TopKStudy, content, folder / STUDY, what=what, error=DataError, remedy=_REMEDY)
        study = cls(results, _table(folder / PREDICTIONS), folder)
        cells = study._cells
        alike = len({frozenset(answers) for answers in cells.values()}) == 1
        told = {(record.condition, record.seed) for record in results.records}
        if cells.keys() != told or not alike or {(FULL, seed) for _, seed in cells} - cells.keys():
            raise DataError(
                f"{PREDICTIONS} and {STUDY} are not of one study",
                where=folder,
                remedy=_AGAIN,
            )
        return study

    @cached_property
    def _cells(self) -> dict[tuple[str, int], dict[Key, Answer]]:
        found: dict[tuple[str, int], dict[Key, Answer]] = {}
        for row in self.predictions.select(sorted(_TYPES)).to_pylist():
            answer = Answer(
                row["label"],
                row["predicted"],
                max(row["probabilities"]),
                np.array(row["kept"], np.int64),
            )
            found.setdefault((row["condition"], row["seed"]), {})[row["id"], row["docid"]] = answer
        return found

    def conditions(self) -> tuple[str, ...]:
        """The conditions, in the order of the tables."""
        return tuple(dict.fromkeys(record.condition for record in self.results.records))

    def seeds(self, *conditions: str) -> tuple[int, ...]:
        """The seeds that all of these conditions have."""
        own = [{seed for condition, seed in self._cells if condition == one} for one in conditions]
        return tuple(sorted(set.intersection(*own))) if own else ()

    def answers(self, condition: str, seed: int) -> Mapping[Key, Answer]:
        """What a condition's classifier said of every document."""
        return self._cells[condition, seed]

    def read(self, seed: int, key: Key) -> Int64:
        """The words of the document that were in reach: those of the full input."""
        return self._cells[FULL, seed][key].kept

    def split(self, first: str, second: str, seed: int) -> dict[WhoIsRight, list[Key]]:
        """The documents by which of two conditions is right about them, in the order of the data."""
        one, other = self.answers(first, seed), self.answers(second, seed)
        names: dict[tuple[bool, bool], WhoIsRight] = {
            (True, False): "first",
            (False, True): "second",
            (True, True): "both",
            (False, False): "neither",
        }
        found: dict[WhoIsRight, list[Key]] = {who: [] for who in names.values()}
        for key, answer in one.items():
            found[names[answer.right, other[key].right]].append(key)
        return found

    def check(self, documents: Documents) -> None:
        """Makes sure that these are the documents predictions are of.

        Raises:
            DataError: Where one is missing or another.
        """
        condition, seed = next(iter(self._cells))
        own = [documents.get(key) for key in self._cells[condition, seed]]
        there = [document for document in own if document is not None]
        expected = self.results.recipe.reported.fingerprint
        if len(there) < len(own) or Documents(there, source="").fingerprint != expected:
            raise DataError(
                f"these are not the documents that {self.folder} is of",
                where=documents.source,
                remedy="Name the data and the split that were studied: --data, --split.",
            )


def _table(path: Path) -> pa.Table:
    """The predictions.

    Raises:
        DataError: Where they cannot be read, or are none.
    """
    try:
        table = pq.read_table(path, columns=sorted(_TYPES))
        kinds = {name: holds(table.schema.field(name).type) for name, holds in _TYPES.items()}
        gaps = [name for name in _TYPES if table[name].null_count and name not in ("label",)]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"these are no predictions ({error})", where=path, remedy=_AGAIN) from error
    wrong = [*(name for name, holds in kinds.items() if not holds), *gaps]
    if wrong or not len(table) or not all(table["probabilities"].to_pylist()):
        told = f"column {wrong[0]!r}" if wrong else "a document without a prediction"
        raise DataError(f"these are no predictions ({told})", where=path, remedy=_AGAIN)
    return table
