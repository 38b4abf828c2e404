"""A top-k study on disk: its tables, and where two arms disagree; read without the libraries that train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.artifacts.seal import check_files, read_sealed
from rationale.corpus.document import Documents, Key
from rationale.errors import DataError
from rationale.study.topk.names import FULL, PREDICTIONS, STUDY

_REMEDY = "Pass the folder that `rationale study topk --out` wrote."
_AGAIN = "Run the study once more with the same --out: it writes both anew."
_RECORD = {"arm", "seed", "accuracy", "low", "high", "flops_speedup", "words_kept", "oracle", "n"}
_COLUMNS = {"arm", "seed", "id", "docid", "label", "predicted", "probabilities", "words", "kept"}
_REPORTED = {"source", "split", "fingerprint", "left_out"}
Who = Literal["first", "second", "both", "neither"]
"""Whether the first arm is right, the second, both or neither."""


@dataclass(frozen=True)
class Answer:
    """What one arm's classifier said of one document.

    Attributes:
        label: The gold label.
        predicted: Its answer.
        probability: Of that answer.
        kept: int64 (K,), the words it read.
    """

    label: str
    predicted: str
    probability: float
    kept: npt.NDArray[np.int64]

    @property
    def right(self) -> bool:
        """Whether it is the gold label."""
        return self.predicted == self.label


@dataclass(frozen=True)
class StoredStudy:
    """A study as :func:`rationale.study.topk.study.study_topk` left it.

    Attributes:
        records: One an arm and seed.
        comparisons: One every two arms.
        recipe: What it was made of.
        predictions: A row an arm, seed and document.
        folder: Where it lies.
    """

    records: Sequence[Mapping[str, Any]]
    comparisons: Sequence[Mapping[str, Any]]
    recipe: Mapping[str, Any]
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
        try:
            table = pq.read_table(folder / PREDICTIONS)
            records, recipe, comparisons = (content[name] for name in ("records", "recipe", "comparisons"))
            whole = all(record.keys() >= _RECORD for record in records)
            whole &= recipe["data"]["reported"].keys() >= _REPORTED and "positions" in recipe
            whole &= all(isinstance(record["accuracy"], float) for record in records)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
            raise DataError(f"this is no top-k study ({error})", where=folder, remedy=_REMEDY) from error
        if not whole or not records or not set(table.column_names) >= _COLUMNS:
            raise DataError("this is no whole top-k study", where=folder, remedy=_REMEDY)
        study = cls(records, comparisons, recipe, table, folder)
        cells = study._cells
        alike = len({frozenset(answers) for answers in cells.values()}) == 1
        told = {(record["arm"], record["seed"]) for record in records}
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
        for row in self.predictions.select(sorted(_COLUMNS)).to_pylist():
            answer = Answer(
                row["label"],
                row["predicted"],
                max(row["probabilities"]),
                np.array(row["kept"], np.int64),
            )
            found.setdefault((row["arm"], row["seed"]), {})[row["id"], row["docid"]] = answer
        return found

    def arms(self) -> tuple[str, ...]:
        """The arms, in the order of the tables."""
        return tuple(dict.fromkeys(record["arm"] for record in self.records))

    def seeds(self, *arms: str) -> tuple[int, ...]:
        """The seeds that all of these arms have."""
        own = [{seed for arm, seed in self._cells if arm == one} for one in arms]
        return tuple(sorted(set.intersection(*own))) if own else ()

    def answers(self, arm: str, seed: int) -> Mapping[Key, Answer]:
        """What an arm's classifier said of every document."""
        return self._cells[arm, seed]

    def read(self, seed: int, key: Key) -> npt.NDArray[np.int64]:
        """The words of the document that were in reach: those of the full input."""
        return self._cells[FULL, seed][key].kept

    def split(self, first: str, second: str, seed: int) -> dict[Who, list[Key]]:
        """The documents by which of two arms is right about them, in the order of the data."""
        one, other = self.answers(first, seed), self.answers(second, seed)
        names: dict[tuple[bool, bool], Who] = {
            (True, False): "first",
            (False, True): "second",
            (True, True): "both",
            (False, False): "neither",
        }
        found: dict[Who, list[Key]] = {who: [] for who in names.values()}
        for key, answer in one.items():
            found[names[answer.right, other[key].right]].append(key)
        return found

    def check(self, documents: Documents) -> None:
        """Makes sure that these are the documents predictions are of.

        Raises:
            DataError: Where one is missing or another.
        """
        arm, seed = next(iter(self._cells))
        own = [documents.get(key) for key in self._cells[arm, seed]]
        there = [document for document in own if document is not None]
        expected = self.recipe["data"]["reported"]["fingerprint"]
        if len(there) < len(own) or Documents(there, source="").fingerprint != expected:
            raise DataError(
                f"these are not the documents that {self.folder} is of",
                where=documents.source,
                remedy="Name the data and the split that were studied: --data, --split.",
            )
