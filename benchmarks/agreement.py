"""Words a second for AP + FPR + F1 over many documents: rationale against scikit-learn, document by document.

Run: ``python benchmarks/agreement.py [--documents 1000] [--words 700] [--out agreement-speed.json]``
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score

from rationale.agreement import (
    average_precision,
    false_positive_rate,
    offsets_of,
    rank,
    selection,
    token_f1,
)


class Corpus(NamedTuple):
    """Scores float32 (N,), selected and rationale words bool (N,), and the documents' offsets (D + 1,)."""

    scores: np.ndarray
    selected: np.ndarray
    truth: np.ndarray
    offsets: np.ndarray


def corpus(documents: int, words: int, seed: int) -> Corpus:
    """Random documents of about ``words`` words, a tenth of them rationale, a third selected, with ties."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(max(2, words // 2), words + words // 2 + 1, documents)
    scores = (rng.integers(0, 2000, lengths.sum()) / 2000).astype(np.float32)
    truth = rng.random(lengths.sum()) < 0.1
    offsets = offsets_of(lengths)
    truth[offsets[:-1]], truth[offsets[1:] - 1] = True, False  # both classes in every document
    return Corpus(scores, scores >= 2 / 3, truth, offsets)


def ours(data: Corpus) -> np.ndarray:
    """AP, FPR and F1 of every document, (3, D)."""
    ranked = rank(data.scores, data.truth, data.offsets)
    chosen = selection(data.selected, data.truth, data.offsets)
    return np.stack([average_precision(ranked)[0], false_positive_rate(chosen)[0], token_f1(chosen)[0]])


def one_by_one(data: Corpus) -> np.ndarray:
    """The same with one scikit-learn call a document and metric."""
    rows = []
    for a, b in pairwise(data.offsets):
        truth, picked = data.truth[a:b], data.selected[a:b]
        (tn, fp), _ = confusion_matrix(truth, picked)
        ap = average_precision_score(truth, data.scores[a:b])
        rows.append((ap, fp / (fp + tn), f1_score(truth, picked, zero_division=0)))
    return np.array(rows).T


def timed(function: Callable[[Corpus], np.ndarray], data: Corpus, clock: Callable[[], float]) -> float:
    """Seconds of one call."""
    start = clock()
    function(data)
    return clock() - start


def measure(data: Corpus, repeats: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Words a second of each repetition; the two take turns, so that both see the machine's moods."""
    seconds: dict[str, list[float]] = {"scikit-learn, document by document": [], "rationale": []}
    for _ in range(repeats):
        for name, function in zip(seconds, (one_by_one, ours), strict=True):
            seconds[name].append(timed(function, data, clock))
    return {name: [len(data.truth) / value for value in values] for name, values in seconds.items()}


def table(speeds: dict[str, list[float]]) -> str:
    """A Markdown table: median and spread, and how many times faster."""
    base = statistics.median(next(iter(speeds.values())))
    lines = ["| | words a second, median | smallest – largest | times |", "|:---|---:|---:|---:|"]
    for name, values in speeds.items():
        median = statistics.median(values)
        spread = f"{min(values):,.0f} – {max(values):,.0f}"
        lines.append(f"| {name} | {median:,.0f} | {spread} | {median / base:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Checks that the numbers are equal, measures, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--words", type=int, default=700, help="a document, about (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=7, help="repetitions (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the random documents (default: %(default)s)")
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="cpu on a machine that others use, too"
    )
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    given = parser.parse_args()
    data = corpus(given.documents, given.words, given.seed)
    difference = float(np.abs(ours(data) - one_by_one(data)).max())
    clock = time.perf_counter if given.clock == "wall" else time.process_time
    speeds = measure(data, given.repeats, clock)
    print(f"AP + FPR + F1 of {given.documents:,} documents, {len(data.truth):,} words; {given.clock} time\n")
    print(table(speeds))
    print(f"\nlargest difference of any number: {difference:.1e}")
    if given.out:
        versions = {name: version(name) for name in ("rationale", "numpy", "scikit-learn")}
        settings = {key: value for key, value in vars(given).items() if key != "out"}
        figures = {
            "settings": settings,
            "words": len(data.truth),
            "words_a_second": speeds,
            "largest_difference": difference,
            "machine": platform.machine(),
            "versions": {"python": platform.python_version(), **versions},
        }
        given.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
