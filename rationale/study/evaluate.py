"""What dropping costs and saves: metric, FLOPs, tokens alive, and time against the same model undropped."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tqdm.auto import tqdm

from rationale.agreement.statistics import bootstrap_intervals, number_or_none
from rationale.corpus.document import Documents
from rationale.dropping.encoder import Dropping
from rationale.dropping.flops import Costs, speedup
from rationale.dropping.run import hard
from rationale.encoder.attention import plain
from rationale.encoder.loading import Classifier, finite
from rationale.errors import DataError, ModelError
from rationale.scores.backoff import in_batches
from rationale.tokens import Packed, Window, Windower, buckets, pack_windows

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class _Outcome:
    probabilities: npt.NDArray[np.float64]
    alive: npt.NDArray[np.int64]


def dropping_of(classifier: Classifier) -> Dropping:
    """The classifier's encoder, where it drops tokens.

    Raises:
        ModelError: Where it does not.
    """
    encoder = classifier.encoder
    if not isinstance(encoder, Dropping):
        raise ModelError(
            "this model drops no tokens",
            where=classifier.identity["name"],
            remedy="Pass the folder that `rationale train adapler` wrote.",
        )
    return encoder


def evaluate(
    classifier: Classifier,
    documents: Documents,
    *,
    batch_sizes: Sequence[int] = (1, 32),
    timed: int = 200,
    rounds: int = 3,
    seed: int = 0,
    progress: bool = True,
) -> dict[str, Any]:
    """Runs hard over the first window of every document.

    Args:
        classifier: A dropping model.
        documents: Labelled documents.
        batch_sizes: At which to measure the time against the undropped model, in the same run, on the same
            length-bucketed unpadded batches.
        timed: Documents to measure with: the first so many; 0 measures none.
        rounds: How often; the two take turns, and the median ratio counts.
        seed: Of the bootstrap.
        progress: Whether a terminal shows a bar.

    Returns:
        ``metrics`` (accuracy, macro_f1, mcc; accuracy with ``low`` and ``high``), ``flops_speedup``,
        ``measured_speedup`` by batch size with the smallest and largest round, ``alive`` (for each layer
        mean, share of the input and quantiles), ``n``, ``predictions`` (id, docid, label, probabilities,
        tokens alive), and ``recipe``.

    Raises:
        ModelError: Where the model drops no tokens or yields NaN.
        DataError: On a document without a label that the model knows.
    """
    encoder = dropping_of(classifier)
    gold = [_gold(classifier, documents, document.label, document.id) for document in documents]
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    bar = tqdm(documents, desc="tokenize", unit="document", leave=False, disable=None if progress else True)
    windows = [windower(document).windows[0] for document in bar]
    outcomes = _outcomes(classifier, encoder, windows)
    alive = np.stack([outcome.alive for outcome in outcomes], axis=1)
    lengths = np.array([len(window.ids) for window in windows])
    costs = Costs.of(encoder.inner, encoder.system)
    few = windows[:timed]
    return {
        "metrics": _metrics(np.array(gold), outcomes, seed),
        "flops_speedup": speedup(costs.plain(lengths, encoder.layers), costs.dropped(alive, lengths)),
        "measured_speedup": {
            str(size): _measured(encoder, few, size, rounds, progress=progress) for size in batch_sizes if few
        },
        "alive": [_layer(one, lengths) for one in alive],
        "n": len(documents),
        "predictions": [
            {
                "id": d.id,
                "docid": d.docid,
                "label": d.label,
                "probabilities": [round(float(p), 6) for p in outcome.probabilities],
                "alive": [len(window.ids), *outcome.alive.tolist()],
            }
            for d, outcome, window in zip(documents, outcomes, windows, strict=True)
        ],
        "recipe": {
            "model": classifier.identity,
            "labels": list(classifier.labels),
            "data": {
                "source": documents.source,
                "split": documents.split,
                "fingerprint": documents.fingerprint,
            },
            "protocol": "truncate",
            "device": classifier.device.type,
            "threads": torch.get_num_threads(),
            "timed": len(few),
            "rounds": rounds,
        },
    }


def _gold(classifier: Classifier, documents: Documents, label: str | None, name: str) -> int:
    if label not in classifier.labels:
        raise DataError(
            f"document {name!r} has the label {label!r}, the model knows {', '.join(classifier.labels)}",
            where=documents.source,
            remedy="Evaluate on documents labelled as in training.",
        )
    return classifier.labels.index(label)


def _outcomes(classifier: Classifier, encoder: Dropping, windows: Sequence[Window]) -> list[_Outcome]:
    def batch(places: list[int]) -> list[_Outcome]:
        with torch.no_grad():
            run = hard(
                encoder.inner, encoder.system, pack_windows([windows[i] for i in places], classifier.device)
            )
        logits = finite(run.logits, classifier.identity["name"])
        chances, alive = classifier.probabilities(logits).cpu().numpy(), run.alive.cpu().numpy()
        return [_Outcome(chances[i], alive[:, i]) for i in range(len(places))]

    return in_batches([len(w.ids) for w in windows], 32, batch)


def _metrics(gold: npt.NDArray[np.int64], outcomes: Sequence[_Outcome], seed: int) -> dict[str, float | None]:
    from sklearn.metrics import f1_score, matthews_corrcoef  # seconds that `--help` need not pay

    predicted = np.array([int(outcome.probabilities.argmax()) for outcome in outcomes])
    right = (predicted == gold).astype(np.float64)
    low, high = bootstrap_intervals(right[None, None], resamples=1000, seed=seed, confidence=0.95)
    return {
        "accuracy": float(right.mean()),
        "low": number_or_none(low[0]),
        "high": number_or_none(high[0]),
        "macro_f1": float(f1_score(gold, predicted, average="macro", zero_division=0.0)),
        "mcc": float(matthews_corrcoef(gold, predicted)),
    }


def _layer(alive: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> dict[str, Any]:
    return {
        "mean": float(alive.mean()),
        "share": float(alive.sum() / lengths.sum()),
        "quantiles": dict(zip(map(str, QUANTILES), np.quantile(alive, QUANTILES).tolist(), strict=True)),
    }


def _measured(
    encoder: Dropping, windows: Sequence[Window], size: int, rounds: int, *, progress: bool
) -> dict[str, float]:
    """Time of the undropped model divided by that of the dropping one: median, smallest, largest round."""
    device = next(encoder.model.parameters()).device
    batches = [
        pack_windows([windows[i] for i in places], device)
        for places in buckets([len(w.ids) for w in windows], size)
    ]
    ways = (
        lambda batch: encoder.inner.forward(batch, plain),
        lambda batch: hard(encoder.inner, encoder.system, batch),
    )
    ratios = []
    quiet = None if progress else True
    for _ in tqdm(range(rounds), desc=f"timing batches of {size}", leave=False, disable=quiet):
        undropped, dropped = (_seconds(way, batches) for way in ways)
        ratios.append(undropped / dropped)
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def _seconds(way: Callable[[Packed], object], batches: Sequence[Packed]) -> float:
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in _fresh(batches):
            way(batch)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _fresh(batches: Sequence[Packed]) -> Iterator[Packed]:
    """Each batch without what an earlier run has cached on it."""
    for batch in batches:
        yield Packed(batch.ids, batch.types, batch.positions, batch.lengths)
