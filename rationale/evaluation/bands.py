"""What length has to do with an evaluation, in memory and as JSON; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from rationale.artifacts.record import Count, least
from rationale.artifacts.shape import count, number, record

Spread = Annotated[Mapping[str, float], record({}, **{"0.5": number, "mean": number, "n": count})]
"""Quantiles of lengths, with ``mean`` and ``n``."""


@dataclass(frozen=True)
class Band:
    """The documents up to some length.

    Attributes:
        longest: Tokens.
        n: Documents.
        value: Of the metric.
        low: Lower end of its interval.
        high: Upper end.
        flops_speedup: Of these documents.
        tokens_kept: Mean tokens a layer.
    """

    longest: float
    n: Count
    value: float | None
    low: float | None
    high: float | None
    flops_speedup: float
    tokens_kept: Annotated[tuple[float, ...], least(1)]


@dataclass(frozen=True)
class ByLength:
    """One evaluation by the length of the documents (LTP's Table 3, Figures A.2 and A.3).

    Attributes:
        bands: Short, middling and long documents, cut at the second and third quartile.
        right: Lengths of the documents that were classified right; None where numbers are predicted.
        wrong: Of the others.
    """

    bands: Annotated[tuple[Band, ...], least(1)]
    right: Spread | None
    wrong: Spread | None


@dataclass(frozen=True)
class Medians:
    """Median lengths, in tokens."""

    train: float
    reported: float


@dataclass(frozen=True)
class Histograms:
    """Lengths of training and reported documents over common bins (LTP's Figure 1, Table 2).

    Attributes:
        edges: Of the bins, in tokens, B + 1.
        train: Shares of documents, B.
        reported: The same.
        kl: The divergence KL(reported || train) in nats.
        median: Of both.
    """

    edges: Annotated[tuple[float, ...], least(2)]
    train: Annotated[tuple[float, ...], least(1)]
    reported: Annotated[tuple[float, ...], least(1)]
    kl: float
    median: Medians
