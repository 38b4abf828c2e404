"""What agreement gives: records with intervals, comparisons, accuracy, and the value of every pair."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rationale.agreement.comparison import Comparison
from rationale.agreement.measure import Measured, Place
from rationale.agreement.metric import metrics
from rationale.arrays import Float64, Int32
from rationale.artifacts.provenance import AgreementProvenance, Provenance
from rationale.artifacts.record import from_json, to_json
from rationale.artifacts.scores import sealed_recipe
from rationale.artifacts.seal import Seal, digest, read_sealed, sealed
from rationale.artifacts.shape import require
from rationale.artifacts.shapes import agreement as agreement_shape
from rationale.corpus.document import Key
from rationale.errors import ScoresError
from rationale.files import atomic_path, atomic_text, check_output, home

log = logging.getLogger(__name__)

KIND = "agreement"
_DIGEST = b"agreement"
_LATER = ("rule",)  # fields of a record that an earlier version did not write
_PARTS = ("recipe", "records", "comparisons", "classification")


class Record(TypedDict):
    """One number of ``agreement.json``.

    Attributes:
        method: The score method.
        layer: Its layer.
        metric: A name in ``rationale list metrics``.
        select: ``threshold``, ``top_k_gold`` or None.
        value: The mean over pairs (for ``iou_f1`` the F1 of means); None where no pair counts.
        low: Lower end of the bootstrap interval; None for fewer than two pairs.
        high: Upper end.
        n: Pairs that count.
        skipped: Pairs for which the metric is not defined.
        rule: How the words were selected, in full; None where none were, and in files of an earlier version.
    """

    method: str
    layer: int
    metric: str
    select: str | None
    value: float | None
    low: float | None
    high: float | None
    n: int
    skipped: int
    rule: str | None


@dataclass(frozen=True)
class Agreement:
    """Agreement of scores with human rationales.

    Attributes:
        recipe: The recipe of the scores, with the settings of the agreement under ``"agreement"``.
        records: A number with interval for each method, layer, metric and selection.
        comparisons: Paired comparisons between methods.
        classification: Accuracy of the scored classifier, with interval.
        per_document: pyarrow table ``id, docid, method, layer, metric, select, value`` (null where a pair
            is left out); None where the agreement was loaded without its ``.pairs.parquet``.
    """

    recipe: AgreementProvenance
    records: tuple[Record, ...]
    comparisons: tuple[Comparison, ...]
    classification: dict[str, Any]
    per_document: pa.Table | None = field(default=None, repr=False, compare=False)

    def record(self, metric: str, method: str, layer: int = 0, select: str | None = None) -> Record:
        """The record of one metric, method, layer and selection.

        Raises:
            ScoresError: Where there is none.
        """
        wanted = (method, layer, metric, select)
        for record in self.records:
            if (record["method"], record["layer"], record["metric"], record["select"]) == wanted:
                return record
        raise ScoresError(
            f"no record of {metric!r} for method {method!r}, layer {layer}, selection {select!r}",
            remedy="`rationale agree` computes what the scores hold; see the recipe's methods and layers.",
        )

    def document_values(
        self, metric: str, method: str, layer: int = 0, select: str | None = None
    ) -> dict[Key, float]:
        """The metric of each pair that counts, by ``(id, docid)``: to sort documents by AP or FPR.

        Raises:
            ScoresError: Where the agreement was loaded without the values of the pairs.
        """
        if self.per_document is None:
            raise ScoresError(
                "this agreement was loaded without the values of its documents",
                remedy="Run `rationale agree` again and keep the .pairs.parquet beside agreement.json.",
            )
        table, chosen = self.per_document, pc.is_valid(self.per_document["value"])
        for column, value in (("metric", metric), ("method", method), ("layer", layer), ("select", select)):
            same = pc.is_null(table[column]) if value is None else pc.equal(table[column], value)
            chosen = pc.and_(chosen, same)
        rows = table.filter(chosen)
        keys = zip(rows["id"].to_pylist(), rows["docid"].to_pylist(), strict=True)
        return dict(zip(keys, rows["value"].to_pylist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The content of ``agreement.json``."""
        return {part: getattr(self, part) for part in _PARTS} | {"recipe": to_json(self.recipe)}

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Writes ``agreement.json`` and beside it ``.pairs.parquet``, the values of the pairs; both or none.

        Raises:
            OutputError: Where ``path`` exists and ``overwrite`` is off, or the disk refuses.
        """
        path = check_output(path, overwrite=overwrite)
        if self.per_document is None:
            return atomic_text(path, self._sealed({}), overwrite=overwrite)
        table = self.per_document.replace_schema_metadata({_DIGEST: self._identity()})
        pairs = pairs_path(path)
        with atomic_path(pairs, overwrite=True) as temporary:
            pq.write_table(table, temporary, compression="zstd")
            atomic_text(path, self._sealed({pairs.name: digest(temporary)}), overwrite=overwrite)
        return path

    def _sealed(self, files: Mapping[str, str]) -> str:
        """The text of ``agreement.json``, its seal included."""
        return _json(sealed(self.to_dict(), KIND, _inputs(self.recipe), files))

    def _identity(self) -> bytes:
        """Tells the pairs of this agreement from those of another."""
        return sealed(self.to_dict(), KIND)["seal"]["sha256"][:16].encode()  # type: ignore[no-any-return]

    @classmethod
    def load(cls, path: str | Path) -> Agreement:
        """Reads what :meth:`save` wrote; values of pairs that belong to another agreement are not taken.

        Raises:
            ScoresError: Where the file is missing, holds something else, or was changed after it was written.
        """
        path = home(path)
        remedy = "Pass the file that `rationale agree --out` wrote."
        content, seal = read_sealed(path, KIND, error=ScoresError, remedy=remedy)
        if not content.keys() >= set(_PARTS):
            raise ScoresError(f"holds no agreement: it needs {', '.join(_PARTS)}", where=path, remedy=remedy)
        shape = agreement_shape(tuple(metrics))
        require(content, shape, path, error=ScoresError, what="no agreement as it is written", remedy=remedy)
        found = cls(
            from_json(AgreementProvenance, content["recipe"]),
            tuple(cast("Record", {**dict.fromkeys(_LATER), **record}) for record in content["records"]),
            tuple(content["comparisons"]),
            content["classification"],
        )
        return replace(found, per_document=found._load_pairs(path, seal))

    def _load_pairs(self, path: Path, seal: Seal | None) -> pa.Table | None:
        """The values of the pairs; None where there are none, or they are of another agreement."""
        pairs, remedy = pairs_path(path), "Run `rationale agree --overwrite` again, or remove this file."
        if not pairs.is_file():
            return None
        try:
            with pq.ParquetFile(pairs) as file:  # read_table imports pyarrow.dataset
                table = file.read()
        except (OSError, ValueError, pa.ArrowException) as error:
            raise ScoresError(f"is damaged ({error})", where=pairs, remedy=remedy) from error
        own = (table.schema.metadata or {}).get(_DIGEST)
        if seal is None:
            return _checked(table, pairs, remedy) if own == _digest(path.read_text("utf-8")) else None
        if digest(pairs) in seal.files.values():
            return _checked(table, pairs, remedy)
        if own == self._identity():
            raise ScoresError(
                "it was changed after it was written: its SHA-256 differs", where=pairs, remedy=remedy
            )
        log.warning("%s: not read: these values belong to another agreement than %s", pairs, path.name)
        return None

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in Record.__annotations__)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in record.values()) + "</tr>"
            for record in self.records
        )
        accuracy = _shown(self.classification["accuracy"])
        facts = f"{len(self.records)} records, {len(self.comparisons)} comparisons, accuracy {accuracy}"
        return f"<p>{escape(facts)}</p><table><tr>{head}</tr>{rows}</table>"


def selecting(recipe: Provenance) -> list[str]:
    """The scored methods with a selection of their own, which faithfulness removes whatever its share."""
    return [name for name in recipe.methods if recipe.selects(name)]


def pairs_path(path: Path) -> Path:
    """Where the values of the pairs lie beside ``agreement.json``."""
    return path.with_name(f"{path.name.removesuffix('.json')}.pairs.parquet")


def pair_table(measured: Measured) -> pa.Table:
    """The value of every pair, a row a place and pair, null where the pair is left out."""
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
    """The metric of single pairs, (D,): of parts that a pair does not have, the others decide."""
    there = ~np.isnan(parts).all(axis=0)
    return np.where(there, metrics.get(place.metric).of_means(parts), np.nan)


def _coded(rows: Int32, names: Iterable[str | None]) -> pa.DictionaryArray:
    """Names by row, each name stored once."""
    coded = pa.array(list(names), type=pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices.take(pa.array(rows)), coded.dictionary)


def _checked(table: pa.Table, path: Path, remedy: str) -> pa.Table:
    """The table, where it has the columns that :func:`pair_table` makes."""
    expected = {"id", "docid", "method", "layer", "metric", "select", "value"}
    if set(table.column_names) != expected or not pa.types.is_float64(table.schema.field("value").type):
        raise ScoresError(f"is damaged (its columns are {table.column_names})", where=path, remedy=remedy)
    return table


def _inputs(recipe: AgreementProvenance) -> dict[str, Any]:
    """What an agreement was computed from: the provenance of its scores, model and data."""
    return {"scores": sealed_recipe(recipe.of_scores)["seal"]["sha256"], **recipe.inputs}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16].encode()


def _json(content: Mapping[str, Any]) -> str:
    """JSON with one record a line; NaN refused."""

    def dumps(value: Any, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)

    def lines(rows: Iterable[Any]) -> str:
        return "[\n" + ",\n".join(map(dumps, rows)) + "\n]"

    parts = {
        name: lines(value) if isinstance(value, tuple) else dumps(value, None if name == "seal" else 1)
        for name, value in content.items()
    }
    return "{\n" + ",\n".join(f"{dumps(name)}: {text}" for name, text in parts.items()) + "\n}\n"


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
