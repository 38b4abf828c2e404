"""The Parquet tables of one part of a score folder: documents, scores, perturbed probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.arrays import Bool, Float32
from rationale.artifacts.provenance import Provenance
from rationale.artifacts.scores import REPAIR, Part
from rationale.errors import ScoresError
from rationale.metrics.naopc import Limits
from rationale.scores.fits import first_misfit, unsummed
from rationale.scores.scored import KEPT, OrderAopc, Perturbed, Place, ScoredDocument, Softened
from rationale.scores.structs import R, as_row, from_row, struct_of

_LIMITS = struct_of(Limits, exact=pa.bool_(), beam=pa.int32(), forwards=pa.int64())
_SOFTENED, _ORDER = struct_of(Softened), struct_of(OrderAopc)
_DOCUMENTS = pa.schema(
    [
        ("id", pa.string()),
        ("docid", pa.string()),
        ("digest", pa.string()),
        ("label", pa.string()),
        ("predicted", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
        ("tokens", pa.list_(pa.string())),
        ("token_word", pa.list_(pa.int32())),
        ("token_window", pa.list_(pa.int32())),
        ("window_tokens", pa.list_(pa.int32())),
        ("window_weight", pa.list_(pa.float32())),
        ("covered", pa.list_(pa.bool_())),
        ("kept", pa.list_(pa.list_(pa.bool_()))),  # layers x tokens; null for a model that drops none
        ("policy_scores", pa.list_(pa.list_(pa.float32()))),  # layers x tokens
        ("policy_thresholds", pa.list_(pa.list_(pa.float32()))),  # layers x windows
        ("nothing", pa.list_(pa.float64())),  # null where the model did not read the document without words
        ("limits", _LIMITS),  # null where AOPC over full orders was not measured
        ("order_units", pa.string()),  # what was removed for it: word or sentence
    ]
)
_SCORES = pa.schema(
    [
        ("document", pa.int32()),
        ("method", pa.string()),
        ("layer", pa.int32()),
        ("words", pa.list_(pa.float32())),
        ("tokens", pa.list_(pa.float32())),
        ("softened", _SOFTENED),  # null where it was not measured, and so is the next
        ("order", _ORDER),
    ]
)
_PERTURBED = pa.schema(
    [
        ("document", pa.int32()),
        ("method", pa.string()),
        ("layer", pa.int32()),
        ("share", pa.float64()),
        ("without", pa.list_(pa.float64())),
        ("only", pa.list_(pa.float64())),
    ]
)

_Row = Mapping[str, Any]
"""A row of a table whose columns are known to be those of its schema."""
_SCHEMAS = {"documents": _DOCUMENTS, "scores": _SCORES, "perturbed": _PERTURBED}
_TRACE = ("kept", "policy_scores", "policy_thresholds")
# columns that an earlier version did not write
_LATER = (*_TRACE, "nothing", "limits", "order_units", "softened", "order")
_NULLABLE = ("label", *_LATER)


def write_part(folder: Path, documents: Sequence[ScoredDocument]) -> None:
    """Writes the three tables of ``documents`` into ``folder``, which must exist."""
    for name, table in _tables(documents):
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", write_page_checksum=True)


def _tables(documents: Sequence[ScoredDocument]) -> Iterator[tuple[str, pa.Table]]:
    rows = [
        {name: getattr(d, name) for name in _DOCUMENTS.names}
        | {name: None if getattr(d, name) is None else list(getattr(d, name)) for name in _TRACE}
        | {"nothing": list(d.nothing) or None, "limits": as_row(d.limits)}
        for d in documents
    ]
    yield "documents", pa.Table.from_pylist(rows, schema=_DOCUMENTS)
    rows = [
        {
            "document": number,
            "method": method,
            "layer": layer,
            "words": scores[row],
            "tokens": d.token_scores[method][row],
            "softened": as_row(d.softened.get((method, layer))),
            "order": as_row(d.orders.get((method, layer))),
        }
        for number, d in enumerate(documents)
        for method, scores in d.words.items()
        for row, layer in enumerate(d.layers[method])
    ]
    yield "scores", pa.Table.from_pylist(rows, schema=_SCORES)
    rows = [
        {
            "document": number,
            "method": p.method,
            "layer": p.layer,
            "share": p.share,
            "without": p.without,
            "only": p.only,
        }
        for number, d in enumerate(documents)
        for p in d.perturbed
    ]
    yield "perturbed", pa.Table.from_pylist(rows, schema=_PERTURBED)


def read_part_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Reads one table and verifies its checksums.

    Raises:
        ScoresError: Where the file is damaged, or its columns are not those of the schema.
    """
    try:
        with pq.ParquetFile(
            path, page_checksum_verification=True
        ) as file:  # read_table loads pyarrow.dataset
            table = file.read(columns=columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, str(error)) from error
    schema = _SCHEMAS[path.stem]
    present = [
        column for column in columns or schema.names if column in table.column_names or column not in _LATER
    ]
    if not table.schema.equals(pa.schema([schema.field(column) for column in present])):
        raise _damaged(path, f"its columns are {', '.join(table.column_names)}")
    null = next(
        (column for column in table.column_names if column not in _NULLABLE and _nulls(table[column])), None
    )
    if null:
        raise _damaged(path, f"a value of {null!r} is missing")
    return table


def _nulls(column: pa.ChunkedArray) -> int:
    if column.null_count or not pa.types.is_list(column.type):
        return int(column.null_count)
    return sum(chunk.flatten().null_count for chunk in column.chunks)


def _damaged(path: Path, what: str) -> ScoresError:
    return ScoresError(f"a part of the scores is damaged ({what})", where=path, remedy=REPAIR)


