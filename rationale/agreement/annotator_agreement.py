"""How much the annotators of a data set agree with each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rationale.agreement.annotators import krippendorff, pairwise_f1, pairwise_kappa
from rationale.arrays import Bool
from rationale.corpus.document import Document
from rationale.metrics.statistics import number_or_none


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """Agreement of the annotators who were asked for a rationale.

    Attributes:
        documents: Documents with at least two of them.
        pairwise_f1: Mean F1 of two annotators' words, over pairs, then over documents, 0 to 1; None where no
            pair marked a word.
        kappa: Mean Cohen's kappa of two annotators, likewise, -1 to 1; None where every pair is constant.
        alpha: Krippendorff's alpha, nominal, over the words of all documents, -1 to 1; None where no word or
            every word is marked.
    """

    documents: int
    pairwise_f1: float | None
    kappa: float | None
    alpha: float | None

    @property
    def sentence(self) -> str:
        """The numbers in one line, for people."""
        f1, alpha = ("undefined" if x is None else f"{x:.3f}" for x in (self.pairwise_f1, self.alpha))
        documents = f"{self.documents:,} document{'' if self.documents == 1 else 's'}"
        return f"pairwise F1 {f1}, Krippendorff's alpha {alpha} ({documents} with two or more)"


def annotator_agreement(documents: Iterable[Document]) -> AnnotatorAgreement | None:
    """Measures how much annotators agree; None where no document has two who were asked.

    A document counts once in ``pairwise_f1`` and ``kappa`` however many annotators it has; in ``alpha`` each
    word does.
    """
    masks = _shared(documents)
    if not masks:
        return None
    return AnnotatorAgreement(
        documents=len(masks),
        pairwise_f1=_mean(pairwise_f1(mask) for mask in masks),
        kappa=_mean(pairwise_kappa(mask) for mask in masks),
        alpha=number_or_none(krippendorff(masks).alpha()),
    )


def alpha_interval(
    documents: Iterable[Document], *, resamples: int, seed: int, confidence: float = 0.95
) -> tuple[float | None, float | None]:
    """Percentile bootstrap interval of Krippendorff's alpha over documents; None where it is undefined."""
    masks = _shared(documents)
    parts, rng = krippendorff(masks), np.random.default_rng(seed)
    drawn = [parts.alpha(rng.integers(0, len(masks), len(masks))) for _ in range(resamples if masks else 0)]
    if not np.isfinite(drawn).any():
        return None, None
    low, high = np.nanpercentile(drawn, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)


def _shared(documents: Iterable[Document]) -> list[Bool]:
    """The masks of each document with at least two annotators who were asked."""
    return [document.masks for document in documents if len(document.asked) > 1]


def _mean(values: Iterable[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    return math.fsum(known) / len(known) if known else None
