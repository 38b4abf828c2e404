"""What dropping costs and saves: metrics, FLOPs, tokens kept, and time against the same model undropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from tqdm.auto import tqdm

from rationale.arrays import Float64, Int64
from rationale.artifacts.record import Json
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
from rationale.metrics.classification import classification
from rationale.metrics.regression import regression_metrics
from rationale.metrics.task import interval
from rationale.tokens import Window, Windower, Windows, buckets, pack_windows, run_windows
from rationale.tokens.alignment import any_to_words

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BATCH = 32


@dataclass(frozen=True)
class Timing:
    """What to time.

    Attributes:
        documents: The first so many; 0 times none.
        rounds: How often; the median counts.
        batch_sizes: Each is timed.
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
) -> Evaluation:
    """Runs the model over the first window of every document; where it drops tokens, it drops them for real.

    Costs, traces and survival are read off that one pass.

    A model that answers questions reads all windows; its figures are those of :func:`answered`.

    Args:
        classifier: A dropping model, or a plain one: all its tokens are kept and its speedup is 1.
        documents: Labelled documents.
        timing: What to time: a dropping model against itself undropped, in turn, on the same
            length-bucketed unpadded batches. None: 200 documents three times, in batches of 1 and of 32.
        seed: Number of bootstrap resamples.
        progress: Whether a terminal shows a bar.
        tell: Is given the trace of each document, in order; a model that answers questions has none.

    Raises:
        ModelError: Where the model yields NaN.
        DataError: On a document without a label that the model knows.
    """
    timing = timing or Timing()
    if classifier.encoder.is_qa:
        return _answered(classifier, documents, timing, seed)
    _check_labels(classifier, documents)
    classifier.check_queries(documents)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    bar = tqdm(documents, desc="tokenize", unit="document", leave=False, disable=None if progress else True)
    read = [windower(document) for document in bar]
    windows = [one.windows[0] for one in read]
    run = partial(run_hard, classifier, traces=tell is not None)
    passed = list(run_windows(windows, _BATCH, run, device=classifier.device))
    probabilities = np.stack([one.outputs for one in passed])
    tokens_kept = np.stack([one.tokens_kept for one in passed], axis=1)
    lengths = np.array([len(window.ids) for window in windows])
    if tell is not None:
        for document, window, one in zip(documents, windows, passed, strict=True):
            if one.trace is not None:
                tell(traced(classifier, document, window, one.outputs, one.trace))
    return Evaluation(
        metrics=_metrics(classifier, documents, probabilities, seed),
        flops_speedup=flops_speedup(classifier, tokens_kept, lengths),
        bit_operations=_bit_operations(classifier, tokens_kept, lengths),
        measured_speedup=_measure(classifier, windows, timing, progress=progress),
        tokens_kept=tuple(_layer(one, lengths) for one in tokens_kept),
        survival=_survival(documents, read, passed, seed),
        n=len(documents),
        predictions=_predictions(classifier, documents, probabilities, np.vstack([lengths, tokens_kept])),
        recipe=_recipe(classifier, documents, timing, "truncate"),
    )


def _answered(classifier: Classifier, documents: Documents, timing: Timing, seed: int) -> Evaluation:
    metrics, predictions, tokens_kept, lengths = answered(classifier, documents, seed=seed)
    return Evaluation(
        metrics=metrics,
        flops_speedup=flops_speedup(classifier, tokens_kept, lengths),
        bit_operations=_bit_operations(classifier, tokens_kept, lengths),
        measured_speedup=time_against_full(classifier, documents, timing),
        tokens_kept=tuple(_layer(one, lengths) for one in tokens_kept),
        n=len(documents),
        predictions=predictions,
        recipe=_recipe(classifier, documents, timing, "document"),
    )


def time_against_full(
    classifier: Classifier, documents: Documents, timing: Timing, *, progress: bool = True
) -> dict[str, Speedup]:
    """Times a dropping model against itself undropped, in turn, on the same batches; nothing for a plain one.

    Returns:
        By batch size.
    """
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    windows = (windower(document).windows[0] for document in documents)
    return _measure(classifier, windows, timing, progress=progress)


