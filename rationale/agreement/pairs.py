"""The table beside ``agreement.json`` with the value of every pair of an agreement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from rationale.agreement.measure import Measured, Place
from rationale.agreement.metric import metrics
from rationale.arrays import Bool, Float64, Int32
from rationale.errors import ScoresError


def pairs_path(path: Path) -> Path:
    """Returns the path of the table of pairs that belongs to ``agreement.json``."""
    return path.with_name(f"{path.name.removesuffix('.json')}.pairs.parquet")


def pair_table(measured: Measured) -> pa.Table:
    """Makes the table of values: one row per place and pair, null where the pair is left out."""
    places = list(measured.parts)
    values = [_pair_values(place, parts) for place, parts in measured.parts.items()]
    pairs = np.tile(np.arange(len(measured.keys), dtype=np.int32), len(places))
    rows = np.repeat(np.arange(len(places), dtype=np.int32), len(measured.keys))
    flat = np.concatenate(values) if values else np.empty(0)
    return pa.table(
        {
            "id": _coded(pairs, [key[0] for key in measured.keys]),
            "docid": _coded(pairs, [key[1] for key in measured.keys]),
            "method": _coded(rows, [place.method for place in places]),
            "layer": _numbers(np.array([p.layer for p in places], dtype=np.int32)[rows]),
            "metric": _coded(rows, [place.metric for place in places]),
            "select": _coded(rows, [place.select for place in places]),
            "value": _numbers(flat),
        }
    )


def _pair_values(place: Place, parts: Float64) -> Float64:
    """Computes the metric of single pairs, (D,); NaN only if a pair has none of the parts."""
    defined = ~np.isnan(parts).all(axis=0)
    return np.where(defined, metrics.get(place.metric).of_means(parts), np.nan)


def _coded(rows: Int32, names: Iterable[str | None]) -> pa.DictionaryArray:
    """Dictionary-encodes the names of the rows: each name is stored once."""
    coded = _strings(tuple(names)).dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices.take(_numbers(rows)), coded.dictionary)


def _numbers(values: Int32 | Float64) -> pa.Array:
    """An array of numbers, null where NaN. From its buffers, as the next: ``pa.array`` imports pandas."""
    buffers = [_validity(~np.isnan(values)), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def _strings(names: Sequence[str | None]) -> pa.Array:
    texts = [(name or "").encode("utf-8") for name in names]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    known = _validity(np.array([name is not None for name in names], dtype=np.bool_))
    return pa.Array.from_buffers(
        pa.string(), len(texts), [known, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    )


def _validity(known: Bool) -> pa.Buffer | None:
    """Arrow's bitmap of the values that are not null; None where all are known."""
    return None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))


def checked_pairs(table: pa.Table, path: Path, remedy: str) -> pa.Table:
    """Returns the table after checking that it has the columns of :func:`pair_table`.

    Raises:
        ScoresError: If it has other columns, with ``remedy``.
    """
    expected = {"id", "docid", "method", "layer", "metric", "select", "value"}
    if set(table.column_names) != expected or not pa.types.is_float64(table.schema.field("value").type):
        raise ScoresError(f"is damaged (its columns are {table.column_names})", where=path, remedy=remedy)
    return table
