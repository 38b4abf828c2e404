"""The result of ``agree``: estimates with intervals, paired tests, accuracy, and the value of every pair."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, fields, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rationale.agreement.comparison import Floor, PairedTest, floors
from rationale.agreement.metric import MetricName
from rationale.agreement.pairs import checked_pairs, pairs_path
from rationale.agreement.select import Selected
from rationale.agreement.subsets import Subset
from rationale.artifacts.provenance import AgreementProvenance, Provenance
from rationale.artifacts.record import Count, omitted, read_record, to_json
from rationale.artifacts.scores import recipe_digest
from rationale.artifacts.seal import Seal, digest, read_sealed, sealed
from rationale.artifacts.shape import count, every
from rationale.artifacts.shape import record as having
from rationale.corpus.document import Key
from rationale.errors import ScoresError
from rationale.files import atomic_path, atomic_text, check_output, home
from rationale.metrics.classification import Classification
from rationale.strict_json import Json

log = logging.getLogger(__name__)

KIND = "agreement"
_DIGEST = b"agreement"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number of ``agreement.json``: a metric of one method, layer and selection, with its interval.

    Attributes:
        method: The score method.
        layer: Its layer.
        metric: A name in ``rationale list metrics``.
        select: ``threshold``, ``top_k_gold``, ``given`` or None.
        value: The mean over pairs (for ``iou_f1`` the F1 of means); None if no pair counts.
        low: Lower end of the bootstrap interval; None for fewer than two pairs.
        high: Upper end.
        n: Pairs that count.
        skipped: Pairs for which the metric is not defined.
        rule: How the words were selected, in full; None without a selection, and in earlier files.
        subset: The documents that count: ``label right``, ``label wrong`` by the predicted label, ``explained
            right``, ``explained wrong`` by the class that the rationale is for; None is all.
    """

    method: str
    layer: Count
    metric: MetricName
    select: Selected | None
    value: float | None
    low: float | None
    high: float | None
    n: Count
    skipped: Count
    rule: str | None = None
    subset: Subset | None = omitted()


def _square(value: Any, place: str) -> str | None:
    """Checks that the confusion matrix has one row and one column per label."""
    labels, counts = value["labels"], value["confusion"]
    fits = len(labels) == len(counts) and all(len(row) == len(labels) for row in counts)
    return None if fits else f"{place.lstrip('.')}: the confusion is not {len(labels)} by {len(labels)}"


_COUNTS = having(n=count, confusion=every(every(count)))


@dataclass(frozen=True)
class _Stored:
    """The content of ``agreement.json`` without its seal; see :class:`Agreement`."""

    recipe: AgreementProvenance
    records: tuple[Estimate, ...]
    comparisons: tuple[PairedTest, ...]
    classification: Annotated[Classification, _COUNTS, _square]
    subsets: tuple[Estimate, ...] | None = omitted()


