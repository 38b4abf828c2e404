"""The table beside ``agreement.json`` with the value of every pair of an agreement."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from rationale.agreement.measure import Measured, Place
from rationale.agreement.metric import metrics
from rationale.arrays import Float64, Int32
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
            "layer": pa.array(np.array([p.layer for p in places], dtype=np.int32)[rows]),
            "metric": _coded(rows, [place.metric for place in places]),
            "select": _coded(rows, [place.select for place in places]),
            "value": pa.array(flat, mask=np.isnan(flat)),
        }
    )


def _pair_values(place: Place, parts: Float64) -> Float64:
    """Computes the metric of single pairs, (D,); NaN only if a pair has none of the parts."""
    defined = ~np.isnan(parts).all(axis=0)
    return np.where(defined, metrics.get(place.metric).of_means(parts), np.nan)


def _coded(rows: Int32, names: Iterable[str | None]) -> pa.DictionaryArray:
    """Dictionary-encodes the names of the rows: each name is stored once."""
    coded = pa.array(list(names), type=pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices.take(pa.array(rows)), coded.dictionary)


def checked_pairs(table: pa.Table, path: Path, remedy: str) -> pa.Table:
    """Returns the table after checking that it has the columns of :func:`pair_table`.

    Raises:
        ScoresError: If it has other columns, with ``remedy``.
    """
    expected = {"id", "docid", "method", "layer", "metric", "select", "value"}
    if set(table.column_names) != expected or not pa.types.is_float64(table.schema.field("value").type):
        raise ScoresError(f"is damaged (its columns are {table.column_names})", where=path, remedy=remedy)
    return table
