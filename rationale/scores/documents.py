"""Scores the documents of one part of a corpus with every requested method, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rationale.arrays import Bool, Float32, Float64
from rationale.corpus.document import Document
from rationale.errors import DataError, RationaleError
from rationale.loading.classifier import Classifier
from rationale.scores.engine import OnePass, Reading
from rationale.scores.methods import METHODS, Baseline, LayeredMethod, WindowMethod, normalise
from rationale.scores.options import ScoreOptions
from rationale.scores.scored import ScoredDocument
from rationale.tokens import Windower, Windows, sum_to_words


class DocumentScorer:
    """Scores documents with one model.

    The windows of a document share one target: the class that their averaged probabilities predict. Windows
    that predict another class are differentiated again for the document's.

    Args:
        classifier: The model.
        options: The caller's choices.
        batch_size: Windows a batch.
    """

    def __init__(self, classifier: Classifier, options: ScoreOptions, batch_size: int) -> None:
        self.classifier, self.options, self.batch_size = classifier, options, batch_size
        self._windower = Windower(classifier.tokenizer, classifier.max_length, options.protocol)
        self._layers = {name: METHODS.get(name).layers(classifier) for name in options.methods}
        self._check_layers()
        methods = [METHODS.get(name) for name in options.methods]
        self._pass = OnePass(classifier, [m for m in methods if isinstance(m, LayeredMethod)], batch_size)
        self._window_methods = [m for m in methods if isinstance(m, WindowMethod)]
        self._baselines = [m for m in methods if isinstance(m, Baseline)]

    def _check_layers(self) -> None:
        requested = (self.options.faithfulness and self.options.faithfulness.layers) or ()
        available = {layer for layers in self._layers.values() for layer in layers}
        for layer in requested:
            if layer not in available:
                raise RationaleError(
                    f"faithfulness needs scores at layer {layer}, and no method has any there",
                    remedy=f"Layers are 0 to {max(available)}.",
                )

    def windows(self, document: Document) -> Windows:
        """The windows of ``document`` that the model reads."""
        return self._windower(document)

    def __call__(
        self, documents: Sequence[Document], targets: Sequence[int] | None = None
    ) -> Iterator[tuple[ScoredDocument, Windows]]:
        """Yields each scored document with its windows.

        Args:
            documents: The documents.
            targets: The class to explain in each document; None takes the option's.

        Raises:
            DataError: Where the target is the gold label and a document has none.
            ModelError: Where the model yields NaN.
        """
        windows = [self.windows(document) for document in documents]
        if targets is None and self.options.target == "gold":
            targets = [self._gold(document) for document in documents]
        readings, predicted = self._read(windows, targets)
        for position, document in enumerate(documents):
            probabilities = predicted[position]
            target = int(probabilities.argmax()) if targets is None else targets[position]
            scored = self._document(document, windows[position], readings[position], probabilities, target)
            yield scored, windows[position]

    def _read(
        self, windows: Sequence[Windows], fixed: Sequence[int] | None
    ) -> tuple[list[list[Reading]], list[Float64]]:
        """Readings of each document's windows for the document's target, and its probabilities (C,)."""
        document_of = [number for number, each in enumerate(windows) for _ in each.windows]
        all_windows = [window for each in windows for window in each.windows]
        readings = self._pass(all_windows, [None if fixed is None else fixed[owner] for owner in document_of])
        probabilities = [np.zeros(len(self.classifier.labels)) for _ in windows]
        for position, reading in enumerate(readings):
            probabilities[document_of[position]] += all_windows[position].weight * reading.probabilities
        if fixed is None and self._pass.differentiates:
            targets = [int(probabilities[owner].argmax()) for owner in document_of]
            stale = [i for i, reading in enumerate(readings) if reading.target != targets[i]]
            corrected = (
                self._pass([all_windows[i] for i in stale], [targets[i] for i in stale]) if stale else []
            )
            for position, reading in zip(stale, corrected, strict=True):
                readings[position] = reading
        by_document: list[list[Reading]] = [[] for _ in windows]
        for position, reading in enumerate(readings):
            by_document[document_of[position]].append(reading)
        return by_document, probabilities

    def _gold(self, document: Document) -> int:
        if len(self.classifier.labels) == 1:
            return 0
        if document.label not in self.classifier.labels:
            raise DataError(
                f"the target is the gold label, and this document's is {document.label!r}",
                where=f"annotation {document.id!r}",
                remedy=f"Known labels: {', '.join(self.classifier.labels)}. Or use --target predicted.",
            )
        return self.classifier.labels.index(document.label)

    def _document(
        self,
        document: Document,
        windows: Windows,
        readings: list[Reading],
        probabilities: Float64,
        target: int,
    ) -> ScoredDocument:
        word = np.concatenate([w.word for w in windows.windows])
        sizes = np.array([w.ids.size for w in windows.windows], dtype=np.int32)
        weight = np.array([w.weight for w in windows.windows], dtype=np.float32)
        window = np.repeat(np.arange(sizes.size, dtype=np.int32), sizes)
        tokens = self._token_scores(document, windows, readings, target)
        words = {
            name: sum_to_words(scores * weight[window], word, len(document.words))
            for name, scores in tokens.items()
        }
        ids = np.concatenate([w.ids for w in windows.windows]).tolist()
        kept, policy_scores, thresholds = _join_traces(readings)
        return ScoredDocument(
            id=document.id,
            docid=document.docid,
            digest=document.digest,
            label=document.label,
            predicted=self.classifier.labels[int(probabilities.argmax())],
            probabilities=tuple(probabilities.tolist()),
            tokens=tuple(self.classifier.tokenizer.convert_ids_to_tokens(ids)),
            token_word=word,
            token_window=window,
            window_tokens=sizes,
            window_weight=weight,
            covered=windows.covered,
            words={name: words[name] for name in self.options.methods},
            token_scores={name: tokens[name] for name in self.options.methods},
            layers=self._layers,
            kept=kept,
            policy_scores=policy_scores,
            policy_thresholds=thresholds,
        )

    def _token_scores(
        self, document: Document, windows: Windows, readings: list[Reading], target: int
    ) -> Mapping[str, Float32]:
        """Per method, float32 (rows, T) over all windows."""
        scores = {
            name: np.concatenate([reading.scores[name] for reading in readings], axis=1)
            for name in readings[0].scores
        }
        for method in self._window_methods:
            rows = [
                method.attribute(self.classifier, window, target, self.options.seed)
                for window in windows.windows
            ]
            scores[method.name] = np.concatenate(
                [normalise(row, signed=method.signed) for row in rows], axis=1
            )
        for baseline in self._baselines:
            scores[baseline.name] = _to_tokens(baseline.words(document, self.options.seed), windows)
        return scores


def _join_traces(
    readings: list[Reading],
) -> tuple[Bool | None, Float32 | None, Float32 | None]:
    """Kept tokens, bool (L, T), their scores, (L, T), and thresholds, (L, K); None for a plain model."""
    traces = [reading.trace for reading in readings if reading.trace is not None]
    if not traces:
        return None, None, None
    return (
        np.concatenate([trace.kept for trace in traces], axis=1),
        np.concatenate([trace.scores for trace in traces], axis=1),
        np.stack([trace.thresholds for trace in traces], axis=1),
    )


def _to_tokens(words: Float32, windows: Windows) -> Float32:
    """A baseline's token scores (1, T): their weighted sum over a word is the word's share of the total."""
    word = np.concatenate([w.word for w in windows.windows])
    weight = np.concatenate([np.full(w.ids.size, w.weight) for w in windows.windows])
    inside = word >= 0
    pieces = np.bincount(word[inside], minlength=words.size)
    total = float(words[pieces > 0].sum(dtype=np.float64)) or 1.0
    scores = np.zeros(word.size)
    scores[inside] = words[word[inside]] / pieces[word[inside]] / total / weight[inside]
    return scores[None].astype(np.float32)
