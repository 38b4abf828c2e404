"""Documents a second for saliency, attention and rollout of all layers: ours, the limit, and by hand.

    python benchmarks/scoring.py --model DIR_OR_ID --data MOVIES --out docs/results/scoring.json

Four ways to the same numbers (saliency L2, attention ALL/CLS, rollout ALL/CLS for every layer) of the first
512 tokens of each document, timed in turn within one process, round after round:

    ours      rationale.scores' one pass over length-bucketed batches
    limit     one plain forward and one backward to the inputs only: parameters frozen, SDPA, the same batches
    single    as a user would write it: captum's LayerGradientXActivation for each layer and an eager forward
              with output_attentions, one document at a time
    padded    the same in padded batches of 8

The equality of the numbers of ours and single is checked on 16 documents before anything is timed.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradientXActivation
from common import leave, machine, model_parser, spread
from tqdm import tqdm

from rationale.corpus import load_documents
from rationale.loading.classifier import Classifier, load_classifier
from rationale.scores.engine import OnePass
from rationale.scores.methods import METHODS, LayeredMethod
from rationale.tokens import Window, Windower, buckets

NAMES = ("input_x_gradient", "attention.all", "attention.cls", "rollout.all", "rollout.cls")
Numbers = list[dict[str, np.ndarray[Any, Any]]]


def ours(classifier: Classifier, windows: list[Window], batch: int) -> Numbers:
    methods = [m for m in map(METHODS.get, NAMES) if isinstance(m, LayeredMethod)]
    readings = OnePass(classifier, methods, batch)(windows, [None] * len(windows))
    return [dict(reading.scores) for reading in readings]


def limit(classifier: Classifier, windows: list[Window], batch: int) -> None:
    """The least that any gradient method costs: forward, and backward to the embeddings."""
    model = classifier.encoder.model
    model.set_attn_implementation("sdpa")
    for places in buckets([len(w.ids) for w in windows], batch):
        inputs = padded_inputs([windows[i] for i in places])
        embedded = model.get_input_embeddings()(inputs.pop("input_ids")).requires_grad_()
        if bool(inputs["attention_mask"].all()):
            inputs["attention_mask"] = None  # type: ignore[assignment]  (lets SDPA take its fastest path)
        logits = model(inputs_embeds=embedded, **inputs).logits
        torch.autograd.grad(logits.max(dim=-1).values.sum(), embedded)


def by_hand(model: Any, windows: list[Window], batch: int) -> Numbers:
    """Captum and eager attentions, as the libraries' documentation shows them."""
    results: dict[int, dict[str, np.ndarray[Any, Any]]] = {}
    for places in buckets([len(w.ids) for w in windows], batch):
        inputs = padded_inputs([windows[i] for i in places])
        model.set_attn_implementation("eager")
        with torch.no_grad():
            output = model(**inputs, output_attentions=True)
        target = output.logits.argmax(dim=-1)
        attentions = torch.stack([a.mean(dim=1) for a in output.attentions], dim=1)
        model.set_attn_implementation("sdpa")
        entering = [model.base_model.embeddings, *model.base_model.encoder.layer[:-1]]
        saliency = torch.stack([captum_saliency(model, part, inputs, target) for part in entering], 1)
        for row, place in enumerate(places):
            n = len(windows[place].ids)
            results[place] = numbers(saliency[row, :, :n], attentions[row, :, :n, :n])
    return [results[i] for i in range(len(windows))]


def captum_saliency(model: Any, part: Any, inputs: dict[str, torch.Tensor], target: torch.Tensor) -> Any:
    """InputXGradient at what leaves ``part``, L2 over the width, (B, n)."""
    rest = (inputs["attention_mask"], inputs["token_type_ids"])
    method = LayerGradientXActivation(lambda i, a, t: model(i, a, t).logits, part)
    value = method.attribute(inputs["input_ids"], target=target, additional_forward_args=rest)
    return (value[0] if isinstance(value, tuple) else value).norm(dim=-1).detach()


def numbers(saliency: torch.Tensor, attention: torch.Tensor) -> dict[str, np.ndarray[Any, Any]]:
    """Normalised scores of one document from saliency (L, n) and head-mean attention (L, n, n)."""
    n = attention.shape[-1]
    rolled, rollouts = torch.eye(n), []
    for layer in attention:
        rolled = (0.5 * layer + 0.5 * torch.eye(n)) @ rolled
        rollouts.append(rolled)
    rollout = torch.stack(rollouts)
    raw = (saliency, attention.sum(1), attention[:, 0], rollout.sum(1), rollout[:, 0])
    return {
        name: (value / value.sum(-1, keepdim=True)).numpy() for name, value in zip(NAMES, raw, strict=True)
    }


