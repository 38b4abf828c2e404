"""Predictions of the cells, and the one table and ``study.json`` of all that are there."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.corpus.document import Key
from rationale.dropping.flops import Costs
from rationale.encoder.loading import Classifier
from rationale.errors import OutputError
from rationale.files import atomic_json, atomic_path
from rationale.study.cells import made_of_what
from rationale.study.topk.arms import Arm
from rationale.study.topk.cuts import Cut, Split
from rationale.study.topk.names import PREDICTIONS, STUDY
from rationale.study.topk.reading import read
from rationale.study.topk.tables import compared, records

log = logging.getLogger(__name__)

CELLS = "cells"
_COLUMNS = [
    "id", "docid", "label", "predicted", "probabilities", "tokens", "words", "kept", "operations",
    "operations_full",
]  # fmt: skip


def folder_of(root: Path, arm: Arm, seed: int) -> Path:
    """The folder of a cell."""
    return root / CELLS / f"{arm.folder}-seed{seed}"


def write_predictions(
    folder: Path, classifier: Classifier, split: Split, cuts: Sequence[Cut], full: Sequence[Cut]
) -> None:
    """What the cell's classifier says of what the arm leaves of each document: a row each, no text.

    Args:
        folder: The cell's.
        classifier: Its model.
        split: The documents.
        cuts: What the arm leaves of each.
        full: What the full input leaves of each: all that fits.
    """
    parts = [one.part for one in cuts]
    chances = read(classifier, parts)
    costs, layers = Costs.of(classifier.encoder), classifier.encoder.layers
    whole = costs.plain(np.array([one.part.ids.size for one in full]), layers)
    own = costs.plain(np.array([p.ids.size for p in parts]), layers)
    columns = {
        "id": [d.id for d in split.documents],
        "docid": [d.docid for d in split.documents],
        "label": [d.label for d in split.documents],
        "predicted": [classifier.labels[i] for i in chances.argmax(axis=1)],
        "probabilities": chances.astype(np.float32).tolist(),
        "tokens": [p.ids.size for p in parts],
        "words": [int(c.sum()) for c in split.covered],
        "kept": pa.array([one.words.tolist() for one in cuts], pa.list_(pa.int64())),
        "operations": own.tolist(),
        "operations_full": whole.tolist(),
    }
    with atomic_path(folder / PREDICTIONS, overwrite=False) as path:
        pq.write_table(pa.table(columns), path, compression="zstd")


def gather(
    root: Path, named: Sequence[tuple[int, str]], reported: Split, made_of: Mapping[str, Any]
) -> dict[str, Any]:
    """One table of all predictions, and what follows from it alone: ``predictions.parquet``, ``study.json``.

    Cells of arms and seeds that were not named this time, and are made of the same, count as well.

    Args:
        root: The study's folder.
        named: Seeds and arms, all finished, in the order of the tables.
        reported: The documents predictions are of.
        made_of: What all cells share.

    Raises:
        OutputError: Where predictions are of other documents.
    """
    keys = [document.key for document in reported.documents]
    tables = []
    for seed, arm in [*named, *_others(root, named, made_of)]:
        path = folder_of(root, Arm.parse(arm), seed) / PREDICTIONS
        table = _read(path, keys)
        n = len(keys)
        about = {"arm": [arm] * n, "seed": [seed] * n, "oracle": [Arm.parse(arm).oracle] * n}
        tables.append(pa.table({**about, **{name: table[name] for name in table.column_names}}))
    whole = pa.concat_tables(tables)
    with atomic_path(root / PREDICTIONS, overwrite=True) as path:
        pq.write_table(whole, path, compression="zstd")
    found = {"records": records(whole), "comparisons": compared(whole), "recipe": dict(made_of)}
    atomic_json(root / STUDY, found, overwrite=True)
    return found


def _read(path: Path, keys: Sequence[Key]) -> pa.Table:
    remedy = "Remove the cell's folder: it is made again."
    try:
        table = pq.read_table(path, columns=_COLUMNS)
        own = list(zip(table["id"].to_pylist(), table["docid"].to_pylist(), strict=True))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise OutputError(f"is damaged ({error})", where=path, remedy=remedy) from error
    if own != keys:
        raise OutputError("these predictions are of other documents", where=path, remedy=remedy)
    return table.set_column(_COLUMNS.index("kept"), "kept", table["kept"].cast(pa.list_(pa.int64())))


def _others(
    root: Path, named: Sequence[tuple[int, str]], made_of: Mapping[str, Any]
) -> list[tuple[int, str]]:
    """Finished cells that nobody named, by arm and seed."""
    shared, found = json.loads(json.dumps(made_of)), []
    for path in (root / CELLS).glob(f"*/{PREDICTIONS}"):
        try:
            own = made_of_what(path.parent)
        except OutputError as error:
            log.warning("left out: %s", error)
            continue
        arm, seed = own.pop("arm", None), own.pop("seed", None)
        own.pop("dropping", None)
        if own != shared or (seed, arm) in named:
            continue
        if path.parent == folder_of(root, Arm.parse(arm), seed):
            found.append((seed, arm))
    return sorted(found, key=lambda cell: (cell[1], cell[0]))
