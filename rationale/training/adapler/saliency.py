"""Phase 2: the mean saliency of several checkpoints, stored once by id (section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from tqdm.auto import tqdm

from rationale.encoder.attention import plain
from rationale.encoder.loading import Classifier, finite, load_classifier
from rationale.errors import ModelError
from rationale.files import atomic_path
from rationale.scores.backoff import in_batches
from rationale.tokens.packing import pack
from rationale.training.encoding import Encoded

FloatArray = npt.NDArray[np.float32]
_BATCH, _PART = 16, 256


def saliency(classifier: Classifier, rows: Encoded, *, progress: bool = True) -> list[FloatArray]:
    """|| dy/dh * h ||_2 at the embeddings for the gold label's logit, float32 (n,) a document, as it is.

    Args:
        classifier: A fine-tuned checkpoint.
        rows: The training documents.
        progress: Whether a terminal shows a bar.
    """
    found: list[FloatArray] = []
    quiet = None if progress else True
    with tqdm(total=len(rows), desc="saliency", unit="document", leave=False, disable=quiet) as bar:
        for start in range(0, len(rows), _PART):
            part = range(start, min(start + _PART, len(rows)))
            lengths = [rows.lengths[i] for i in part]
            found += in_batches(lengths, _BATCH, lambda at: _batch(classifier, rows, [part[i] for i in at]))  # noqa: B023
            bar.update(len(part))
    return found


def _batch(classifier: Classifier, rows: Encoded, places: Sequence[int]) -> list[FloatArray]:
    windows = [rows.windows[i] for i in places]
    packed = pack([w.ids for w in windows], [w.types for w in windows], device=classifier.device)
    with torch.no_grad():
        hidden = classifier.encoder.embed(packed)
    hidden.requires_grad_()
    logits = classifier.encoder.tail(0, hidden, packed, plain)
    gold = torch.tensor([rows.labels[i] for i in places], device=logits.device)
    (gradient,) = torch.autograd.grad(logits.gather(1, gold[:, None]).sum(), hidden)
    values = finite((gradient * hidden).detach().float().norm(dim=-1), classifier.identity["name"])
    return [part.cpu().numpy() for part in torch.split(values, list(packed.lengths))]


def store(
    checkpoints: Sequence[Path], keys: Sequence[tuple[str, str]], rows: Encoded, out: Path, device: str
) -> None:
    """Writes the mean map of ``checkpoints`` to Parquet, one row a document: id, docid, saliency.

    A checkpoint's own map is kept beside ``out`` until all are there: a killed run computes none twice.
    """
    maps = []
    for number, checkpoint in enumerate(checkpoints):
        part = out.with_name(f"{out.stem}-{number + 1}.parquet")
        if not part.exists():
            classifier = load_classifier(checkpoint, device=device)
            _write(part, keys, saliency(classifier, rows))
        maps.append(load(part, keys, rows))
    means = [np.mean(each, axis=0, dtype=np.float64).astype(np.float32) for each in zip(*maps, strict=True)]
    _write(out, keys, [np.atleast_1d(mean) for mean in means])
    for number in range(len(checkpoints)):
        out.with_name(f"{out.stem}-{number + 1}.parquet").unlink()


def load(path: Path, keys: Sequence[tuple[str, str]], rows: Encoded) -> list[FloatArray]:
    """The stored maps in the order of ``keys``, found by id and never by position.

    Raises:
        ModelError: Where a document has no map, or one of another length: the file is of other data.
    """
    table = pq.read_table(path)
    names = zip(table["id"].to_pylist(), table["docid"].to_pylist(), strict=True)
    place = {name: i for i, name in enumerate(names)}
    column = table["saliency"].combine_chunks()
    offsets, values = column.offsets.to_numpy(), column.values.to_numpy()
    maps = []
    for key, length in zip(keys, rows.lengths, strict=True):
        at = place.get(key)
        found = 0 if at is None else offsets[at + 1] - offsets[at]
        if at is None or found != length:
            raise ModelError(
                f"annotation {key[0]!r}, document {key[1]!r}, has "
                + ("no saliency" if at is None else f"saliency of {found} tokens and is {length} long"),
                where=path,
                remedy="The file is of other data or another tokenizer: make it anew with --overwrite.",
            )
        maps.append(values[offsets[at] : offsets[at + 1]])
    return maps


def _write(path: Path, keys: Sequence[tuple[str, str]], maps: Sequence[FloatArray]) -> None:
    columns = {
        "id": pa.array([key[0] for key in keys], pa.string()),
        "docid": pa.array([key[1] for key in keys], pa.string()),
        "saliency": pa.array(list(maps), pa.list_(pa.float32())),
    }
    with atomic_path(path, overwrite=True) as temporary:
        pq.write_table(pa.table(columns), temporary, compression="zstd")
