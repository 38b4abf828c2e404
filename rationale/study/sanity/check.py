"""The randomisation check: scores are computed again while the model's weights are re-drawn part by part."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rationale.arrays import Float32
from rationale.artifacts.record import to_json
from rationale.corpus.document import Documents
from rationale.errors import DataError
from rationale.files import check_output
from rationale.loading.classifier import Classifier
from rationale.metrics.statistics import number_or_none
from rationale.scores.documents import DocumentScorer
from rationale.scores.options import BINS, ScoreOptions
from rationale.scores.recipe import make_recipe, naopc_settings
from rationale.scores.scored import ScoredDocument
from rationale.study.sanity.cells import Cell, CellStore, CellValues, cells_of
from rationale.study.sanity.options import SanityOptions
from rationale.study.sanity.orders import OrderReader, measure_orders, summarise_orders
from rationale.study.sanity.parts import Part, parts_of
from rationale.study.sanity.redraw import Redrawing
from rationale.study.sanity.result import OrderSettings, Sanity, SanitySettings, provenance_of
from rationale.study.sanity.similarity import Words, best_count, overlap, rank_correlation
from rationale.study.sanity.summary import summarise_cells

log = logging.getLogger(__name__)

_LONG = 60.0  # seconds: a longer check is announced

Advance = Callable[[int], object]


def check_sanity(
    classifier: Classifier,
    documents: Documents,
    options: SanityOptions,
    *,
    out: Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
    command: str | None = None,
) -> Sanity:
    """Compares scores of a model with those of the same model with re-drawn weights (Adebayo et al., 2018).

    Every step scores the class that the original model predicts. The classifier is never written to.

    Args:
        classifier: The model.
        documents: The documents; they need no gold rationale.
        options: The caller's choices.
        out: The JSON file to write; finished cells (seed x step) are kept beside it, in ``OUT.unfinished``,
            until the check is finished, so that an interrupted one resumes. None keeps all in memory.
        overwrite: Whether a finished check may be replaced.
        progress: Whether to show a progress bar.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        DataError: Where there are no documents.
        RationaleError: Where a method has no scores to check.
        ModelError: Where a method does not fit the model, or the model yields NaN.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or its cells are of another check.
    """
    if not len(documents):
        raise DataError("there is nothing to score", where=documents.source, remedy="Check --split.")
    if out is not None:
        check_output(out, overwrite=overwrite)
    classifier.check_queries(documents)
    scoring, parts = options.scoring, parts_of(classifier)
    layers = options.layers_of(classifier)
    recipe = provenance_of(
        make_recipe(classifier, documents, scoring, command), _settings(options, parts, layers)
    )
    scorer = _Scorer(documents, scoring, layers)
    targets = scorer.predicted(classifier)
    with nullcontext() if out is None else cells_of(out, to_json(recipe), overwrite=overwrite) as store:
        check = _Check(classifier, scorer, targets, parts, options, store)
        cells, words = check.cells(progress=progress)
        result = summarise_cells(cells, words, classifier, parts, recipe)
        if options.random_orders:
            measured = measure_orders(
                OrderReader(classifier, options), scorer.documents, words, store, progress=progress
            )
            result = replace(result, orders=summarise_orders(measured, recipe))
        if out is not None:
            result.save(out, overwrite=overwrite)
    return result


def _settings(
    options: SanityOptions, parts: Sequence[Part], layers: Mapping[str, tuple[int, ...]]
) -> SanitySettings:
    numbers = [part.layer for part in parts if part.layer is not None]
    lowest = len(numbers) // 2  # of the top half: the upper 6 of 12, the upper 2 of 3
    return SanitySettings(
        mode=options.mode,
        draw=options.draw,
        seeds=tuple(options.seeds),
        parts=tuple(part.name for part in parts),
        half=next(step for step, part in enumerate(parts) if part.layer == lowest),
        layers=layers,
        k_share=options.k_share,
        resamples=options.resamples,
        orders=_order_settings(options) if options.random_orders else None,
    )


def _order_settings(options: SanityOptions) -> OrderSettings:
    naopc = options.naopc
    return OrderSettings(
        random=options.random_orders,
        bins=BINS,
        naopc=None if naopc is None else naopc_settings(naopc),
    )


class _Scorer:
    """Scores all documents with one model or another."""

    def __init__(
        self, documents: Documents, options: ScoreOptions, layers: Mapping[str, tuple[int, ...]]
    ) -> None:
        self.documents, self._options, self._layers = list(documents), options, layers

    def predicted(self, classifier: Classifier) -> list[int]:
        """The class that a model predicts for each document."""
        forward = replace(self._options, methods=("lead",))  # scores nothing from the model
        scorer = DocumentScorer(classifier, forward, forward.windows_a_batch(classifier.device.type))
        return [int(np.argmax(scored.probabilities)) for scored, _ in scorer(self.documents)]

    def __call__(self, classifier: Classifier, targets: Sequence[int], advance: Advance) -> list[Words]:
        """The words of each document, with the scores for its target."""
        scorer = DocumentScorer(
            classifier, self._options, self._options.windows_a_batch(classifier.device.type)
        )
        size, found = self._options.documents_a_part, list[Words]()
        for start in range(0, len(self.documents), size):
            part = slice(start, start + size)
            for scored, _ in scorer(self.documents[part], targets[part]):
                found.append(self._words(scored))
                advance(1)
        return found

    def _words(self, scored: ScoredDocument) -> Words:
        inside = scored.token_word[scored.token_word >= 0]
        counts = np.bincount(inside, minlength=scored.covered.size).astype(np.float32)
        scores = {
            (name, layer): scored.words[name][scored.row(name, layer), scored.covered]
            for name, layers in self._layers.items()
            for layer in layers
        }
        return Words(scores, counts[scored.covered])


@dataclass(frozen=True)
class _Check:
    """One check, and its store; the fields are those of :func:`check_sanity`."""

    classifier: Classifier
    scorer: _Scorer
    targets: Sequence[int]
    parts: Sequence[Part]
    options: SanityOptions
    store: CellStore | None

    def cells(self, *, progress: bool) -> tuple[list[Cell], list[Words]]:
        """All cells, seed by seed, and the words with the scores of the original model."""
        jobs = [(seed, step) for seed in self.options.seeds for step in range(len(self.parts))]
        done = {job: cell for job in jobs if self.store and (cell := self.store.read(*job)) is not None}
        total = len(self.scorer.documents) * (1 + len(jobs))
        with tqdm(total=total, unit="doc", desc="randomising", disable=not progress) as bar:
            start = time.perf_counter()
            original = self.scorer(self.classifier, self.targets, bar.update)
            if progress:
                _announce(time.perf_counter() - start, len(jobs) - len(done), len(original))
            bar.update(len(original) * len(done))
            redrawing = Redrawing(self.classifier, self.options.draw)
            for seed, step in jobs:
                if (seed, step) not in done:
                    bar.set_postfix_str(f"seed {seed}, {self.parts[step].name}")
                    done[seed, step] = self._cell(redrawing, original, seed, step, bar.update)
        return [done[job] for job in jobs], original

    def _cell(
        self, redrawing: Redrawing, original: Sequence[Words], seed: int, step: int, advance: Advance
    ) -> Cell:
        cascade = self.options.mode == "cascade"
        drawn = self.parts[: step + 1] if cascade else self.parts[step : step + 1]
        again = self.scorer(redrawing(drawn, seed), self.targets, advance)
        values = tuple(
            compared(
                *score,
                [words.scores[score] for words in original],
                [words.scores[score] for words in again],
                self.options.k_share,
            )
            for score in original[0].scores
        )
        cell = Cell(seed, step, values)
        if self.store is not None:
            self.store.write(cell)
        return cell


def compared(
    method: str, layer: int, original: Sequence[Float32], again: Sequence[Float32], k_share: float
) -> CellValues:
    """Compares two scorings of the same documents, each with one array (W,) a document."""
    pairs = list(zip(original, again, strict=True))
    return CellValues(
        method,
        layer,
        spearman=tuple(number_or_none(rank_correlation(a, b)) for a, b in pairs),
        iou=tuple(overlap(a, b, best_count(a.size, k_share)) for a, b in pairs),
    )


def _announce(seconds: float, cells: int, documents: int) -> None:
    """Logs how long the check will take, where that is more than a minute."""
    left = seconds * cells
    if left > _LONG:
        log.info(
            "about %.0f minutes: %d steps over all seeds, %d documents each", left / 60, cells, documents
        )
