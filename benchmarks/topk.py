"""Choosing the k best tokens against comparing with a threshold: the operation alone (LTP, appendix A.2).

    python benchmarks/topk.py --out docs/results/topk.json

Scores of a batch of 32 inputs: `top-k` is torch.topk and a mark on who stays, `threshold` a comparison. The
paper ran 1000 times on a Haswell CPU: top-k up to 7.4 times slower at 128 tokens and 33.4 at 1024.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from common import leave, machine, parser, spread
from torch import Tensor
from tqdm import tqdm

LENGTHS, RATIOS = (128, 256, 512, 1024), (0.1, 0.2, 0.3, 0.4, 0.5)


def top_k(scores: Tensor, ratio: float) -> Tensor:
    best = scores.topk(round(scores.shape[1] * ratio), dim=1).indices
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, best, value=True)


def threshold(scores: Tensor, limit: float) -> Tensor:
    return scores >= limit


def microseconds(operation: Callable[[], object], runs: int) -> float:
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        operation()
        spent.append(time.perf_counter() - start)
    return 1e6 * statistics.mean(spent)


def measured(length: int, batch: int, runs: int) -> dict[str, Any]:
    scores = torch.rand(batch, length, generator=torch.Generator().manual_seed(0))
    found: dict[str, Any] = {}
    for ratio in RATIOS:
        limit = float(scores.quantile(1 - ratio))
        ways = {"top-k": lambda r=ratio: top_k(scores, r), "threshold": lambda t=limit: threshold(scores, t)}
        for way in ways.values():
            microseconds(way, 20)
        rounds = [{name: microseconds(way, runs // 5) for name, way in ways.items()} for _ in range(5)]
        ratios = [one["top-k"] / one["threshold"] for one in rounds]
        found[f"{ratio:.0%}"] = {
            **{name: round(statistics.mean(one[name] for one in rounds), 2) for name in ways},
            "ratio": spread(ratios),
        }
    return found


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--batch-size", type=int, default=32)
    arguments.add_argument("--runs", type=int, default=1000)
    given = arguments.parse_args()
    with torch.inference_mode():
        lengths = {str(n): measured(n, given.batch_size, given.runs) for n in tqdm(LENGTHS)}
    result = {
        "machine": machine(),
        "batch": given.batch_size,
        "runs": given.runs,
        "microseconds": lengths,
    }
    leave(result, given.out)


if __name__ == "__main__":
    main()
