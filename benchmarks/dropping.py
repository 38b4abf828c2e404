"""Measured against FLOPs speedup of a trained dropping model, and where the time goes.

    python benchmarks/dropping.py --model ADAPLER --data DATA --out docs/results/dropping-NAME.json

Three ways through the same documents, in turn within one process, round after round, in batches of 1 and of
32 neighbours in length:

    transformers    the backbone as transformers runs it: SDPA, padded to the longest of the batch
    undropped       the backbone as we run it: packed rows, padding in attention only
    dropped         the dropping model

The faster of the first two is what the speedup is measured against. The profile is of one more pass of
`dropped`: seconds of deciding (predictors, softmax, comparison), of taking the rows that stay, of the layers.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from common import leave, machine, model_parser, spread
from tqdm import tqdm

from rationale.corpus import load_documents
from rationale.dropping import run
from rationale.dropping.flops import Costs, speedup
from rationale.dropping.run import hard, run_full
from rationale.loading.classifier import load_classifier
from rationale.tokens import Packed, Window, Windower, buckets, pack_windows

Runner = Callable[[list[Window], Packed], object]


def through_transformers(model: Any, windows: list[Window], packed: Packed) -> object:
    longest = max(len(w.ids) for w in windows)
    ids = torch.zeros(len(windows), longest, dtype=torch.long)
    there = torch.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.from_numpy(window.ids.astype(np.int64))
        there[row, : len(window.ids)] = 1
    return model(input_ids=ids, attention_mask=None if bool(there.all()) else there).logits


def seconds(way: Runner, batches: list[tuple[list[Window], Packed]]) -> float:
    start = time.perf_counter()
    with torch.inference_mode():
        for windows, packed in batches:
            way(windows, replace(packed))  # without what an earlier pass has cached on it
    return time.perf_counter() - start


PARTS = {
    "embeddings": ("embed",),
    "layers": ("project", "merge", "feed_forward"),
    "head": ("classify",),
}


def profile(encoder: Any, system: Any, batches: list[tuple[list[Window], Packed]]) -> dict[str, float]:
    """Seconds of one more pass, by part; what is left over is taking the rows that stay."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for part, names in PARTS.items():
            for name in names:
                stack.enter_context(clocked(encoder, name, part, spent))
        for name in ("plain", "attend_with_received"):
            stack.enter_context(clocked(run, name, "layers", spent))
        stack.enter_context(clocked(system, "hard", "deciding", spent))
        total = seconds(lambda _, packed: hard(encoder, system, packed), batches)
    return {**spent, "taking rows": total - sum(spent.values())}


def clocked(owner: Any, name: str, part: str, spent: dict[str, float]) -> Any:
    original = getattr(owner, name)

    def measured(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(*given, **named)
        finally:
            spent[part] += time.perf_counter() - start

    return patch.object(owner, name, measured)


def measured(found: dict[str, list[float]]) -> dict[str, Any]:
    best = min(("transformers", "undropped"), key=lambda name: statistics.median(found[name]))
    ratios = [a / b for a, b in zip(found[best], found["dropped"], strict=True)]
    return {
        "seconds": {name: statistics.median(values) for name, values in found.items()},
        "baseline": best,
        "speedup": spread(ratios),
    }


def main() -> None:
    given = model_parser(__doc__, split="test", documents=256, rounds=5).parse_args()

    classifier = load_classifier(given.model, device="cpu")
    encoder, system = classifier.encoder, classifier.required_policy()
    classifier.model.set_attn_implementation("sdpa")
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    documents = load_documents(given.data, given.split)[: given.documents]
    windows = [windower(d).windows[0] for d in documents]
    lengths = np.array([len(w.ids) for w in windows])
    ways: dict[str, Runner] = {
        "transformers": partial(through_transformers, classifier.model),
        "undropped": lambda windows, packed: run_full(encoder, packed),
        "dropped": lambda windows, packed: hard(encoder, system, packed),
    }
    result: dict[str, Any] = {
        "machine": machine(),
        "model": Path(given.model).name,
        "documents": len(windows),
        "mean tokens": float(lengths.mean()),
        "rounds": given.rounds,
    }
    for size in (1, 32):
        chosen = [[windows[i] for i in places] for places in buckets(lengths.tolist(), size)]
        batches = [(some, pack_windows(some)) for some in chosen]
        with torch.no_grad():
            runs = [hard(encoder, system, packed) for _, packed in batches]
        tokens_kept = torch.cat([run.tokens_kept for run in runs], dim=1).numpy()
        ordered = np.concatenate([packed.lengths for _, packed in batches])
        costs = Costs.of(encoder, system)
        result["FLOPs speedup"] = speedup(
            costs.plain(ordered, encoder.layers), costs.dropped(tokens_kept, ordered)
        )
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in tqdm(range(given.rounds), desc=f"batches of {size}"):
            for name, way in ways.items():
                found[name].append(seconds(way, batches))
        result[f"batch {size}"] = {**measured(found), "profile": profile(encoder, system, batches)}
    leave(result, given.out)


if __name__ == "__main__":
    main()
