"""Means of the cells over seeds and documents, intervals over documents, and the verdict on each method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rationale.arrays import Bool, Float64
from rationale.loading.classifier import Classifier
from rationale.metrics.statistics import bootstrap_intervals, number_or_none, summarise
from rationale.study.sanity.cells import Cell
from rationale.study.sanity.parts import Part
from rationale.study.sanity.result import (
    HIGH,
    Mean,
    Outcome,
    RandomOrder,
    Sanity,
    SanityProvenance,
    SanitySettings,
    Similarity,
)
from rationale.study.sanity.similarity import Words, best_count, mean_over, random_overlap, rank_correlation


def summarise_cells(
    cells: Sequence[Cell],
    original: Sequence[Words],
    classifier: Classifier,
    parts: Sequence[Part],
    recipe: SanityProvenance,
) -> Sanity:
    """Summarises all cells of a check.

    Args:
        cells: The cells, seed by seed and step by step.
        original: The words of each document with the scores of the original model.
        classifier: The model.
        parts: The part that each step re-draws.
        recipe: The provenance of the check.
    """
    settings = recipe.sanity
    applies = _applies(classifier, parts, settings)
    values = [_by_document(cells, name, len(parts)) for name in ("spearman", "iou")]
    spearman, iou = (_means(each, applies, recipe.seed or 0, settings.resamples) for each in values)
    n = summarise(values[0][None])[1].reshape(applies.shape)
    scores = [(one.method, one.layer) for one in cells[0].values]
    similarities = tuple(
        Similarity(
            method=method,
            layer=layer,
            step=step,
            part=part.name,
            applies=bool(applies[step, row]),
            spearman=spearman[step][row],
            iou=iou[step][row],
            n=int(n[step, row]),
        )
        for row, (method, layer) in enumerate(scores)
        for step, part in enumerate(parts)
    )
    sizes = [words.tokens.size for words in original]
    level = np.mean([random_overlap(size, best_count(size, settings.k_share)) for size in sizes])
    return Sanity(
        recipe=recipe,
        documents=len(original),
        random=RandomOrder(0.0, float(level)),
        similarities=similarities,
        outcomes=tuple(_outcome(score, similarities, original, settings) for score in scores),
    )


def _applies(classifier: Classifier, parts: Sequence[Part], settings: SanitySettings) -> Bool:
    """Whether each step re-draws a part that the scores depend on, bool (steps, scores)."""
    decides = np.array(
        [
            [
                part.decides(name, layer, classifier)
                for name, layers in settings.layers.items()
                for layer in layers
            ]
            for part in parts
        ]
    )
    seen: Bool = np.logical_or.accumulate(decides, axis=0) if settings.mode == "cascade" else decides
    return seen


def _by_document(cells: Sequence[Cell], name: str, steps: int) -> Float64:
    """The mean over seeds of each document's value, float64 (steps x scores, D)."""
    values = np.array([[getattr(v, name) for v in cell.values] for cell in cells], dtype=np.float64)
    over_seeds = mean_over(values.reshape(-1, steps, *values.shape[1:]), axis=0)
    return over_seeds.reshape(-1, values.shape[-1])


def _means(values: Float64, applies: Bool, seed: int, resamples: int) -> list[list[Mean]]:
    """The mean of each step and score with its interval, from values (steps x scores, D).

    Where a step does not apply there is no interval.
    """
    low, high = bootstrap_intervals(values[None], resamples=resamples, seed=seed)
    ends = [np.where(applies.ravel(), end, np.nan) for end in (low, high)]
    columns = zip(summarise(values[None])[0], *ends, strict=True)
    means = [Mean(*map(number_or_none, column)) for column in columns]
    width = applies.shape[1]
    return [means[start : start + width] for start in range(0, len(means), width)]


def _outcome(
    score: tuple[str, int],
    similarities: Sequence[Similarity],
    original: Sequence[Words],
    settings: SanitySettings,
) -> Outcome:
    counts = [rank_correlation(words.scores[score], words.tokens) for words in original]
    token_count = number_or_none(float(mean_over(np.array(counts), axis=0)))
    if settings.mode != "cascade":
        return Outcome(*score, token_count, None, None)
    later = [
        one.spearman.value
        for one in similarities
        if (one.method, one.layer) == score and one.step >= settings.half and one.applies
    ]
    remaining = max((value for value in later if value is not None), default=None)
    return Outcome(*score, token_count, remaining, remaining is not None and remaining > HIGH)
