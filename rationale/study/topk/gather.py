"""Predictions of the cells, and the one table and ``study.json`` of all that are there."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.artifacts.content import same
from rationale.artifacts.model import model_digest
from rationale.artifacts.record import from_json, to_json
from rationale.artifacts.seal import beside, check_file, digest, seal_file, sealed, unseal_file
from rationale.corpus.document import Key
from rationale.dropping.flops import Costs
from rationale.errors import OutputError, RationaleError
from rationale.files import atomic_json, atomic_path
from rationale.loading.classifier import Classifier
from rationale.study.cells import made_of_what
from rationale.study.topk.conditions import Condition
from rationale.study.topk.names import FULL, PREDICTIONS, STUDY
from rationale.study.topk.predict import predict_parts
from rationale.study.topk.results import Design, TopKStudy
from rationale.study.topk.retained import AnnotatedSplit, Retained
from rationale.study.topk.tables import compared, records

log = logging.getLogger(__name__)

CELLS, MODEL = "cells", "model"
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
    """What the cell's classifier says of what the condition leaves of each document: a row each, no text.

    Args:
        folder: The cell's.
        classifier: Its model.
        split: The documents.
        cuts: What the condition leaves of each.
        full: What the full input leaves of each: all that fits.
    """
    parts = [one.part for one in cuts]
    chances = predict_parts(classifier, parts)
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
    unseal_file(folder / PREDICTIONS)
    with atomic_path(folder / PREDICTIONS, overwrite=True) as path:
        pq.write_table(pa.table(columns), path, compression="zstd")
    inputs = {"model": model_digest(folder / MODEL), "data": split.documents.fingerprint}
    seal_file(folder / PREDICTIONS, "predictions", inputs)


def is_made(folder: Path) -> bool:
    """Whether the predictions of a cell were written to their end."""
    path = folder / PREDICTIONS
    return path.exists() and beside(path).exists()


def predicted(folder: Path) -> bool:
    """Whether the predictions of a cell are there, whole, and of the model beside them.

    Raises:
        OutputError: Where they were changed, or are of another model.
    """
    path, model = folder / PREDICTIONS, folder / MODEL
    if not is_made(folder):  # killed before they were sealed: made again
        return False
    seal = check_file(path, "predictions", remedy=_REMEDY)
    own = seal.inputs.get("model") if seal else None
    if own is not None and model.exists() and own != model_digest(model):
        raise OutputError("these predictions are of another model", where=path, remedy=_REMEDY)
    return True


def scores_from(
    root: Path, condition: Condition, seed: int, dropping: Mapping[str, str] | None
) -> dict[str, Any]:
    """Whose scores chose the words of a cell, for what it is made of; nothing where none did.

    Args:
        root: The study's folder.
        condition: The cell's.
        seed: The cell's.
        dropping: Name and hash of the dropping model.

    Returns:
        ``dropping``, that model, or ``full``: what the seed's model of full inputs predicts, in short.
    """
    if not condition.scored:
        return {}
    if condition.dropping:
        return {"dropping": dropping}
    return {"full": _fingerprint(folder_of(root, Condition.parse(FULL), seed) / PREDICTIONS)}


def _fingerprint(path: Path) -> str:
    """Tells the models apart that predictions come from, by what they say."""
    said = _table(path, ["probabilities"])["probabilities"].to_pylist()
    return hashlib.sha256(np.array(said, np.float32).tobytes()).hexdigest()[:16]


def gather(
    root: Path,
    named: Sequence[tuple[int, str]],
    reported: AnnotatedSplit,
    made_of: Mapping[str, Any],
    dropping: Mapping[str, str] | None,
) -> TopKStudy:
    """One table of all predictions, and what follows from it alone: ``predictions.parquet``, ``study.json``.

    Cells of conditions and seeds that were not named this time, and are made of the same, count as well.

    Args:
        root: The study's folder.
        named: Seeds and conditions, all finished, in the order of the tables.
        reported: The documents predictions are of.
        made_of: What all cells share.
        dropping: Name and hash of the dropping model, where conditions are of one.

    Raises:
        OutputError: Where predictions are of other documents.
    """
    keys = [document.key for document in reported.documents]
    others, dropping = _others(root, named, made_of, dropping)
    tables = []
    for seed, condition in [*named, *others]:
        path = folder_of(root, Condition.parse(condition), seed) / PREDICTIONS
        table = _read(path, keys)
        n = len(keys)
        about = {
            "condition": [condition] * n,
            "seed": [seed] * n,
            "oracle": [Condition.parse(condition).oracle] * n,
        }
        tables.append(pa.table({**about, **{name: table[name] for name in table.column_names}}))
    whole = pa.concat_tables(tables)
    with atomic_path(root / PREDICTIONS, overwrite=True) as path:
        pq.write_table(whole, path, compression="zstd")
    recipe = from_json(Design, {**made_of, "dropping": dropping})
    found = TopKStudy(records(whole), compared(whole), recipe)
    files = {PREDICTIONS: digest(root / PREDICTIONS)}
    atomic_json(root / STUDY, sealed(to_json(found), "topk study", files=files), overwrite=True)
    return found


_REMEDY = "Remove the cell's folder: it is made again."


def _table(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise OutputError(f"is damaged ({error})", where=path, remedy=_REMEDY) from error


def _read(path: Path, keys: Sequence[Key]) -> pa.Table:
    table = _table(path, _COLUMNS)
    if list(zip(table["id"].to_pylist(), table["docid"].to_pylist(), strict=True)) != keys:
        raise OutputError("these predictions are of other documents", where=path, remedy=_REMEDY)
    return table.set_column(_COLUMNS.index("kept"), "kept", table["kept"].cast(pa.list_(pa.int64())))


def _others(
    root: Path,
    named: Sequence[tuple[int, str]],
    made_of: Mapping[str, Any],
    dropping: Mapping[str, str] | None,
) -> tuple[list[tuple[int, str]], Mapping[str, str] | None]:
    """Finished cells that nobody named, by condition and seed, and the dropping model of all: one, or none."""
    there = {cell: links for cell, links in _finished(root, made_of).items() if cell not in named}
    seeds = {
        seed for seed, condition in [*named, *there] if condition == FULL
    }  # the rest is compared with nothing
    found = []
    for (seed, condition), links in there.items():
        if seed not in seeds:
            continue
        dropping = dropping or links.get("dropping")
        if same(links, scores_from(root, Condition.parse(condition), seed, dropping)):
            found.append((seed, condition))
        else:
            cell = f"{condition}-seed{seed}"
            log.warning("left out: %s: its words were chosen by the scores of another model", cell)
    return sorted(found, key=lambda cell: (cell[1], cell[0])), dropping


def _finished(root: Path, made_of: Mapping[str, Any]) -> dict[tuple[int, str], dict[str, Any]]:
    """Cells of these data and settings that have predictions, each with what :func:`scores_from` had said."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for path in sorted((root / CELLS).glob(f"*/{PREDICTIONS}")):
        try:
            own, whole = made_of_what(path.parent)
            seed, condition = own.pop("seed", None), own.pop("condition", None)
            links: dict[str, Any] = {name: own.pop(name) for name in ("dropping", "full") if name in own}
            here = path.parent == folder_of(root, Condition.parse(str(condition)), seed)
            if here and same(own, made_of) and (predicted(path.parent) or not whole):
                found[seed, condition] = links
        except RationaleError as error:
            log.warning("left out: %s", error)
    return found