def read_part(part: Part, recipe: Provenance) -> tuple[ScoredDocument, ...]:
    """Reads the documents of one part, with numpy arrays.

    Args:
        part: The part.
        recipe: The recipe, whose methods, layers and labels the documents must have.

    Raises:
        ScoresError: Where a table is damaged, is not the one that was written, or does not fit the recipe.
    """
    part.check()
    table = read_part_table(part.path / "documents.parquet")
    try:
        rows = list(_rows(table))
    except ValueError as error:  # the layers of kept tokens are not equally long
        raise _damaged(part.path, str(error)) from error
    scores = _grouped(read_part_table(part.path / "scores.parquet"))
    perturbed = _perturbed(read_part_table(part.path / "perturbed.parquet"))
    if foreign := (scores.keys() | perturbed.keys()) - set(range(table.num_rows)):
        raise _damaged(part.path, f"it has scores of document {min(foreign)}, which it does not have")
    documents = []
    for number, row in enumerate(rows):
        try:
            document = _document(row, scores.get(number, []), perturbed.get(number, ()))
        except ValueError as error:  # the rows of one method are not equally long
            raise _damaged(part.path, f"document {row['docid']!r}: {error}") from error
        problem = first_misfit(document, recipe) or (unsummed(document) if part.recipe is None else None)
        if problem:
            raise _damaged(part.path, f"document {document.docid!r}: {problem}")
        documents.append(document)
    return tuple(documents)


def _rows(table: pa.Table) -> Iterable[_Row]:
    """Yields rows with list columns as numpy arrays: to_pylist would box every float."""
    columns = {name: _column(table.column(name)) for name in table.column_names}
    for number in range(table.num_rows):
        yield {name: values[number] for name, values in columns.items()}


def _column(column: pa.ChunkedArray) -> Sequence[Any]:
    if column.null_count or not pa.types.is_list(column.type) or pa.types.is_string(column.type.value_type):
        return column.to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_list(column.type.value_type):
        return column.to_pylist()  # type: ignore[no-any-return]
    array = column.combine_chunks()
    offsets, values = _numpy(array.offsets), _numpy(array.values)
    return [values[a:b] for a, b in pairwise(offsets)]


def _numpy(array: pa.Array) -> np.ndarray[Any, Any]:
    """An array's values, by DLPack where it can: to_numpy imports pandas."""
    if array.null_count:
        return array.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
    if pa.types.is_boolean(array.type):
        return np.from_dlpack(array.cast(pa.uint8())).view(np.bool_)
    return np.from_dlpack(array)


def _grouped(table: pa.Table) -> dict[int, list[_Row]]:
    groups: dict[int, list[_Row]] = {}
    for row in _rows(table):
        groups.setdefault(row["document"], []).append(row)
    return groups


def _perturbed(table: pa.Table) -> dict[int, tuple[Perturbed, ...]]:
    groups: dict[int, tuple[Perturbed, ...]] = {}
    for row in table.to_pylist():
        number = row.pop("document")
        perturbed = Perturbed(**{**row, "without": tuple(row["without"]), "only": tuple(row["only"])})
        groups[number] = (*groups.get(number, ()), perturbed)
    return groups


def _document(row: _Row, scores: Sequence[_Row], perturbed: tuple[Perturbed, ...]) -> ScoredDocument:
    methods = dict.fromkeys(s["method"] for s in scores)

    def stack(method: str, column: str) -> Float32:
        return np.stack([s[column] for s in scores if s["method"] == method])

    token_scores = {m: stack(m, "tokens") for m in methods}
    return ScoredDocument(
        **{
            **row,
            "probabilities": tuple(row["probabilities"].tolist()),
            "tokens": tuple(row["tokens"]),
            "kept": _kept(row, token_scores),
            "policy_scores": _numbers(row, "policy_scores"),
            "policy_thresholds": _numbers(row, "policy_thresholds"),
            "nothing": _nothing(row),
            "limits": from_row(Limits, row.get("limits"), "beam"),
        },
        words={m: stack(m, "words") for m in methods},
        token_scores=token_scores,
        layers={m: tuple(s["layer"] for s in scores if s["method"] == m) for m in methods},
        perturbed=perturbed,
        softened=_records(Softened, scores, "softened"),
        orders=_records(OrderAopc, scores, "order"),
    )


def _nothing(row: _Row) -> tuple[float, ...]:
    known = row.get("nothing")
    return () if known is None else tuple(np.array(known, dtype=np.float64).tolist())  # NaN for null


def _records(kind: type[R], scores: Sequence[_Row], column: str) -> dict[Place, R]:
    """The records of a column of the scores, by method and layer."""
    found = {(s["method"], s["layer"]): from_row(kind, s.get(column)) for s in scores}
    return {place: record for place, record in found.items() if record is not None}


def _kept(row: _Row, scores: Mapping[str, Float32]) -> Bool | None:
    """Which tokens pass each layer; in scores without the column, from the scores of the method ``kept``.

    Raises:
        ValueError: Where layers are not equally long, or a value is missing.
    """
    if row.get("kept") is None:
        return scores[KEPT] > 0 if KEPT in scores else None
    kept = np.array(row["kept"])
    if kept.dtype != np.bool_:
        raise ValueError("whether a token is kept is missing")
    return kept


def _numbers(row: _Row, name: str) -> Float32 | None:
    """A table of a document, float32 (L, n); None where it has none.

    Raises:
        ValueError: Where layers are not equally long, or a value is missing.
    """
    return None if row.get(name) is None else np.array(row[name], dtype=np.float32)
