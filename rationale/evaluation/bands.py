"""Results by document length, in memory and as JSON; free of torch."""

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
    """The results on documents in a range of lengths.

    Attributes:
        longest: Upper end of the range, in tokens.
        n: Number of documents.
        value: The metric; None where it is undefined.
        low: Lower end of its interval.
        high: Upper end.
        flops_speedup: FLOPs speedup on these documents.
        tokens_kept: Mean number of tokens that each layer keeps.
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
        bands: Short, medium and long documents, split at the second and third quartile.
        right: Lengths of correctly classified documents; None in regression.
        wrong: Lengths of the others.
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
        edges: Edges of the K bins in tokens, K + 1.
        train: Share of training documents per bin, K.
        reported: Share of reported documents per bin, K.
        kl: KL(reported || train) in nats.
        median: Median lengths of both.
    """

    edges: Annotated[tuple[float, ...], least(2)]
    train: Annotated[tuple[float, ...], least(1)]
    reported: Annotated[tuple[float, ...], least(1)]
    kl: float
    median: Medians
