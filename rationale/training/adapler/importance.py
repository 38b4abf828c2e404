"""Phase 2: the importance of each token to the fine-tuned classifier, stored once by id (section 2.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from rationale.arrays import Float32
from rationale.artifacts.lock import locked
from rationale.artifacts.model import model_digest
from rationale.artifacts.table import TableArtifact
from rationale.corpus.document import Key
from rationale.encoder.attention import attend_and_report
from rationale.errors import ModelError
from rationale.loading.classifier import Classifier, load_classifier
from rationale.scores import METHODS
from rationale.scores.engine import packed_rows
from rationale.scores.methods import AttentionMethod, GradientMethod
from rationale.tokens import Packed
from rationale.tokens.batches import run_windows
from rationale.training.dropping.fine_tuned import FineTuned
from rationale.training.encoding import Encoded
from rationale.training.prepare import Prepared

ImportanceTarget = Literal["saliency", "attention"]
_BATCH, _PART = 16, 256
_REMEDY = "Remove the file and repeat the command, which computes it again."
MAPS = TableArtifact("maps", _REMEDY, ModelError)


def importance(
    classifier: Classifier, rows: Encoded, target: ImportanceTarget, *, progress: bool = True
) -> list[Float32]:
    """Computes one importance map per document, float32 (n,), not normalised.

    Args:
        classifier: A fine-tuned checkpoint.
        rows: The training documents.
        target: ``saliency``: || dy/dh * h ||_2 at the embeddings, y the logit of the gold label;
            ``attention``: the attention that each token receives, mean over layers and heads.
        progress: Whether a terminal shows a bar.
    """
    run, title = partial(_maps, classifier, rows, target), target if progress else None
    return list(run_windows(rows.windows, _BATCH, run, device=classifier.device, part=_PART, title=title))


def _maps(
    classifier: Classifier, rows: Encoded, target: ImportanceTarget, packed: Packed, indices: list[int]
) -> list[Float32]:
    is_classifier = len(classifier.labels) > 1  # a regression has one logit
    gold = torch.tensor([rows.labels[i] if is_classifier else 0 for i in indices], device=classifier.device)
    values = classifier.finite(_TARGETS[target](classifier, packed, gold))
    return [part.float().cpu().numpy() for part in torch.split(values, list(packed.lengths))]


def _saliency(classifier: Classifier, packed: Packed, gold: Tensor) -> Tensor:
    method = cast("GradientMethod", METHODS.get("input_x_gradient"))
    hidden = classifier.encoder.embed(packed)
    with torch.enable_grad():
        logits = classifier.forward_from(0, hidden.requires_grad_(), packed)
        (gradient,) = torch.autograd.grad(logits.gather(1, gold[:, None]).sum(), hidden)
    return method.reduce(hidden.detach(), gradient)


def _attention(classifier: Classifier, packed: Packed, gold: Tensor) -> Tensor:
    del gold
    reader = cast("AttentionMethod", METHODS.get("attention.all")).reader()
    classifier.mask(packed, attend_and_report(reader.read))
    return packed_rows(reader.finish(), packed).mean(dim=0)


_TARGETS: Mapping[ImportanceTarget, Callable[[Classifier, Packed, Tensor], Tensor]] = {
    "saliency": _saliency,
    "attention": _attention,
}


def importance_maps(
    first: FineTuned, prepared: Prepared, target: ImportanceTarget, device: str
) -> list[Float32]:
    """Loads the stored maps in the order of ``prepared.keys``; computes them where they are missing.

    Raises:
        ModelError: Where the stored maps are of other data or another model, or were changed.
        OutputError: Where another process is storing them.
    """
    path = first.folder / f"{target}.parquet"
    if not _is_whole(path, _made_of(first.checkpoints, prepared.rows)):
        with locked(first.folder, "storing importance maps"):
            store(first.checkpoints, prepared.keys, prepared.rows, path, target, device)
    return load(path, prepared.keys, prepared.rows)


def store(
    checkpoints: Sequence[Path],
    keys: Sequence[Key],
    rows: Encoded,
    out: Path,
    target: ImportanceTarget,
    device: str,
) -> None:
    """Writes the mean map over ``checkpoints`` to Parquet, one row per document: id, docid, importance.

    Keeps the maps of each checkpoint beside ``out`` until all are computed, so that an interrupted run
    resumes.
    """
    maps, parts = [], [out.with_name(f"{out.stem}-{i + 1}.parquet") for i in range(len(checkpoints))]
    for checkpoint, part in zip(checkpoints, parts, strict=True):
        made_of = _made_of([checkpoint], rows)
        if not _is_whole(part, made_of):
            classifier = load_classifier(checkpoint, device=device)
            _write(part, keys, importance(classifier, rows, target), made_of)
        maps.append(load(part, keys, rows))
    means = [np.mean(each, axis=0, dtype=np.float64).astype(np.float32) for each in zip(*maps, strict=True)]
    _write(out, keys, [np.atleast_1d(mean) for mean in means], _made_of(checkpoints, rows))
    for part in parts:
        MAPS.remove(part)


def _made_of(checkpoints: Sequence[Path], rows: Encoded) -> dict[str, Any]:
    """The digests of the models and their inputs, which decide the maps."""
    inputs = hashlib.sha256()
    for window, label in zip(rows.windows, rows.labels, strict=True):
        inputs.update(np.asarray(window.ids, np.int64).tobytes() + f"|{label}|".encode())
    return {"models": [model_digest(path) for path in checkpoints], "read": inputs.hexdigest()[:16]}


def _is_whole(path: Path, made_of: Mapping[str, Any]) -> bool:
    """Whether the file of maps is complete.

    Raises:
        ModelError: Where it was changed, or is of other models or inputs.
    """
    if not MAPS.is_finished(path):
        return False
    seal = MAPS.check(path)
    changed = [] if seal is None else seal.other_inputs(made_of)
    if changed:
        raise ModelError(f"the stored maps are of other {changed[0]}", where=path, remedy=_REMEDY)
    return True


def load(path: Path, keys: Sequence[Key], rows: Encoded) -> list[Float32]:
    """Loads the stored maps in the order of ``keys``, matched by id.

    Raises:
        ModelError: Where a document has no map or one of another length, or the file is damaged.
    """
    try:
        table = pq.read_table(path, columns=["id", "docid", "importance"])
    except (OSError, pa.ArrowException) as error:
        raise ModelError(f"the stored maps are damaged ({error})", where=path, remedy=_REMEDY) from error
    stored_keys = zip(table["id"].to_pylist(), table["docid"].to_pylist(), strict=True)
    rows_by_key = {key: row for row, key in enumerate(stored_keys)}
    column = table["importance"].combine_chunks()
    offsets, values = column.offsets.to_numpy(), column.values.to_numpy()
    if not np.isfinite(values).all():
        raise ModelError("the stored maps hold NaN or infinite values", where=path, remedy=_REMEDY)
    maps = []
    for key, length in zip(keys, rows.lengths, strict=True):
        row = rows_by_key.get(key)
        stored_length = 0 if row is None else offsets[row + 1] - offsets[row]
        if row is None or stored_length != length:
            raise ModelError(
                f"annotation {key[0]!r}, document {key[1]!r}, has "
                + ("no map" if row is None else f"a map of {stored_length} tokens and is {length} long"),
                where=path,
                remedy=f"The file is of other data or another tokenizer. {_REMEDY}",
            )
        maps.append(values[offsets[row] : offsets[row + 1]])
    return maps


def _write(path: Path, keys: Sequence[Key], maps: Sequence[Float32], made_of: Mapping[str, Any]) -> None:
    columns = {
        "id": pa.array([key[0] for key in keys], pa.string()),
        "docid": pa.array([key[1] for key in keys], pa.string()),
        "importance": pa.array(list(maps), pa.list_(pa.float32())),
    }
    MAPS.write(path, pa.table(columns), made_of)
