"""Predictions of each cell, and the table and ``study.json`` of all finished cells."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.artifacts.content import same
from rationale.artifacts.model import model_digest
from rationale.artifacts.record import from_json
from rationale.artifacts.seal import digest
from rationale.artifacts.table import TableArtifact
from rationale.corpus.document import Key
from rationale.dropping.flops import Costs
from rationale.errors import OutputError, RationaleError
from rationale.files import atomic_path
from rationale.loading.classifier import Classifier
from rationale.study.cells import made_of_what
from rationale.study.topk.conditions import Condition
from rationale.study.topk.names import FULL, PREDICTIONS, STUDY
from rationale.study.topk.predict import predict_parts
from rationale.study.topk.results import STUDIES, Design, TopKStudy
from rationale.study.topk.retained import AnnotatedSplit, Retained
from rationale.study.topk.tables import compared, records

log = logging.getLogger(__name__)

CELLS, MODEL = "cells", "model"
_REMEDY = "Remove the cell's folder and repeat the command, which computes it again."
_PREDICTED = TableArtifact("predictions", _REMEDY)
_COLUMNS = [
    "id", "docid", "label", "predicted", "probabilities", "tokens", "words", "kept", "operations",
    "operations_full",
]  # fmt: skip


def folder_of(root: Path, condition: Condition, seed: int) -> Path:
    """The folder of a cell."""
    return root / CELLS / f"{condition.folder}-seed{seed}"


def write_predictions(
    folder: Path,
    classifier: Classifier,
    split: AnnotatedSplit,
    cuts: Sequence[Retained],
    full: Sequence[Retained],
) -> None:
    """Predicts each document from its kept part, and writes one row per document, without its text.

    Args:
        folder: The folder of the cell.
        classifier: The classifier of the cell.
        split: The documents.
        cuts: The part of each document that the condition keeps.
        full: The part of each document that the full condition keeps: all that fits.
    """
    parts = [retained.part for retained in cuts]
    probabilities = predict_parts(classifier, parts)
    costs, layers = Costs.of(classifier.encoder), classifier.encoder.layers
    full_operations = costs.plain(np.array([retained.part.ids.size for retained in full]), layers)
    operations = costs.plain(np.array([part.ids.size for part in parts]), layers)
    columns = {
        "id": [d.id for d in split.documents],
        "docid": [d.docid for d in split.documents],
        "label": [d.label for d in split.documents],
        "predicted": [classifier.labels[i] for i in probabilities.argmax(axis=1)],
        "probabilities": probabilities.astype(np.float32).tolist(),
        "tokens": [part.ids.size for part in parts],
        "words": [int(c.sum()) for c in split.covered],
        "kept": pa.array([retained.words.tolist() for retained in cuts], pa.list_(pa.int64())),
        "operations": operations.tolist(),
        "operations_full": full_operations.tolist(),
    }
    inputs = {"model": model_digest(folder / MODEL), "data": split.documents.fingerprint}
    _PREDICTED.write(folder / PREDICTIONS, pa.table(columns), inputs)


def is_made(folder: Path) -> bool:
    """Whether the predictions of a cell are complete."""
    return _PREDICTED.is_finished(folder / PREDICTIONS)


def predicted(folder: Path) -> bool:
    """Whether the predictions of a cell are complete; checks that they are of the model beside them.

    Raises:
        OutputError: Where they were changed, or are of another model.
    """
    path, model = folder / PREDICTIONS, folder / MODEL
    if not is_made(folder):  # interrupted before they were sealed: computed again
        return False
    seal = _PREDICTED.check(path)
    recorded = seal.inputs.get("model") if seal else None
    if recorded is not None and model.exists() and recorded != model_digest(model):
        raise OutputError("these predictions are of another model", where=path, remedy=_REMEDY)
    return True


def scores_from(
    root: Path, condition: Condition, seed: int, dropping: Mapping[str, str | None] | None
) -> dict[str, Any]:
    """The model whose scores chose the words of a cell, for the record of the cell.

    Args:
        root: The study's folder.
        condition: The condition of the cell.
        seed: The seed of the cell.
        dropping: Name and hash of the dropping model.

    Returns:
        ``dropping``, that model, or ``full``, a fingerprint of the predictions of the full-input model of the
        seed; empty for a condition without scores.
    """
    if not condition.scored:
        return {}
    if condition.dropping:
        return {"dropping": dropping}
    return {"full": _fingerprint(folder_of(root, Condition.parse(FULL), seed) / PREDICTIONS)}


def _fingerprint(path: Path) -> str:
    """A fingerprint of predictions, which identifies their model: 16 hex digits."""
    probabilities = _table(path, ["probabilities"])["probabilities"].to_pylist()
    return hashlib.sha256(np.array(probabilities, np.float32).tobytes()).hexdigest()[:16]


def gather(
    root: Path,
    named: Sequence[tuple[int, str]],
    reported: AnnotatedSplit,
    made_of: Mapping[str, Any],
    dropping: Mapping[str, str | None] | None,
    command: str | None = None,
) -> TopKStudy:
    """Gathers the predictions of all cells, and writes ``predictions.parquet`` and ``study.json``.

    Includes finished cells of the same inputs that this call did not name.

    Args:
        root: The study's folder.
        named: Seed and condition of the cells of this call, all finished, in the order of the tables.
        reported: The documents of the predictions.
        made_of: The inputs and options that all cells share.
        dropping: Name and hash of the dropping model, where conditions need one.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        OutputError: Where predictions are of other documents.
    """
    keys = [document.key for document in reported.documents]
    others, dropping = _unnamed(root, named, made_of, dropping)
    tables = []
    for seed, condition in [*named, *others]:
        path = folder_of(root, Condition.parse(condition), seed) / PREDICTIONS
        table = _read(path, keys)
        n = len(keys)
        cell_columns = {
            "condition": [condition] * n,
            "seed": [seed] * n,
            "oracle": [Condition.parse(condition).oracle] * n,
        }
        tables.append(pa.table({**cell_columns, **{name: table[name] for name in table.column_names}}))
    predictions = pa.concat_tables(tables)
    with atomic_path(root / PREDICTIONS, overwrite=True) as path:
        pq.write_table(predictions, path, compression="zstd")
    recipe = replace(from_json(Design, {**made_of, "dropping": dropping}), command=command)
    study = TopKStudy(records(predictions), compared(predictions), recipe)
    files = {PREDICTIONS: digest(root / PREDICTIONS)}
    STUDIES.write(root / STUDY, study, files=files, overwrite=True)
    return study


def _table(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise OutputError(f"the predictions are damaged ({error})", where=path, remedy=_REMEDY) from error


def _read(path: Path, keys: Sequence[Key]) -> pa.Table:
    table = _table(path, _COLUMNS)
    if list(zip(table["id"].to_pylist(), table["docid"].to_pylist(), strict=True)) != keys:
        raise OutputError("these predictions are of other documents", where=path, remedy=_REMEDY)
    return table.set_column(_COLUMNS.index("kept"), "kept", table["kept"].cast(pa.list_(pa.int64())))


def _unnamed(
    root: Path,
    named: Sequence[tuple[int, str]],
    made_of: Mapping[str, Any],
    dropping: Mapping[str, str | None] | None,
) -> tuple[list[tuple[int, str]], Mapping[str, str | None] | None]:
    """Finished cells that this call did not name, by condition and seed, and the dropping model, if any."""
    unnamed = {cell: links for cell, links in _finished(root, made_of).items() if cell not in named}
    # cells of other seeds have no full condition to compare with
    seeds = {seed for seed, condition in [*named, *unnamed] if condition == FULL}
    others = []
    for (seed, condition), links in unnamed.items():
        if seed not in seeds:
            continue
        dropping = dropping or links.get("dropping")
        if same(links, scores_from(root, Condition.parse(condition), seed, dropping)):
            others.append((seed, condition))
        else:
            cell = f"{condition}-seed{seed}"
            log.warning("left out: %s: the scores of another model chose its words", cell)
    return sorted(others, key=lambda cell: (cell[1], cell[0])), dropping


def _finished(root: Path, made_of: Mapping[str, Any]) -> dict[tuple[int, str], dict[str, Any]]:
    """Finished cells of these inputs and options, each with the record that :func:`scores_from` made."""
    finished: dict[tuple[int, str], dict[str, Any]] = {}
    for path in sorted((root / CELLS).glob(f"*/{PREDICTIONS}")):
        try:
            recorded, is_sealed = made_of_what(path.parent)
            shared: dict[str, Any] = dict(recorded)
            seed, condition = shared.pop("seed", None), shared.pop("condition", None)
            links: dict[str, Any] = {
                name: shared.pop(name) for name in ("dropping", "full") if name in shared
            }
            in_place = path.parent == folder_of(root, Condition.parse(str(condition)), seed)
            if in_place and same(shared, made_of) and (predicted(path.parent) or not is_sealed):
                finished[seed, condition] = links
        except RationaleError as error:
            log.warning("left out: %s", error)
    return finished