def padded_inputs(windows: list[Window]) -> dict[str, torch.Tensor]:
    longest = max(len(w.ids) for w in windows)
    inputs = {
        name: torch.zeros(len(windows), longest, dtype=torch.long)
        for name in ("input_ids", "token_type_ids", "attention_mask")
    }
    for row, window in enumerate(windows):
        n = len(window.ids)
        inputs["input_ids"][row, :n] = torch.from_numpy(window.ids.astype(np.int64))
        inputs["token_type_ids"][row, :n] = torch.from_numpy(window.types.astype(np.int64))
        inputs["attention_mask"][row, :n] = 1
    return inputs


def difference(a: Numbers, b: Numbers) -> float:
    """The largest difference of any score, relative to the uniform share 1/n."""
    return max(
        float(np.abs(x[name] - y[name]).max() * x[name].shape[-1])
        for x, y in zip(a, b, strict=True)
        for name in NAMES
    )


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    line = model_parser(__doc__, split="val", documents=100, max_length=512, batch_size=8, rounds=3)
    line.add_argument("--memory", type=int, default=0, help="also score so many documents, for peak memory")
    given = line.parse_args()

    classifier = load_classifier(given.model, device="cpu", max_length=given.max_length)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    documents = load_documents(given.data, given.split)
    windows = [windower(d).windows[0] for d in documents[: given.documents]]
    size = given.batch_size
    trainable = copy.deepcopy(classifier.encoder.model).requires_grad_(requires_grad=True)
    gap = difference(ours(classifier, windows[:16], size), by_hand(trainable, windows[:16], 1))
    if gap > 1e-3:
        raise SystemExit(f"ours and captum differ by {gap:g} of a uniform share")
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(classifier, windows, size),
        "limit": lambda: limit(classifier, windows, size),
        "single": lambda: by_hand(trainable, windows, 1),
        "padded": lambda: by_hand(trainable, windows, size),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in tqdm(range(given.rounds), desc="rounds"):
        for name, run in ways.items():
            seconds[name].append(timed(run))
    result = {
        "documents": len(windows),
        "tokens": int(sum(len(w.ids) for w in windows)),
        "batch_size": size,
        "rounds": given.rounds,
        "largest difference, in uniform shares": gap,
        "machine": machine(),
        "seconds": seconds,
        "documents a second": {n: len(windows) / statistics.median(s) for n, s in seconds.items()},
        "ours / limit (time)": ratio(seconds["ours"], seconds["limit"]),
        "single / ours (time)": ratio(seconds["single"], seconds["ours"]),
        "padded / ours (time)": ratio(seconds["padded"], seconds["ours"]),
    }
    if given.memory:
        result["peak MiB"] = memory(given)
    leave(result, given.out)


def ratio(a: list[float], b: list[float]) -> dict[str, float]:
    """Round by round: the median, and the smallest and largest."""
    return spread([x / y for x, y in zip(a, b, strict=True)])


def memory(given: Any) -> dict[str, float]:
    """Peak memory of `rationale score` in a fresh process for 100 documents and for many."""
    import subprocess
    import sys

    program = (
        "import re, sys, tempfile; from rationale.corpus import load_documents, Documents;"
        "from rationale.corpus.document import Document; from dataclasses import replace;"
        "from rationale.scores import score, ScoreOptions;"
        "docs = list(load_documents(sys.argv[2], sys.argv[3])); n = int(sys.argv[4]);"
        "docs = [replace(docs[i % len(docs)], id=f'{i}') for i in range(n)];"
        f"options = ScoreOptions(methods={NAMES!r}, protocol='truncate', batch_size={given.batch_size});"
        "out = tempfile.mkdtemp() + '/scores';"
        "score(sys.argv[1], Documents(docs), options, out=out, device='cpu', progress=False);"
        "status = open('/proc/self/status').read();"  # ru_maxrss survives the exec: it would be ours
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
    )
    peaks = {}
    for count in (100, given.memory):
        command = [sys.executable, "-c", program, given.model, given.data, given.split, str(count)]
        peaks[str(count)] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return peaks


if __name__ == "__main__":
    main()
