"""The least and the greatest AOPC that any order of a text's words can reach: what makes AOPC comparable.

AOPC(o) = (1/N) sum over k = 1..N of p(x) - p(x without the first k words of order o). The limits depend on
the model and the text alone; NAOPC = (AOPC - lower) / (upper - lower), in [0, 1] (Edin et al., 2025).

With f(S) = p(x) - p(x without S) the greatest sum obeys V(S) = f(S) + max over i in S of V(S - i), so that
2^N forwards give the exact limits without trying N! orders. Beyond that a beam search keeps B sets of each
size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np

from rationale.arrays import Bool, Float64, Int64
from rationale.errors import DataError

Drop = Callable[[Bool], Float64]
"""From removed words, bool (R, N), to p(x) - p(x without them), float64 (R,)."""

Order = Sequence[int] | Int64
"""Every word once, the first to be removed first."""

Unit = Literal["word", "sentence"]
"""What is removed: words, or whole sentences; what is said of words here holds of sentences."""

EXACT_WORDS = 12
LEAST_RANGE = 1e-6
MOST_EXACT = 20  # 2^20 forwards
_BATCH = 4096  # sets a call


@dataclass(frozen=True)
class Limits:
    """What AOPC can reach on one text.

    Attributes:
        lower: The least AOPC of any order.
        upper: The greatest.
        exact: Whether they are those of all orders; else of the orders a beam search met.
        beam: B; None where they are exact.
        forwards: Sets of removed words that the model was run on.
    """

    lower: float
    upper: float
    exact: bool
    beam: int | None
    forwards: int

    def widened(self, values: Iterable[float]) -> Limits:
        """With the AOPC of orders that were evaluated, which a beam search may have missed."""
        seen = [value for value in values if np.isfinite(value)]
        lower, upper = min([self.lower, *seen]), max([self.upper, *seen])
        return Limits(lower, upper, self.exact, self.beam, self.forwards)

    def normalise(self, aopc: float) -> float:
        """NAOPC in [0, 1]; NaN where no order makes a difference of 1e-6.

        >>> round(Limits(0.2, 0.4333, True, None, 8).normalise(0.3), 4)
        0.4286
        """
        width = self.upper - self.lower
        return (aopc - self.lower) / width if width >= LEAST_RANGE else float("nan")


def prefixes(order: Order) -> Bool:
    """The first 1, 2, .. N words of an order, each set a row of bool (N, N).

    >>> prefixes([1, 0]).tolist()
    [[False, True], [True, True]]
    """
    words = len(order)
    removed = np.zeros((words, words), dtype=np.bool_)
    for k in range(words):
        removed[k:, order[k]] = True
    return removed


def aopc(order: Order, drop: Drop) -> float:
    """AOPC of one order: the mean drop after its first 1, 2, .. N words were removed.

    Args:
        order: Every word once, the first to be removed first.
        drop: The model.
    """
    return float(drop(prefixes(order)).mean())


def exact_limits(words: int, drop: Drop) -> Limits:
    """The limits over all orders, by dynamic programming over the 2^N sets of removed words.

    Args:
        words: N, at most 20.
        drop: The model.

    Raises:
        DataError: Where N is larger.
    """
    if words > MOST_EXACT:
        raise DataError(f"{words} words, expected at most {MOST_EXACT} for exact limits")
    sets = np.arange(1 << words)
    bits = (sets[:, None] >> np.arange(words)) & 1 == 1
    drops = np.concatenate([drop(bits[at : at + _BATCH]) for at in range(0, len(sets), _BATCH)])
    high, low = np.full(len(sets), -np.inf), np.full(len(sets), np.inf)
    high[0] = low[0] = 0.0
    size = bits.sum(axis=1)
    for k in range(1, words + 1):
        these = sets[size == k]
        for word in range(words):
            holding = these[(these >> word) & 1 == 1]
            before = holding ^ (1 << word)
            high[holding] = np.maximum(high[holding], high[before])
            low[holding] = np.minimum(low[holding], low[before])
        high[these] += drops[these]
        low[these] += drops[these]
    whole = (1 << words) - 1
    return Limits(float(low[whole]) / words, float(high[whole]) / words, True, None, len(sets) - 1)


def beam_limits(words: int, drop: Drop, beam: int = 5) -> Limits:
    """Limits by a beam search in both directions; two orders of one set are one entry, with the better sum.

    Its upper limit is at most the true one, and its lower limit at least.

    Args:
        words: N.
        drop: The model.
        beam: B, how many sets of each size are kept.
    """
    known: dict[bytes, float] = {}
    best = [_search(words, drop, beam, sign, known) for sign in (1.0, -1.0)]
    return Limits(-best[1] / words, best[0] / words, False, beam, len(known))


def _search(words: int, drop: Drop, beam: int, sign: float, known: dict[bytes, float]) -> float:
    """The greatest sum of signed drops along a path from no word removed to all."""
    kept = {np.zeros(words, dtype=np.bool_).tobytes(): 0.0}
    for _ in range(words):
        sums: dict[bytes, float] = {}
        for entry, total in kept.items():
            removed = np.frombuffer(entry, dtype=np.bool_)
            for word in np.flatnonzero(~removed):
                larger = removed.copy()
                larger[word] = True
                name = larger.tobytes()
                sums[name] = max(sums.get(name, -np.inf), total)
        new = [name for name in sums if name not in known]
        if new:
            drops = drop(np.stack([np.frombuffer(name, dtype=np.bool_) for name in new]))
            known.update(zip(new, drops.tolist(), strict=True))
        totals = {name: total + sign * known[name] for name, total in sums.items()}
        kept = dict(sorted(totals.items(), key=lambda one: -one[1])[:beam])
    return max(kept.values(), default=0.0)


def most_forwards(words: int, beam: int) -> int:
    """The most sets that :func:`beam_limits` removes.

    >>> most_forwards(3, 100), most_forwards(60, 5) < 18_300
    (7, True)
    """
    return sum(
        min(comb(words, k), 2 * min(beam, comb(words, k - 1)) * (words - k + 1)) for k in range(1, words + 1)
    )


def limits(words: int, drop: Drop, *, exact_words: int = EXACT_WORDS, beam: int = 5) -> Limits:
    """Exact limits of a short text, a beam search's of a longer one."""
    return exact_limits(words, drop) if words <= exact_words else beam_limits(words, drop, beam)
