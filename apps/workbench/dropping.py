"""Shows what a token-dropping model does to one document: kept, dropped here, dropped before, by layer."""

from __future__ import annotations

import numpy as np

from rationale.agreement import metrics, selection
from rationale.agreement.measure import Measured, Place
from rationale.arrays import Bool, Float32, Int8
from rationale.corpus.document import Document
from rationale.scores.methods import reads_decisions
from rationale.scores.scored import KEPT, ScoredDocument
from workbench.panels import CHOSEN, DROPPED_BEFORE, DROPPED_HERE, REST, Layered, Numbers

RANKING = tuple(name for name, metric in metrics.items() if metric.source == "ranking")
SELECTED = tuple(name for name, metric in metrics.items() if metric.source == "selection")


def drops(method: str, scored: ScoredDocument) -> bool:
    """Whether the scores are a dropping model's own, and it is known which token was dropped where."""
    return reads_decisions(method) and scored.kept is not None


def dropped(
    document: Document,
    scored: ScoredDocument,
    method: str,
    title: str,
    decision_point: str | None,
    measured: Measured | None,
) -> Layered:
    """Shows a method on one document, with every word marked by what the model did with it.

    Args:
        document: The document.
        scored: Its scores, which say which tokens were kept.
        method: A method for which :func:`rationale.scores.methods.reads_decisions` is true.
        title: Its title on the page.
        decision_point: Where the policy decides; None if scores of an earlier version do not say.
        measured: Every metric of this document; None if it has no annotation.
    """
    layers = scored.layers[method]
    kept = np.zeros(0, dtype=np.bool_) if scored.kept is None else scored.kept
    compared, thresholds = scored.policy_scores, scored.policy_thresholds
    known = measured is not None
    return Layered(
        method=method,
        title=title,
        marks=_marks(scored),
        tokens=kept[list(layers)],
        thresholds=None if thresholds is None else _token_thresholds(scored, thresholds)[list(layers)],
        compared=None if compared is None else compared[list(layers)],
        numbers=[_numbers(measured, document, scored, method, layer) for layer in layers] if known else (),
        token_precision=[token_precision(document, scored, kept[layer]) for layer in layers],
        kept=KEPT,
        parts=scored.partly_kept_words[list(layers)],
        rule="the tokens that the model keeps in this layer",
        decision_point=decision_point,
    )


def _token_thresholds(scored: ScoredDocument, thresholds: Float32) -> Float32:
    """Returns each token's threshold, float32 (L, T); NaN after the token was dropped."""
    undecided = scored.policy_scores is None or np.isnan(scored.policy_scores)
    return np.where(undecided, np.float32(np.nan), thresholds[:, scored.token_window])


def token_precision(document: Document, scored: ScoredDocument, tokens: Bool) -> float | None:
    """Returns the share of the selected tokens that belong to a rationale word; None if none is selected.

    Args:
        document: The document.
        scored: Its scores.
        tokens: bool (T,), selected or not; special tokens and the query are not counted.
    """
    chosen = scored.token_word[tokens & (scored.token_word >= 0)]
    return float(document.rationale[chosen].mean()) if chosen.size else None


def _numbers(
    measured: Measured | None, document: Document, scored: ScoredDocument, method: str, layer: int
) -> Numbers:
    """Computes ranking metrics from the method's scores, others from the kept words; None if undefined."""
    values: dict[str, float | None] = {}
    for name in RANKING:
        parts = None if measured is None else measured.parts.get(Place(method, layer, name, None))
        values[name] = None if parts is None else _number(metrics.get(name).of_means(parts)[0])
    covered = scored.covered
    truth = document.rationale[covered]
    words = selection(scored.kept_words[layer, covered], truth, np.array([0, truth.size]))
    for name in SELECTED:
        entry = metrics.get(name)
        values[name] = _number(entry.of_means(entry.parts(words))[0, 0])
    return values


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _marks(scored: ScoredDocument) -> Int8:
    """Marks each word, int8 (L, W); a word is kept as long as one of its tokens is."""
    kept = scored.kept_words
    before = np.concatenate([np.ones_like(kept[:1]), kept[:-1]])
    marks = np.where(kept, CHOSEN, np.where(before, DROPPED_HERE, DROPPED_BEFORE)).astype(np.int8)
    marks[:, ~scored.covered] = REST
    return marks
