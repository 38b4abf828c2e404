"""What agreement gives: records with intervals, comparisons, accuracy, and the value of every pair."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rationale.agreement.compare import Comparison
from rationale.agreement.evaluate import Measured, Place
from rationale.agreement.metric import metrics
from rationale.agreement.ragged import Float
from rationale.corpus.document import Key
from rationale.errors import ScoresError
from rationale.files import atomic_path, atomic_text, check_output

_DIGEST = b"agreement"
_LATER = ("rule",)  # fields of a record that an earlier version did not write
_PARTS = ("recipe", "records", "comparisons", "classification")


class Record(TypedDict):
    """One number of ``agreement.json``.

    Attributes:
        method: The score method.
        layer: Its layer.
        metric: A name in ``rationale list metrics``.
        select: ``delta``, ``topk`` or None.
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

    recipe: dict[str, Any]
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
        chosen = pc.field("select").is_null() if select is None else pc.field("select") == select
        same = (pc.field("metric") == metric) & (pc.field("method") == method) & (pc.field("layer") == layer)
        rows = self.per_document.filter(same & chosen & ~pc.field("value").is_null())
        keys = zip(rows["id"].to_pylist(), rows["docid"].to_pylist(), strict=True)
        return dict(zip(keys, rows["value"].to_pylist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The content of ``agreement.json``."""
        return {part: getattr(self, part) for part in _PARTS}

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Writes ``agreement.json`` and beside it ``.pairs.parquet``, the values of the pairs; both or none.

        Raises:
            OutputError: Where ``path`` exists and ``overwrite`` is off, or the disk refuses.
        """
        path = check_output(path, overwrite=overwrite)
        text = _json(self.to_dict())
        if self.per_document is None:
            return atomic_text(path, text, overwrite=overwrite)
        table = self.per_document.replace_schema_metadata({_DIGEST: _digest(text)})
        with atomic_path(pairs_path(path), overwrite=True) as temporary:
            pq.write_table(table, temporary, compression="zstd")
            atomic_text(path, text, overwrite=overwrite)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Agreement:
        """Reads what :meth:`save` wrote; values of pairs that belong to another agreement are not taken.

        Raises:
            ScoresError: Where the file is missing or holds something else.
        """
        path = Path(path)
        remedy = "Pass the file that `rationale agree --out` wrote."
        try:
            text = path.read_text(encoding="utf-8")
            content = json.loads(text)
        except OSError as error:
            raise ScoresError(f"cannot be read ({error.strerror})", where=path, remedy=remedy) from error
        except ValueError as error:
            raise ScoresError(f"is no JSON ({error})", where=path, remedy=remedy) from error
        if not isinstance(content, dict) or any(part not in content for part in _PARTS):
            raise ScoresError(f"holds no agreement: it needs {', '.join(_PARTS)}", where=path, remedy=remedy)
        problem = _problem(content)
        if problem:
            raise ScoresError(f"was changed by hand: {problem}", where=path, remedy=remedy)
        return cls(
            content["recipe"],
            tuple(cast("Record", {**dict.fromkeys(_LATER), **record}) for record in content["records"]),
            tuple(content["comparisons"]),
            content["classification"],
            _load_pairs(pairs_path(path), _digest(text)),
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in Record.__annotations__)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in record.values()) + "</tr>"
            for record in self.records
        )
        accuracy = _shown(self.classification["accuracy"])
        facts = f"{len(self.records)} records, {len(self.comparisons)} comparisons, accuracy {accuracy}"
        return f"<p>{escape(facts)}</p><table><tr>{head}</tr>{rows}</table>"


def selecting(recipe: Mapping[str, Any]) -> list[str]:
    """The scored methods with a selection of their own, which faithfulness removes whatever its share."""
    return [name for name, method in recipe.get("methods", {}).items() if method.get("selects")]


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


def _pair_values(place: Place, parts: Float) -> Float:
    """The metric of single pairs, (D,): of parts that a pair does not have, the others decide."""
    there = ~np.isnan(parts).all(axis=0)
    return np.where(there, metrics.get(place.metric).of_means(parts), np.nan)


def _coded(rows: npt.NDArray[np.int32], names: Iterable[str | None]) -> pa.DictionaryArray:
    """Names by row, each name stored once."""
    coded = pa.array(list(names), type=pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices.take(pa.array(rows)), coded.dictionary)


def _load_pairs(path: Path, digest: bytes) -> pa.Table | None:
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ScoresError(
            f"is damaged ({error})", where=path, remedy="Run `rationale agree --overwrite` again."
        ) from error
    return table if (table.schema.metadata or {}).get(_DIGEST) == digest else None


def _problem(content: Mapping[str, Any]) -> str | None:
    """What of an agreement's JSON has not the form that was written; None where all has."""
    kinds = {"recipe": dict, "records": list, "comparisons": list, "classification": dict}
    for part, kind in kinds.items():
        if not isinstance(content[part], kind):
            return f"{part} is no {'object' if kind is dict else 'list'}"
    for part, needed in (("records", Record.__annotations__), ("comparisons", Comparison.__annotations__)):
        for number, row in enumerate(content[part]):
            if not isinstance(row, dict) or row.keys() | set(_LATER) != needed.keys() | set(_LATER):
                return f"{part}[{number}] needs {', '.join(needed)}"
    for number, row in enumerate(content["records"]):
        metric, value = row["metric"], row["value"]
        if not isinstance(row["layer"], int) or not isinstance(row["method"], str) or metric not in metrics:
            return f"records[{number}] has no method, layer or metric that is known"
        if value is not None and not (isinstance(value, (int, float)) and math.isfinite(value)):
            return f"records[{number}] has the value {value!r}"
    there = {"accuracy", "low", "high", "n"} <= content["classification"].keys()
    return None if there else "classification needs accuracy, low, high, n"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16].encode()


def _json(content: Mapping[str, Any]) -> str:
    """JSON with one record a line; NaN refused."""

    def dumps(value: Any, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)

    def lines(rows: Iterable[Any]) -> str:
        return "[\n" + ",\n".join(map(dumps, rows)) + "\n]"

    parts = {
        name: lines(value) if isinstance(value, tuple) else dumps(value, 1) for name, value in content.items()
    }
    return "{\n" + ",\n".join(f"{dumps(name)}: {text}" for name, text in parts.items()) + "\n}\n"


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
