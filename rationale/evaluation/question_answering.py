"""What dropping costs and saves where questions are answered: exact match and F1 over whole documents."""

from __future__ import annotations

from functools import partial

import numpy as np

from rationale.arrays import Array, Float64, Int64
from rationale.artifacts.record import Json
from rationale.corpus.document import Documents
from rationale.evaluation.result import Prediction
from rationale.loading.classifier import Classifier
from rationale.metrics.question_answering import exact_match, f1
from rationale.metrics.statistics import bootstrap_intervals
from rationale.tokens import Packed, run_windows
from rationale.training.answering import QuestionWindows, answers, ask, references

_BATCH = 32
_RESAMPLES = 1000


def answered(
    classifier: Classifier, documents: Documents, *, seed: int = 0
) -> tuple[Json, tuple[Prediction, ...], Int64, Int64]:
    """Answers every question from all windows of its paragraph.

    Args:
        classifier: A model that answers.
        documents: Questions over paragraphs.
        seed: Number of bootstrap resamples.

    Returns:
        ``metrics``: f1 with ``low`` and ``high``, exact_match, f1 of the questions that have an answer and
        of those that have none, n; the predictions; of all windows the tokens
        tokens_kept, int64 (L, W), and at the start, int64 (W,).
    """
    rows = ask(classifier.tokenizer, documents, classifier.max_length)
    logits, tokens_kept = _run(classifier, rows)
    said = answers(rows, logits)
    golds = [references(document) for document in documents]
    values = np.array(
        [[f1(gold, one), exact_match(gold, one)] for gold, one in zip(golds, said, strict=True)]
    )
    predictions = tuple(
        Prediction(id=d.id, docid=d.docid, label=d.label, answer=one, f1=float(f), exact_match=float(e))
        for d, one, (f, e) in zip(documents, said, values, strict=True)
    )
    there = np.array([bool(gold) for gold in golds])
    metrics = {
        "f1": float(values[:, 0].mean()),
        "exact_match": float(values[:, 1].mean()),
        **_ends(values[:, 0], seed),
        "HasAns_f1": _mean(values[there, 0]),
        "NoAns_f1": _mean(values[~there, 0]),
        "n": len(documents),
    }
    return metrics, predictions, tokens_kept, np.array(rows.lengths, np.int64)


def _run(classifier: Classifier, rows: QuestionWindows) -> tuple[list[Array], Int64]:
    """Logits (n, 2) of each window, and tokens kept (L, W)."""
    run = partial(_pointed, classifier, rows)
    found = list(run_windows(rows.windows, _BATCH, run, device=classifier.device))
    return [logits for logits, _ in found], np.stack([tokens_kept for _, tokens_kept in found], axis=1)


def _pointed(
    classifier: Classifier, rows: QuestionWindows, packed: Packed, places: list[int]
) -> list[tuple[Array, Int64]]:
    run = classifier.hard(packed)
    said = classifier.finite(run.logits).float().cpu().numpy()
    parts = [one[: rows.lengths[i]] for one, i in zip(said, places, strict=True)]
    return list(zip(parts, run.tokens_kept.cpu().numpy().T, strict=True))


def _ends(values: Float64, seed: int) -> dict[str, float]:
    if len(values) < 2:
        return {"low": float(values.mean()), "high": float(values.mean())}
    low, high = bootstrap_intervals(values[None, None], resamples=_RESAMPLES, seed=seed)
    return {"low": float(low[0]), "high": float(high[0])}


def _mean(values: Float64) -> float | None:
    return float(values.mean()) if len(values) else None
