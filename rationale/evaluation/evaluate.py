"""Evaluation of a dropping model: metrics, FLOPs, kept tokens, and time against the same model undropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from tqdm.auto import tqdm

from rationale.arrays import Float64, Int64
from rationale.artifacts.record import to_json
from rationale.corpus.document import Documents
from rationale.dropping.flops import Costs, bit_operations, speedup
from rationale.dropping.run import run_full
from rationale.errors import DataError
from rationale.evaluation.question_answering import answered
from rationale.evaluation.result import (
    BitOperations,
    DocumentSource,
    EvaluatedBy,
    Evaluation,
    Prediction,
    Speedup,
    Survived,
    TokensKept,
)
from rationale.evaluation.survival import KeptWords, survival_of
from rationale.evaluation.timing import ratios
from rationale.evaluation.traces import Passed, Traced, run_hard, traced
from rationale.loading.classifier import Classifier
from rationale.loading.labels import spelled_as
from rationale.metrics.classification import classification
from rationale.metrics.regression import regression_metrics
from rationale.metrics.task import interval
from rationale.strict_json import Json
from rationale.tokens import Window, Windower, Windows, buckets, pack_windows, run_windows
from rationale.tokens.alignment import any_to_words

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BATCH = 32


@dataclass(frozen=True)
class Timing:
    """The settings of the timing.

    Attributes:
        documents: Number of documents to time, from the first; 0 times none.
        rounds: Number of repeats; the median is reported.
        batch_sizes: The batch sizes to time.
    """

    documents: int = 200
    rounds: int = 3
    batch_sizes: tuple[int, ...] = (1, 32)


def evaluate(
    classifier: Classifier,
    documents: Documents,
    timing: Timing | None = None,
    *,
    seed: int = 0,
    progress: bool = True,
    tell: Callable[[Traced], object] | None = None,
    command: str | None = None,
) -> Evaluation:
    """Runs the model on the first window of every document, with hard dropping.

    FLOPs, traces and survival come from the same pass. A question-answering model reads all windows; see
    :func:`answered`.

    Args:
        classifier: A dropping model, or a plain one, which keeps all tokens and has speedup 1.
        documents: Labelled documents.
        timing: The settings of the timing: a dropping model and itself undropped take turns on the same
            length-bucketed unpadded batches. None: 200 documents, three repeats, batches of 1 and of 32.
        seed: Random seed of the bootstrap.
        progress: Whether a terminal shows a bar.
        tell: Called with the trace of each document, in order; not called for question answering.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        ModelError: Where the model yields NaN.
        DataError: On a document without a label that the model knows.
    """
    timing = timing or Timing()
    if classifier.encoder.is_qa:
        return _evaluate_qa(classifier, documents, timing, seed, command)
    _check_labels(classifier, documents)
    classifier.check_queries(documents)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    bar = tqdm(documents, desc="tokenize", unit="document", leave=False, disable=None if progress else True)
    encoded = [windower(document) for document in bar]
    windows = [document_windows.windows[0] for document_windows in encoded]
    run = partial(run_hard, classifier, traces=tell is not None)
    results = list(run_windows(windows, _BATCH, run, device=classifier.device))
    probabilities = np.stack([result.outputs for result in results])
    tokens_kept = np.stack([result.tokens_kept for result in results], axis=1)
    lengths = np.array([len(window.ids) for window in windows])
    if tell is not None:
        for document, window, result in zip(documents, windows, results, strict=True):
            if result.trace is not None:
                tell(traced(classifier, document, window, result.outputs, result.trace))
    return Evaluation(
        metrics=_metrics(classifier, documents, probabilities, seed),
        flops_speedup=flops_speedup(classifier, tokens_kept, lengths),
        bit_operations=_bit_operations(classifier, tokens_kept, lengths),
        measured_speedup=_time_batches(classifier, windows, timing, progress=progress),
        tokens_kept=tuple(_layer(kept, lengths) for kept in tokens_kept),
        survival=_survival(documents, encoded, results, seed),
        n=len(documents),
        predictions=_predictions(classifier, documents, probabilities, np.vstack([lengths, tokens_kept])),
        recipe=_provenance(classifier, documents, timing, "truncate", command),
    )


def _evaluate_qa(
    classifier: Classifier, documents: Documents, timing: Timing, seed: int, command: str | None
) -> Evaluation:
    metrics, predictions, tokens_kept, lengths = answered(classifier, documents, seed=seed)
    return Evaluation(
        metrics=metrics,
        flops_speedup=flops_speedup(classifier, tokens_kept, lengths),
        bit_operations=_bit_operations(classifier, tokens_kept, lengths),
        measured_speedup=time_against_full(classifier, documents, timing),
        tokens_kept=tuple(_layer(kept, lengths) for kept in tokens_kept),
        n=len(documents),
        predictions=predictions,
        recipe=_provenance(classifier, documents, timing, "document", command),
    )


def time_against_full(
    classifier: Classifier, documents: Documents, timing: Timing, *, progress: bool = True
) -> dict[str, Speedup]:
    """Times a dropping model and itself undropped, in turn, on the same batches.

    Returns:
        The speedup by batch size; empty for a plain model.
    """
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    windows = (windower(document).windows[0] for document in documents)
    return _time_batches(classifier, windows, timing, progress=progress)


def _time_batches(
    classifier: Classifier, windows: Iterable[Window], timing: Timing, *, progress: bool
) -> dict[str, Speedup]:
    if not timing.documents or classifier.policy is None:
        return {}
    timed = list(islice(windows, timing.documents))
    return {
        str(size): _speedup(classifier, timed, size, timing.rounds, progress=progress)
        for size in timing.batch_sizes
    }


def _metrics(classifier: Classifier, documents: Documents, outputs: Float64, seed: int) -> Json:
    if classifier.regression:
        gold, predictions = np.array([d.number for d in documents], np.float64), outputs[:, 0]
        low, high = interval("pearson", gold, predictions, seed=seed)
        return {**regression_metrics(gold, predictions), "low": low, "high": high, "n": len(gold)}
    predicted = [classifier.labels[i] for i in outputs.argmax(axis=1)]
    return to_json(classification([d.label for d in documents], predicted, classifier.labels, seed=seed))


def _check_labels(classifier: Classifier, documents: Documents) -> None:
    for document in documents:
        if classifier.regression and document.number is None:
            raise DataError(
                f"document {document.id!r} has the label {document.label!r}, the model predicts numbers",
                where=documents.source,
                remedy="Evaluate on documents labelled with numbers.",
            )
        if not classifier.regression and document.label not in classifier.labels:
            only_case = document.label in spelled_as(documents.labels, classifier.labels)
            raise DataError(
                f"document {document.id!r} has the label {document.label!r}, "
                f"the model knows {', '.join(classifier.labels)}"
                + (": only upper and lower case differ" if only_case else ""),
                where=documents.source,
                remedy="Evaluate on documents labelled as in training.",
            )


def _survival(
    documents: Documents, encoded: Sequence[Windows], results: Sequence[Passed], seed: int
) -> Survived | None:
    """The survival of words by kind; None for a model that keeps all."""
    kept = [
        KeptWords(
            document, any_to_words(result.kept, windows.windows[0].word, len(document.words)), windows.covered
        )
        for document, windows, result in zip(documents, encoded, results, strict=True)
        if result.kept is not None
    ]
    if not kept:
        return None
    survival = survival_of(kept, len(kept[0].kept), seed=seed)
    return Survived(survival.kinds, survival.annotated, tuple(len(keys) for keys in survival.lost))


def flops_speedup(classifier: Classifier, tokens_kept: Int64, lengths: Int64) -> float:
    """FLOPs of the undropped model over FLOPs with dropping, without padding; 1 for a plain model.

    Args:
        classifier: The model.
        tokens_kept: Int64 (L, D), number of tokens of each input that each layer keeps.
        lengths: Int64 (D,), number of tokens of each input.
    """
    if classifier.policy is None:
        return 1.0
    costs = Costs.of(classifier.encoder, classifier.policy)
    return speedup(costs.plain(lengths, classifier.encoder.layers), costs.dropped(tokens_kept, lengths))


def _bit_operations(classifier: Classifier, tokens_kept: Int64, lengths: Int64) -> BitOperations:
    encoder, policy = classifier.encoder, classifier.policy
    bits = (None if policy is None else classifier.model.config.bits) or 16
    decision_point = "layer" if policy is None else policy.decision_point
    undropped = np.broadcast_to(lengths, tokens_kept.shape)
    plain, dropped = (
        bit_operations(encoder, undropped, lengths),
        bit_operations(encoder, tokens_kept, lengths, bits=bits, decision_point=decision_point),
    )
    return BitOperations(bits, float(plain.sum() / dropped.sum()))


def _speedup(
    classifier: Classifier, windows: Sequence[Window], size: int, rounds: int, *, progress: bool
) -> Speedup:
    """The time of the undropped model over that of the dropping model."""
    groups = buckets([len(window.ids) for window in windows], size)
    batches = [pack_windows([windows[i] for i in group], classifier.device) for group in groups]
    title = f"timing batches of {size}"
    full = partial(run_full, classifier.encoder)
    ratio = ratios(full, classifier.hard, batches, rounds, title=title, progress=progress)
    seconds, plain_seconds = ratio.pop("candidate_seconds"), ratio.pop("baseline_seconds")
    return Speedup(**ratio, per_second=len(windows) / seconds, plain_per_second=len(windows) / plain_seconds)


def _layer(tokens_kept: Int64, lengths: Int64) -> TokensKept:
    quantiles = dict(zip(map(str, QUANTILES), np.quantile(tokens_kept, QUANTILES).tolist(), strict=True))
    return TokensKept(float(tokens_kept.mean()), float(tokens_kept.sum() / lengths.sum()), quantiles)


def _predictions(
    classifier: Classifier, documents: Documents, outputs: Float64, tokens: Int64
) -> tuple[Prediction, ...]:
    return tuple(
        Prediction(
            id=document.id,
            docid=document.docid,
            label=document.label,
            probabilities=None if classifier.regression else tuple(float(f"{p:.9g}") for p in output),
            value=float(output[0]) if classifier.regression else None,
            tokens_kept=tuple(counts.tolist()),
        )  # nine digits distinguish any two float32
        for document, output, counts in zip(documents, outputs, tokens.T, strict=True)
    )


def _provenance(
    classifier: Classifier, documents: Documents, timing: Timing, protocol: str, command: str | None
) -> EvaluatedBy:
    timed = classifier.policy is not None
    return EvaluatedBy(
        model=classifier.identity,
        labels=tuple(classifier.labels),
        data=DocumentSource(documents.source, documents.split, documents.fingerprint),
        protocol=protocol,
        device=classifier.device.type,
        threads=torch.get_num_threads(),
        timed=min(timing.documents, len(documents)) if timed else 0,
        rounds=timing.rounds,
        command=command,
    )
