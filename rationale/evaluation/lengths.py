"""Results by document length: length distributions, and metrics, speedup and kept tokens by length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from transformers import AutoConfig, AutoTokenizer

from rationale.arrays import Int64
from rationale.corpus.document import Documents
from rationale.errors import DataError
from rationale.evaluation.bands import Band, ByLength, Histograms, Medians
from rationale.evaluation.evaluate import QUANTILES, flops_speedup
from rationale.evaluation.result import Evaluation
from rationale.loading.checks import USUAL, longest_input
from rationale.loading.classifier import Classifier
from rationale.loading.hub import explained, quiet_transformers
from rationale.metrics.task import interval, task_metric
from rationale.tokens import Windower

_BINS = 20


@dataclass(frozen=True)
class TokenLengths:
    """Counts the tokens of documents as model inputs, special tokens and query included.

    Args:
        model: A local folder or a hub id; only its tokenizer and its configuration are loaded.
        max_length: Maximum input length; None takes the default.
    """

    model: str
    max_length: int | None = None

    def __call__(self, documents: Documents) -> Int64:
        """The number of tokens of the first window of each document, int64 (D,)."""
        with quiet_transformers(), explained(self.model):
            config, tokenizer = (
                kind.from_pretrained(self.model, trust_remote_code=False)
                for kind in (AutoConfig, AutoTokenizer)
            )
        longest = longest_input(config, tokenizer, self.max_length, self.model, usual=USUAL)
        windower = Windower(tokenizer, longest, "truncate")
        return np.array([len(windower(document).windows[0].ids) for document in documents], np.int64)


def below_median(documents: Documents, ruler: TokenLengths, reported: Documents) -> Documents:
    """Selects the documents shorter than the median of ``reported``, for LTP's robustness test (Table 3).

    Raises:
        DataError: Where no document is shorter.
    """
    median = float(np.median(ruler(reported)))
    short = [d for d, length in zip(documents, ruler(documents), strict=True) if length < median]
    if not short:
        raise DataError(
            f"no document is shorter than {median:g} tokens, the median of the reported documents",
            where=documents.source,
            remedy="Leave out --below-median.",
        )
    return Documents(short, source=documents.source, split=documents.split)


def distributions(train: Int64, reported: Int64) -> Histograms:
    """Histograms over common bins, and KL(reported || train) in nats (Figure 1, Table 2).

    Adds one document to every bin, so that the divergence stays finite.
    """
    from scipy.stats import entropy

    edges = np.histogram_bin_edges(np.concatenate([train, reported]), bins=_BINS)
    counts = [np.histogram(lengths, bins=edges)[0] for lengths in (train, reported)]
    train_counts, reported_counts = (count + 1.0 for count in counts)
    return Histograms(
        edges=tuple(edges.tolist()),
        train=tuple((counts[0] / len(train)).tolist()),
        reported=tuple((counts[1] / len(reported)).tolist()),
        kl=float(entropy(reported_counts / reported_counts.sum(), train_counts / train_counts.sum())),
        median=Medians(float(np.median(train)), float(np.median(reported))),
    )


def by_length(evaluation: Evaluation, classifier: Classifier, metric: str) -> ByLength:
    """Splits an evaluation into short, medium and long documents, at the second and third quartile.

    Args:
        evaluation: The evaluation of a classification or regression model.
        classifier: The model.
        metric: Name of the metric.
    """
    tokens = np.array([row.tokens_kept for row in evaluation.predictions], np.int64).T
    lengths, tokens_kept = tokens[0], tokens[1:]
    gold, predictions = evaluation.answers()
    edges = [*np.quantile(lengths, [0.5, 0.75]).tolist(), float(lengths.max())]
    band = np.searchsorted(edges, lengths)
    groups = [np.flatnonzero(band == number) for number in range(3)]
    bands = tuple(
        Band(
            longest=edge,
            n=len(rows),
            value=task_metric(metric, gold[rows], predictions[rows]),
            low=low,
            high=high,
            flops_speedup=flops_speedup(classifier, tokens_kept[:, rows], lengths[rows]),
            tokens_kept=tuple(tokens_kept[:, rows].mean(axis=1).tolist()),
        )
        for edge, rows in zip(edges, groups, strict=True)
        if len(rows)
        for low, high in [interval(metric, gold[rows], predictions[rows])]
    )
    if classifier.regression:
        return ByLength(bands, None, None)
    right, wrong = (_quantiles(lengths[(gold == predictions) == correct]) for correct in (True, False))
    return ByLength(bands, right, wrong)


def _quantiles(lengths: Int64) -> dict[str, float] | None:
    if not len(lengths):
        return None
    quantiles = dict(zip(map(str, QUANTILES), np.quantile(lengths, QUANTILES).tolist(), strict=True))
    return {**quantiles, "n": len(lengths), "mean": float(lengths.mean())}
