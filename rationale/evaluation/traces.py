"""Traces of a dropping model: the layer at which each token is dropped, in memory and as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rationale.arrays import Bool, Float64, Int32, Int64
from rationale.artifacts.artifact import Artifact
from rationale.artifacts.table import TableArtifact
from rationale.corpus.document import Document, Documents
from rationale.dropping.trace import DropTrace
from rationale.loading.classifier import Classifier
from rationale.strict_json import Json
from rationale.tokens import Packed, Window, Windower, run_windows

TRACES = Artifact("traces", Json)  # type: ignore[type-abstract]
_TRACE_TABLES = TableArtifact(TRACES.kind)
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
    """The result of one window.

    Attributes:
        outputs: Float64 (C,), probabilities, or the number in regression.
        tokens_kept: Int64 (L,), number of tokens that each layer keeps.
        kept: Bool (L, n), whether each layer keeps each token; None for a model that keeps all.
        trace: The dropped tokens with their scores and thresholds; None for a plain model or where not
            requested.
    """

    outputs: Float64
    tokens_kept: Int64
    kept: Bool | None
    trace: DropTrace | None


@dataclass(frozen=True)
class Traced:
    """The trace of one document.

    Attributes:
        document: The document.
        predicted: The predicted class.
        probabilities: Class probabilities, float64 (C,).
        tokens: The tokens of the first window, as the tokenizer writes them.
        word: Int32 (n,), the word index of each token, -1 for special tokens and the query.
        way: The layer at which each token is dropped.
    """

    document: Document
    predicted: str
    probabilities: Float64
    tokens: tuple[str, ...]
    word: Int32
    way: DropTrace

    @property
    def content(self) -> Json:
        """The trace as JSON; ``dropped`` is the first layer whose feed-forward a token skips, else null."""
        trace = self.way
        return {
            "id": self.document.id,
            "docid": self.document.docid,
            "predicted": self.predicted,
            "probabilities": self.probabilities.tolist(),
            "tokens": list(self.tokens),
            "word": self.word.tolist(),
            "dropped": _dropped(trace),
            "scores": [[None if np.isnan(s) else float(s) for s in row] for row in trace.scores],
            "thresholds": [None if np.isnan(t) else float(t) for t in trace.thresholds],
            "decides": trace.decision_point,
            "tokens_kept": trace.lengths.tolist(),
        }


def trace_documents(
    classifier: Classifier, documents: Documents, *, progress: bool = True
) -> Iterator[Traced]:
    """Traces the first window of every document, in order, with hard dropping.

    Raises:
        ModelError: Where the model drops no tokens or yields NaN.
        DataError: Where a query leaves no room for words.
    """
    classifier.required_policy()
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    windows = [windower(document).windows[0] for document in documents]
    title, run = "trace" if progress else None, partial(run_hard, classifier, traces=True)
    results = run_windows(windows, _BATCH, run, device=classifier.device, part=_PART, title=title)
    for document, window, result in zip(documents, windows, results, strict=True):
        if result.trace is not None:
            yield traced(classifier, document, window, result.outputs, result.trace)


def traced(
    classifier: Classifier,
    document: Document,
    window: Window,
    outputs: Float64,
    trace: DropTrace,
) -> Traced:
    """Builds the trace of one document from the result of its window."""
    tokens = tuple(classifier.tokenizer.convert_ids_to_tokens(window.ids.tolist()))
    return Traced(document, classifier.labels[int(outputs.argmax())], outputs, tokens, window.word, trace)


def run_hard(classifier: Classifier, packed: Packed, indices: list[int], *, traces: bool) -> list[Passed]:
    """Runs a batch of windows with hard dropping; keeps full traces only with ``traces``."""
    del indices
    run = classifier.hard(packed)
    outputs = classifier.probabilities(classifier.finite(run.logits)).cpu().numpy()
    tokens_kept = run.tokens_kept.cpu().numpy().T
    drop_traces: Sequence[DropTrace | None] = run.traces() or [None] * len(outputs)
    return [
        Passed(output, count, None if trace is None else trace.kept, trace if traces else None)
        for output, count, trace in zip(outputs, tokens_kept, drop_traces, strict=True)
    ]


def write_traces(
    path: Path,
    traces: Iterable[Traced],
    inputs: Mapping[str, str | None] | None = None,
    *,
    overwrite: bool,
    command: str | None = None,
) -> int:
    """Writes traces to Parquet, one row per token, with a seal beside it; returns the number of documents.

    ``dropped`` is the first layer whose feed-forward the token skips, null for none; ``scores`` and
    ``thresholds`` have one entry per layer that decided about the token.

    Args:
        path: The file.
        traces: The traces of :func:`trace_documents`.
        inputs: Hash of the model and fingerprint of the data, for the seal.
        overwrite: Whether to replace an existing file.
        command: The command that was typed, as shell text, for the metadata of the file's schema.

    Raises:
        OutputError: Where the file exists and ``overwrite`` is off, or the disk refuses.
    """
    count, schema = 0, _TABLE if command is None else _TABLE.with_metadata({"command": command})
    traced = _TRACE_TABLES.writing(path, inputs, overwrite=overwrite)
    with traced as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for count, trace in enumerate(traces, start=1):  # noqa: B007 - the last count is returned
            writer.write_table(_rows(trace))
    return count


def _rows(traced: Traced) -> pa.Table:
    trace, n = traced.way, len(traced.tokens)
    decisions = [min(int(dropped) + 1, trace.layers) for dropped in trace.dropped]
    columns = {
        "id": [traced.document.id] * n,
        "docid": [traced.document.docid] * n,
        "position": list(range(n)),
        "token": list(traced.tokens),
        "word": traced.word.tolist(),
        "dropped": _dropped(trace),
        "scores": [trace.scores[: decisions[i], i].tolist() for i in range(n)],
        "thresholds": [trace.thresholds[: decisions[i]].tolist() for i in range(n)],
    }
    return pa.table(columns, schema=_TABLE)


def _dropped(trace: DropTrace) -> list[int | None]:
    return [None if layer == trace.layers else int(layer) for layer in trace.dropped]
