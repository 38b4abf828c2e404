"""Evaluation of question-answering models: exact match and F1 over whole documents."""

from __future__ import annotations

from functools import partial

import numpy as np

from rationale.arrays import Array, Float64, Int64
from rationale.corpus.document import Documents
from rationale.evaluation.result import Prediction
from rationale.loading.classifier import Classifier
from rationale.metrics.question_answering import exact_match, f1
from rationale.metrics.statistics import bootstrap_intervals
from rationale.strict_json import Json
from rationale.tokens import Packed, run_windows
from rationale.training.answering import QuestionWindows, answers, ask, references

_BATCH = 32
_RESAMPLES = 1000


def answered(
    classifier: Classifier, documents: Documents, *, seed: int = 0
) -> tuple[Json, tuple[Prediction, ...], Int64, Int64]:
    """Answers every question from all windows of its paragraph.

    Args:
        classifier: A question-answering model.
        documents: Questions over paragraphs.
        seed: Random seed of the bootstrap.

    Returns:
        The metrics: f1 with ``low`` and ``high``, exact_match, HasAns_f1, NoAns_f1, n; the predictions; the
        number of tokens that each layer keeps of each window, int64 (L, W); and the number of tokens of each
        window, int64 (W,).
    """
    rows = ask(classifier.tokenizer, documents, classifier.max_length)
    logits, tokens_kept = _run(classifier, rows)
    texts = answers(rows, logits)
    gold_answers = [references(document) for document in documents]
    values = np.array(
        [[f1(gold, text), exact_match(gold, text)] for gold, text in zip(gold_answers, texts, strict=True)]
    )
    predictions = tuple(
        Prediction(id=d.id, docid=d.docid, label=d.label, answer=text, f1=float(f), exact_match=float(exact))
        for d, text, (f, exact) in zip(documents, texts, values, strict=True)
    )
    has_answer = np.array([bool(gold) for gold in gold_answers])
    metrics = {
        "f1": float(values[:, 0].mean()),
        "exact_match": float(values[:, 1].mean()),
        **_bounds(values[:, 0], seed),
        "HasAns_f1": _mean(values[has_answer, 0]),
        "NoAns_f1": _mean(values[~has_answer, 0]),
        "n": len(documents),
    }
    return metrics, predictions, tokens_kept, np.array(rows.lengths, np.int64)


def _run(classifier: Classifier, rows: QuestionWindows) -> tuple[list[Array], Int64]:
    """The logits of each window, (n, 2), and the number of kept tokens, (L, W)."""
    run = partial(_logits_and_kept, classifier, rows)
    results = list(run_windows(rows.windows, _BATCH, run, device=classifier.device))
    return [logits for logits, _ in results], np.stack([tokens_kept for _, tokens_kept in results], axis=1)


def _logits_and_kept(
    classifier: Classifier, rows: QuestionWindows, packed: Packed, indices: list[int]
) -> list[tuple[Array, Int64]]:
    run = classifier.hard(packed)
    logits = classifier.finite(run.logits).float().cpu().numpy()
    parts = [window_logits[: rows.lengths[i]] for window_logits, i in zip(logits, indices, strict=True)]
    return list(zip(parts, run.tokens_kept.cpu().numpy().T, strict=True))


def _bounds(values: Float64, seed: int) -> dict[str, float]:
    if len(values) < 2:
        return {"low": float(values.mean()), "high": float(values.mean())}
    low, high = bootstrap_intervals(values[None, None], resamples=_RESAMPLES, seed=seed)
    return {"low": float(low[0]), "high": float(high[0])}


def _mean(values: Float64) -> float | None:
    return float(values.mean()) if len(values) else None
