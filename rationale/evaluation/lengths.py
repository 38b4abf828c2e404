"""Results by document length: distributions, tokens kept by length, who errs, and bands of length."""

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
    """Measures documents in sub-words, special ones and query included, as a model reads them.

    Args:
        model: A local folder or a hub id; only its tokenizer and its limits are read.
        max_length: The longest window; None for the usual.
    """

    model: str
    max_length: int | None = None

    def __call__(self, documents: Documents) -> Int64:
        """int64 (D,): the tokens of each document's first window."""
        with quiet_transformers(), explained(self.model):
            config, tokenizer = (
                kind.from_pretrained(self.model, trust_remote_code=False)
                for kind in (AutoConfig, AutoTokenizer)
            )
        longest = longest_input(config, tokenizer, self.max_length, self.model, usual=USUAL)
        windower = Windower(tokenizer, longest, "truncate")
        return np.array([len(windower(document).windows[0].ids) for document in documents], np.int64)


def below_median(documents: Documents, ruler: TokenLengths, reported: Documents) -> Documents:
    """The documents that are shorter than the median of ``reported``: LTP's robustness test (Table 3).

    Raises:
        DataError: Where none is.
    """
    median = float(np.median(ruler(reported)))
    short = [d for d, length in zip(documents, ruler(documents), strict=True) if length < median]
    if not short:
        raise DataError(
            f"no document is shorter than {median:g} tokens, the median of what is reported",
            where=documents.source,
            remedy="Leave out --below-median.",
        )
    return Documents(short, source=documents.source, split=documents.split)


def distributions(train: Int64, reported: Int64) -> Histograms:
    """Histograms over common bins, and the divergence KL(reported || train) in nats (Figure 1, Table 2).

    Every bin is given one document more, so that a length nobody trained with costs much but not everything.
    """
    from scipy.stats import entropy

    edges = np.histogram_bin_edges(np.concatenate([train, reported]), bins=_BINS)
    counts = [np.histogram(side, bins=edges)[0] for side in (train, reported)]
    ours, theirs = (count + 1.0 for count in counts)
    return Histograms(
        edges=tuple(edges.tolist()),
        train=tuple((counts[0] / len(train)).tolist()),
        reported=tuple((counts[1] / len(reported)).tolist()),
        kl=float(entropy(theirs / theirs.sum(), ours / ours.sum())),
        median=Medians(float(np.median(train)), float(np.median(reported))),
    )


def by_length(evaluation: Evaluation, classifier: Classifier, metric: str) -> ByLength:
    """What one evaluation says of short, middling and long documents, cut at the second and third quartile.

    Args:
        evaluation: Of a model that classifies or predicts numbers.
        classifier: The model it is of.
        metric: One metric's name.
    """
    tokens = np.array([row.tokens_kept for row in evaluation.predictions], np.int64).T
    lengths, tokens_kept = tokens[0], tokens[1:]
    gold, said = evaluation.answers()
    cuts = [*np.quantile(lengths, [0.5, 0.75]).tolist(), float(lengths.max())]
    band = np.searchsorted(cuts, lengths)
    parts = [np.flatnonzero(band == number) for number in range(3)]
    bands = tuple(
        Band(
            longest=cut,
            n=len(rows),
            value=task_metric(metric, gold[rows], said[rows]),
            low=low,
            high=high,
            flops_speedup=flops_speedup(classifier, tokens_kept[:, rows], lengths[rows]),
            tokens_kept=tuple(tokens_kept[:, rows].mean(axis=1).tolist()),
        )
        for cut, rows in zip(cuts, parts, strict=True)
        if len(rows)
        for low, high in [interval(metric, gold[rows], said[rows])]
    )
    if classifier.regression:
        return ByLength(bands, None, None)
    right, wrong = (_quantiles(lengths[(gold == said) == hit]) for hit in (True, False))
    return ByLength(bands, right, wrong)


def _quantiles(lengths: Int64) -> dict[str, float] | None:
    if not len(lengths):
        return None
    found = dict(zip(map(str, QUANTILES), np.quantile(lengths, QUANTILES).tolist(), strict=True))
    return {**found, "n": len(lengths), "mean": float(lengths.mean())}
