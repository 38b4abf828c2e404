"""What summing up the attention that tokens receive costs, against attention alone and the whole matrix.

    python benchmarks/receiving.py --out docs/results/receiving.json

One layer of 12 heads of width 32 (MiniLM), a batch of inputs of one length, no gradients, in turn:

    plain        SDPA, context only
    receiving    context and the sums over queries, block by block
    whole        the matrix of heads x n x n for the batch, its sums and its product with the values

`difference` is the largest one between the sums of `receiving` and of `whole`.
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

from rationale.encoder import attend_with_received, plain_attention
from rationale.encoder.base import Heads
from rationale.tokens import Packed

SHAPES = ((32, 32), (32, 128), (8, 512), (1, 128), (1, 512))
HEADS, WIDTH = 12, 32


def whole(heads: Heads, packed: Packed) -> tuple[Tensor, Tensor]:
    query, key, value = (
        packed.padding.pad(rows).transpose(1, 2) for rows in (heads.query, heads.key, heads.value)
    )
    chances = torch.softmax(query @ key.transpose(-1, -2) * WIDTH**-0.5, dim=-1)
    context = packed.padding.unpad((chances @ value).transpose(1, 2)).flatten(1)
    return context, packed.padding.unpad(chances.mean(dim=1).sum(dim=1))


def seconds(way: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        way()
    return (time.perf_counter() - start) / repeats


def measured(inputs: int, length: int, rounds: int) -> dict[str, Any]:
    rows = inputs * length
    positions = torch.arange(length).repeat(inputs)
    packed = Packed(torch.zeros(rows).long(), torch.zeros(rows).long(), positions, (length,) * inputs)
    generator = torch.Generator().manual_seed(0)
    heads = Heads(*(torch.randn(rows, HEADS, WIDTH, generator=generator) for _ in range(3)))
    ways: dict[str, Callable[[], object]] = {
        "plain": lambda: plain_attention(0, heads, packed),
        "attend_with_received": lambda: attend_with_received(heads, packed),
        "whole": lambda: whole(heads, packed),
    }
    difference = (attend_with_received(heads, packed)[1].total - whole(heads, packed)[1]).abs().max()
    found: dict[str, list[float]] = {name: [] for name in ways}
    repeats = max(1, 2**21 // (rows * length))
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(seconds(way, repeats))
    ratios = {
        f"receiving / {name}": [
            a / b for a, b in zip(found["attend_with_received"], found[name], strict=True)
        ]
        for name in ("plain", "whole")
    }
    return {
        "milliseconds": {name: 1e3 * statistics.median(values) for name, values in found.items()},
        **{k: spread(v) for k, v in ratios.items()},
        "difference": float(difference),
    }


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    given = arguments.parse_args()
    with torch.inference_mode():
        shapes = {f"{b} x {n}": measured(b, n, given.rounds) for b, n in tqdm(SHAPES)}
    result = {
        "machine": machine(),
        "rounds": given.rounds,
        "inputs x tokens": shapes,
    }
    leave(result, given.out)


if __name__ == "__main__":
    main()
