"""Which token of which document left where: traces of a dropping model over a corpus, and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.arrays import Bool, Float64, Int32, Int64
from rationale.artifacts.seal import seal_file, unseal_file
from rationale.corpus.document import Document, Documents
from rationale.dropping.trace import DropTrace
from rationale.files import atomic_path, check_output
from rationale.loading.classifier import Classifier
from rationale.tokens import Packed, Window, Windower, run_windows

KIND = "traces"
_BATCH, _PART = 32, 256
_TABLE = pa.schema(
    [
        ("id", pa.string()),
        ("docid", pa.string()),
        ("position", pa.int32()),
        ("token", pa.string()),
        ("word", pa.int32()),
        ("dropped", pa.int32()),
        ("scores", pa.list_(pa.float32())),
        ("thresholds", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class Passed:
    """What the model made of one window.

    Attributes:
        outputs: float64 (C,), probabilities, or a number.
        tokens_kept: int64 (L,), tokens that pass each layer.
        kept: bool (L, n), whether each token passes each layer; None of a model that keeps all.
        trace: Who was dropped where and by what; None where nobody asked, too.
    """

    outputs: Float64
    tokens_kept: Int64
    kept: Bool | None
    trace: DropTrace | None


@dataclass(frozen=True)
class Traced:
    """One document's way through the model.

    Attributes:
        document: The document.
        predicted: The class the model chose.
        probabilities: float64 (C,).
        tokens: The first window's tokens, as the tokenizer writes them.
        word: int32 (n,), the word of each token, -1 for special tokens and the query.
        way: Where each token left.
    """

    document: Document
    predicted: str
    probabilities: Float64
    tokens: tuple[str, ...]
    word: Int32
    way: DropTrace

    @property
    def content(self) -> dict[str, Any]:
        """As JSON: ``dropped`` is the first layer whose feed-forward a token does not pass, null for none."""
        way = self.way
        return {
            "id": self.document.id,
            "docid": self.document.docid,
            "predicted": self.predicted,
            "probabilities": self.probabilities.tolist(),
            "tokens": list(self.tokens),
            "word": self.word.tolist(),
            "dropped": _dropped(way),
            "scores": [[None if np.isnan(s) else float(s) for s in row] for row in way.scores],
            "thresholds": [None if np.isnan(t) else float(t) for t in way.thresholds],
            "decides": way.decision_point,
            "tokens_kept": way.lengths.tolist(),
        }


def trace_documents(
    classifier: Classifier, documents: Documents, *, progress: bool = True
) -> Iterator[Traced]:
    """The first window of every document, run hard; in order.

    Raises:
        ModelError: Where the model drops no tokens or yields NaN.
        DataError: Where a query leaves no room.
    """
    classifier.required_policy()
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    windows = [windower(document).windows[0] for document in documents]
    title, run = "trace" if progress else None, partial(run_hard, classifier, traces=True)
    passed = run_windows(windows, _BATCH, run, device=classifier.device, part=_PART, title=title)
    for document, window, one in zip(documents, windows, passed, strict=True):
        if one.trace is not None:
            yield traced(classifier, document, window, one.outputs, one.trace)


def traced(
    classifier: Classifier,
    document: Document,
    window: Window,
    outputs: Float64,
    trace: DropTrace,
) -> Traced:
    """One document's way, from what the model made of its window."""
    tokens = tuple(classifier.tokenizer.convert_ids_to_tokens(window.ids.tolist()))
    return Traced(document, classifier.labels[int(outputs.argmax())], outputs, tokens, window.word, trace)


def run_hard(classifier: Classifier, packed: Packed, places: list[int], *, traces: bool) -> list[Passed]:
    """What the model makes of a batch of windows; whole traces only where they are asked for."""
    del places
    run = classifier.hard(packed)
    outputs = classifier.probabilities(classifier.finite(run.logits)).cpu().numpy()
    tokens_kept = run.tokens_kept.cpu().numpy().T
    found: Sequence[DropTrace | None] = run.traces() or [None] * len(outputs)
    return [
        Passed(output, count, None if trace is None else trace.kept, trace if traces else None)
        for output, count, trace in zip(outputs, tokens_kept, found, strict=True)
    ]


def write_traces(
    path: Path, traces: Iterable[Traced], inputs: Mapping[str, Any] | None = None, *, overwrite: bool
) -> int:
    """Writes Parquet, a row a token, and its seal beside it; returns how many documents there were.

    ``dropped`` is the first layer whose feed-forward it does not pass, null for none; ``scores`` and
    ``thresholds`` have one entry for each layer whose decision it met.

    Args:
        path: The file.
        traces: What :func:`trace_documents` gives.
        inputs: Hash of the model and fingerprint of the data, for the seal.
        overwrite: Whether the file may be replaced.

    Raises:
        OutputError: Where it exists and ``overwrite`` is off, or the disk refuses.
    """
    count = 0
    unseal_file(check_output(path, overwrite=overwrite))
    with atomic_path(path, overwrite=overwrite) as temporary, pq.ParquetWriter(temporary, _TABLE) as writer:
        for count, one in enumerate(traces, start=1):  # noqa: B007  (how many, in the end)
            writer.write_table(_rows(one))
    seal_file(path, KIND, inputs)
    return count


def _rows(one: Traced) -> pa.Table:
    way, n = one.way, len(one.tokens)
    met = [min(int(left) + 1, way.layers) for left in way.dropped]
    columns = {
        "id": [one.document.id] * n,
        "docid": [one.document.docid] * n,
        "position": list(range(n)),
        "token": list(one.tokens),
        "word": one.word.tolist(),
        "dropped": _dropped(way),
        "scores": [way.scores[: met[i], i].tolist() for i in range(n)],
        "thresholds": [way.thresholds[: met[i]].tolist() for i in range(n)],
    }
    return pa.table(columns, schema=_TABLE)


def _dropped(way: DropTrace) -> list[int | None]:
    return [None if layer == way.layers else int(layer) for layer in way.dropped]
