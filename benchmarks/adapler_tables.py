"""The cells of docs/results/adapler as one page: what each model costs and saves beside its plain classifier.

    python benchmarks/adapler_tables.py

writes docs/results/adapler.md. Differences are paired: the same documents, the plain classifier of the same
seed; 95 % percentile bootstrap over documents (10,000 resamples; 2,000 for MCC). The target is a loss of at
most 1.5 points: an interval that lies below says "missed", one that is wider than 1.5 points to either side
and does not, "not resolvable at this n".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from scipy.stats import bootstrap
from sklearn.metrics import matthews_corrcoef

RESULTS = Path(__file__).parents[1] / "docs" / "results"
CELLS = RESULTS / "adapler"
TITLES = {
    "agnews": "AG's News, 4,000 rows of train, first 3,800 of test",
    "sst2": "SST-2, 10,000 rows of train, dev",
    "cola": "CoLA, in-domain, dev; the figure is MCC",
    "movies": "ERASER movies at 512 tokens, val",
    "agnews2k": "Ablations: AG's News, 2,000 rows of train",
}
TARGET = 0.015


def main() -> None:
    cells = {path.stem: json.loads(path.read_text()) for path in sorted(CELLS.glob("*.json"))}
    lines = ["# AdapLeR beside the plain classifier", "", INTRODUCTION, ""]
    for name, title in TITLES.items():
        own = {cell: found for cell, found in cells.items() if cell.split("-")[0] == name}
        if own:
            lines += [f"## {title}", "", *table(name, own), ""]
    (RESULTS / "adapler.md").write_text("\n".join(lines))


INTRODUCTION = (
    "One row a trained model; the configuration, every epoch and the probabilities of every document are in "
    "`adapler/CELL.json` and `.parquet`, made by `benchmarks/adapler.py` (which names the data and the "
    "settings) and read by `benchmarks/adapler_tables.py`, which made this page. 6-layer MiniLM, one CPU "
    "thread, one seed; phase 3 begins from the checkpoint again, as in the paper, unless it says warm; "
    "on movies the checkpoint is a classifier that had read the same reviews for four epochs, so warm in "
    "effect. "
    "Figures of dev are given for every epoch, that of the weights kept in bold: plain classifiers keep the "
    "best; AdapLeR on movies and in `sst2-phi0.005` keeps the one the paper's rule chooses, the others the "
    "last (`--keep last`): dev decides nothing along a curve. The split named in the heading was read once a "
    "cell. Differences from the plain classifier are paired, in points, with 95 % bootstrap intervals."
)


def table(name: str, cells: dict[str, Any]) -> Iterator[str]:
    figure = "MCC" if name == "cola" else "accuracy"
    layers = len(next(iter(cells.values()))["alive"])
    alive = f"tokens alive, layer 0 to {layers - 1}"
    yield f"| cell | {figure} | difference | n | FLOPs speedup | {alive} | dev epochs |"
    yield "|---|---|---|---|---|---|---|"
    for cell, found in sorted(cells.items(), key=order):
        yield f"| {' | '.join(row(name, cell, found))} |"


def order(item: tuple[str, Any]) -> tuple[int, str]:
    return (0 if "-plain-" in item[0] else 1, item[0])


def row(name: str, cell: str, found: dict[str, Any]) -> list[str]:
    right, plain = outcomes(cell), f"{name}-plain-{cell.split('-')[-1]}"
    score = matthews if name == "cola" else accuracy
    alive = " ".join(f"{layer['share']:.0%}" for layer in found["alive"])
    return [
        cell.removeprefix(f"{name}-"),
        f"{score(*right):.3f}",
        ""
        if cell == plain or not (CELLS / f"{plain}.parquet").exists()
        else gap(score, right, outcomes(plain)),
        str(found["n"]),
        f"{found['flops_speedup']:.2f}x",
        alive,
        epochs(found["training"]),
    ]


def epochs(training: dict[str, Any]) -> str:
    """The dev figure that epochs are chosen by, and the speedup; the epoch that was kept in bold."""
    metric, told = f"dev_{training['options']['metric']}", []
    for epoch in training["epochs"]:
        speedup = f" at {epoch['dev_speedup']:.1f}x" if "dev_speedup" in epoch else ""
        mark = "**" if epoch["epoch"] == training["best"]["epoch"] else ""
        told.append(f"{mark}{epoch.get(metric, float('nan')):.3f}{speedup}{mark}")
    return ", ".join(told)


def outcomes(cell: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Gold and predicted class of each document, as numbers."""
    rows = pq.read_table(CELLS / f"{cell}.parquet").to_pylist()
    labels = json.loads((CELLS / f"{cell}.json").read_text())["recipe"]["labels"]
    gold = np.array([labels.index(one["label"]) for one in rows])
    return gold, np.array([int(np.argmax(one["probabilities"])) for one in rows])


def accuracy(gold: Any, predicted: Any) -> float:
    return float((gold == predicted).mean())


def matthews(gold: Any, predicted: Any) -> float:
    return float(matthews_corrcoef(gold, predicted))


def gap(score: Any, ours: Any, theirs: Any) -> str:
    """The difference in points with its interval, in words."""
    value, low, high = difference(score, ours, theirs)
    wide = max(value - low, high - value) > TARGET
    verdict = " (missed)" if high < -TARGET else " (not resolvable at this n)" if wide else ""
    return f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]{verdict}"


def difference(score: Any, ours: Any, theirs: Any) -> tuple[float, float, float]:
    """The paired difference and its 95 % interval, as shares of 1."""
    gold = ours[0]
    if not np.array_equal(gold, theirs[0]):
        raise SystemExit("the two cells are of other documents")
    if score is accuracy:
        differences = (ours[1] == gold).astype(float) - (theirs[1] == gold)
        value, samples = differences.mean(), (differences,)
        found = bootstrap(samples, np.mean, n_resamples=10_000, method="percentile", rng=0)
    else:
        value = matthews(*ours) - matthews(*theirs)
        found = bootstrap(
            (gold, ours[1], theirs[1]),
            lambda g, o, t: matthews(g, o) - matthews(g, t),
            paired=True, vectorized=False, n_resamples=2_000, method="percentile", rng=0,
        )  # fmt: skip
    return (float(value), *found.confidence_interval)


if __name__ == "__main__":
    main()