@dataclass(frozen=True)
class Agreement:
    """Agreement of scores with human rationales.

    Attributes:
        recipe: The provenance of the scores, with the settings of the agreement under ``"agreement"``.
        records: An estimate for each method, layer, metric and selection.
        comparisons: Paired tests between methods.
        classification: Accuracy of the scored classifier.
        subsets: Estimates of imported methods over the documents whose label they predict right, and wrong,
            and over those where the class that they explain is the gold label, and is not; empty where they
            name no class.
        per_document: pyarrow table ``id, docid, method, layer, metric, select, value`` (null where a pair
            is left out); None if the agreement was loaded without its ``.pairs.parquet``.
    """

    recipe: AgreementProvenance
    records: tuple[Estimate, ...]
    comparisons: tuple[PairedTest, ...]
    classification: Classification
    subsets: tuple[Estimate, ...] = ()
    per_document: pa.Table | None = field(default=None, repr=False, compare=False)

    def record(self, metric: str, method: str, layer: int = 0, select: str | None = None) -> Estimate:
        """Returns the estimate of one metric, method, layer and selection.

        Raises:
            ScoresError: If there is none.
        """
        wanted = (method, layer, metric, select)
        for record in self.records:
            if (record.method, record.layer, record.metric, record.select) == wanted:
                return record
        raise ScoresError(
            f"no record of {metric!r} for method {method!r}, layer {layer}, selection {select!r}",
            remedy="`rationale agree` computes what the scores hold; see the recipe's methods and layers.",
        )

    @cached_property
    def floors(self) -> list[Floor | None]:
        """The smallest p-value that the test of each comparison can give; None without a p-value."""
        return floors(self.comparisons)

    def document_values(
        self, metric: str, method: str, layer: int = 0, select: str | None = None
    ) -> dict[Key, float]:
        """Returns the metric of each pair that counts, by ``(id, docid)``, to sort documents by AP or FPR.

        Raises:
            ScoresError: If the agreement was loaded without the values of the pairs.
        """
        if self.per_document is None:
            raise ScoresError(
                "this agreement was loaded without the values of its documents",
                remedy="Run `rationale agree` again and keep the .pairs.parquet beside agreement.json.",
            )
        table, mask = self.per_document, pc.is_valid(self.per_document["value"])
        for column, value in (("metric", metric), ("method", method), ("layer", layer), ("select", select)):
            mask = pc.and_(mask, _equal(table[column], value))
        rows = table.filter(mask)
        keys = zip(rows["id"].to_pylist(), rows["docid"].to_pylist(), strict=True)
        return dict(zip(keys, rows["value"].to_pylist(), strict=True))

    def to_dict(self) -> Json:
        """Returns the content of ``agreement.json``."""
        return to_json(
            _Stored(self.recipe, self.records, self.comparisons, self.classification, self.subsets or None)
        )

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Writes ``agreement.json`` and beside it the values of the pairs, ``.pairs.parquet``; both or none.

        Raises:
            OutputError: If ``path`` exists and ``overwrite`` is off, or the disk refuses.
        """
        path = check_output(path, overwrite=overwrite)
        content = self.to_dict()
        if self.per_document is None:
            return atomic_text(path, self._sealed(content, {}), overwrite=overwrite)
        table = self.per_document.replace_schema_metadata({_DIGEST: _identity(content)})
        pairs = pairs_path(path)
        with atomic_path(pairs, overwrite=True) as temporary:
            pq.write_table(table, temporary, compression="zstd")
            atomic_text(path, self._sealed(content, {pairs.name: digest(temporary)}), overwrite=overwrite)
        return path

    def _sealed(self, content: Json, files: Mapping[str, str]) -> str:
        """The text of ``agreement.json``, its seal included."""
        return _json(sealed(content, KIND, _inputs(self.recipe), files))

    @classmethod
    def load(cls, path: str | Path) -> Agreement:
        """Reads what :meth:`save` wrote, but no values of pairs that belong to another agreement.

        Raises:
            ScoresError: If the file is missing, holds something else, or was changed after it was written.
        """
        path = home(path)
        remedy = "Pass the file that `rationale agree --out` wrote."
        content, seal = read_sealed(path, KIND, error=ScoresError, remedy=remedy)
        parts = [part.name for part in fields(_Stored) if part.name != "subsets"]
        if not content.keys() >= set(parts):
            raise ScoresError(f"holds no agreement: it needs {', '.join(parts)}", where=path, remedy=remedy)
        stored = read_record(
            _Stored,
            content,
            path,
            what="no agreement as it is written",
            error=ScoresError,
            remedy=remedy,
        )
        agreement = cls(
            stored.recipe,
            stored.records,
            stored.comparisons,
            stored.classification,
            stored.subsets or (),
        )
        return replace(agreement, per_document=agreement._load_pairs(path, seal))

    def _load_pairs(self, path: Path, seal: Seal | None) -> pa.Table | None:
        """Reads the values of the pairs; None if there are none, or they belong to another agreement."""
        pairs, remedy = pairs_path(path), "Run `rationale agree --overwrite` again, or remove this file."
        if not pairs.is_file():
            return None
        try:
            with pq.ParquetFile(pairs) as file:  # read_table imports pyarrow.dataset
                table = file.read()
        except (OSError, ValueError, pa.ArrowException) as error:
            raise ScoresError(f"is damaged ({error})", where=pairs, remedy=remedy) from error
        stored_identity = (table.schema.metadata or {}).get(_DIGEST)
        if seal is None:
            belongs = stored_identity == _digest(path.read_text("utf-8"))
            return checked_pairs(table, pairs, remedy) if belongs else None
        if digest(pairs) in seal.files.values():
            return checked_pairs(table, pairs, remedy)
        if stored_identity == _identity(self.to_dict()):
            raise ScoresError(
                "it was changed after it was written: its SHA-256 differs", where=pairs, remedy=remedy
            )
        log.warning("%s: not read: these values belong to another agreement than %s", pairs, path.name)
        return None

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(column.name)}</th>" for column in fields(Estimate))
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(_cell_text(cell))}</td>" for cell in astuple(record)) + "</tr>"
            for record in self.records
        )
        accuracy = _cell_text(self.classification.accuracy)
        facts = f"{len(self.records)} records, {len(self.comparisons)} comparisons, accuracy {accuracy}"
        return f"<p>{escape(facts)}</p><table><tr>{head}</tr>{rows}</table>"


def _equal(column: pa.ChunkedArray, value: str | int | None) -> pa.ChunkedArray:
    """Where a column has a value, bool.

    The column's own scalars are compared, for pyarrow imports pandas to look at those of Python.
    """
    if value is None:
        return pc.is_null(column)
    values = column.unique()
    found = [scalar for scalar in values if scalar.as_py() == value]
    return pc.equal(column, found[0]) if found else pc.and_not(pc.is_null(column), pc.is_null(column))


def selecting(recipe: Provenance) -> list[str]:
    """Lists scored methods with a selection of their own, which faithfulness removes instead of a share."""
    return [name for name in recipe.methods if recipe.selects(name)]


def _inputs(recipe: AgreementProvenance) -> dict[str, str | None]:
    """Returns digests of what an agreement was computed from: its scores, model and data."""
    return {"scores": recipe_digest(recipe.of_scores), **recipe.inputs}


def _identity(content: Json) -> bytes:
    """Returns a digest that tells the pairs of one agreement from those of another."""
    return sealed(content, KIND)["seal"]["sha256"][:16].encode()  # type: ignore[no-any-return]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16].encode()


def _json(content: Json) -> str:
    """Formats JSON with one record per line; refuses NaN."""

    def dumps(value: object, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)

    def lines(rows: Iterable[object]) -> str:
        return "[\n" + ",\n".join(map(dumps, rows)) + "\n]"

    parts = {
        name: lines(value) if isinstance(value, list) else dumps(value, None if name == "seal" else 1)
        for name, value in content.items()
    }
    return "{\n" + ",\n".join(f"{dumps(name)}: {text}" for name, text in parts.items()) + "\n}\n"


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