def _measure(
    classifier: Classifier, windows: Iterable[Window], timing: Timing, *, progress: bool
) -> dict[str, Speedup]:
    if not timing.documents or classifier.policy is None:
        return {}
    timed = list(islice(windows, timing.documents))
    return {
        str(size): _measured(classifier, timed, size, timing.rounds, progress=progress)
        for size in timing.batch_sizes
    }


def _metrics(classifier: Classifier, documents: Documents, outputs: Float64, seed: int) -> Json:
    if classifier.regression:
        gold, said = np.array([d.number for d in documents], np.float64), outputs[:, 0]
        low, high = interval("pearson", gold, said, seed=seed)
        return {**regression_metrics(gold, said), "low": low, "high": high, "n": len(gold)}
    predicted = [classifier.labels[i] for i in outputs.argmax(axis=1)]
    return classification([d.label for d in documents], predicted, classifier.labels, seed=seed)


def _check_labels(classifier: Classifier, documents: Documents) -> None:
    for document in documents:
        if classifier.regression and document.number is None:
            raise DataError(
                f"document {document.id!r} has the label {document.label!r}, the model says numbers",
                where=documents.source,
                remedy="Evaluate on documents labelled with numbers.",
            )
        if not classifier.regression and document.label not in classifier.labels:
            raise DataError(
                f"document {document.id!r} has the label {document.label!r}, "
                f"the model knows {', '.join(classifier.labels)}",
                where=documents.source,
                remedy="Evaluate on documents labelled as in training.",
            )


def _survival(
    documents: Documents, read: Sequence[Windows], passed: Sequence[Passed], seed: int
) -> Survived | None:
    """Which words survive, by kind; nothing where the model keeps all."""
    kept = [
        KeptWords(d, any_to_words(one.kept, own.windows[0].word, len(d.words)), own.covered)
        for d, own, one in zip(documents, read, passed, strict=True)
        if one.kept is not None
    ]
    if not kept:
        return None
    found = survival_of(kept, len(kept[0].kept), seed=seed)
    return Survived(found.kinds, found.annotated, tuple(len(keys) for keys in found.lost))


def flops_speedup(classifier: Classifier, tokens_kept: Int64, lengths: Int64) -> float:
    """By how many times fewer operations there are than undropped, without padding; 1 for a plain model.

    Args:
        classifier: What was run.
        tokens_kept: int64 (L, D), tokens of each input that pass each layer.
        lengths: int64 (D,), tokens of each input.
    """
    if classifier.policy is None:
        return 1.0
    costs = Costs.of(classifier.encoder, classifier.policy)
    return speedup(costs.plain(lengths, classifier.encoder.layers), costs.dropped(tokens_kept, lengths))


def _bit_operations(classifier: Classifier, tokens_kept: Int64, lengths: Int64) -> BitOperations:
    encoder, policy = classifier.encoder, classifier.policy
    bits = (None if policy is None else classifier.model.config.bits) or 16
    decision_point = "layer" if policy is None else policy.decision_point
    whole = np.broadcast_to(lengths, tokens_kept.shape)
    plain, own = (
        bit_operations(encoder, whole, lengths),
        bit_operations(encoder, tokens_kept, lengths, bits=bits, decision_point=decision_point),
    )
    return BitOperations(bits, float(plain.sum() / own.sum()))


def _measured(
    classifier: Classifier, windows: Sequence[Window], size: int, rounds: int, *, progress: bool
) -> Speedup:
    """Time of the undropped model divided by that of the dropping one."""
    places = buckets([len(w.ids) for w in windows], size)
    batches = [pack_windows([windows[i] for i in some], classifier.device) for some in places]
    title = f"timing batches of {size}"
    plain = partial(run_full, classifier.encoder)
    found = ratios(plain, classifier.hard, batches, rounds, title=title, progress=progress)
    seconds, plain_seconds = found.pop("other_seconds"), found.pop("one_seconds")
    return Speedup(**found, per_second=len(windows) / seconds, plain_per_second=len(windows) / plain_seconds)


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
            probabilities=None if classifier.regression else tuple(float(f"{p:.9g}") for p in own),
            value=float(own[0]) if classifier.regression else None,
            tokens_kept=tuple(counts.tolist()),
        )  # nine digits: two float32 stay two
        for document, own, counts in zip(documents, outputs, tokens.T, strict=True)
    )


def _recipe(classifier: Classifier, documents: Documents, timing: Timing, protocol: str) -> EvaluatedBy:
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
    )
