"""What a step of phase 3 costs, against a plain fine-tuning step of the same model on the same batch.

    python benchmarks/steps.py --model MINILM --out docs/results/steps.json

Both steps are whole: forward, backward, clipping, AdamW. The plain one is transformers' own model with SDPA,
without padding; phase 3's is AdapLeR's two exact gradients over one soft pass at lambda = 10. Batches of
random tokens, every row of the full length; the two take turns, round after round, in one process.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from common import leave, machine, parser, spread
from torch import Tensor, nn
from tqdm import tqdm
from transformers import AutoModelForSequenceClassification

from rationale.dropping.model import wrap
from rationale.tokens import Packed
from rationale.training.adapler.objectives import accumulate, soft_losses

LENGTHS = (64, 128, 256, 512)
RATE, PHI, GAMMA, LAMBDA = 1e-5, 5e-4, 5e-3, 10.0


def plain_step(model: Any, ids: Tensor, labels: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)

    def step() -> None:
        loss = nn.functional.cross_entropy(model(input_ids=ids).logits, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def adapler_step(backbone: Any, ids: Tensor, labels: Tensor) -> Callable[[], None]:
    model = wrap(backbone, "adapler", {}).train()
    encoder, system = model.encoder, model.system
    system.theta_dummy.requires_grad_()
    thresholds = [system.eta, system.theta]
    own = {id(p) for p in thresholds}
    weights = [p for p in model.parameters() if id(p) not in own]
    optimizer = torch.optim.AdamW([{"params": weights, "lr": RATE}, {"params": thresholds, "lr": 5e-4}])
    rows, n = ids.shape
    saliency = torch.rand(rows * n)

    def step() -> None:
        positions = torch.arange(n).repeat(rows)
        packed = Packed(ids.reshape(-1), torch.zeros(rows * n, dtype=torch.long), positions, (n,) * rows)
        found = soft_losses(encoder, system, packed, labels, saliency, LAMBDA)
        accumulate(found, system, weights, gamma=GAMMA, phi=PHI)
        nn.utils.clip_grad_norm_(thresholds, 1.0)
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        system.clamp()

    return step


def seconds(step: Callable[[], None], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def measured(model: Any, length: int, batch: int, rounds: int) -> dict[str, Any]:
    torch.manual_seed(0)
    ids = torch.randint(1000, model.config.vocab_size, (batch, length))
    labels = torch.randint(0, 2, (batch,))
    steps = {
        "plain": plain_step(copy.deepcopy(model).train(), ids, labels),
        "phase 3": adapler_step(copy.deepcopy(model), ids, labels),
    }
    for step in steps.values():
        step()
    repeats = max(1, 512 // length)
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in tqdm(range(rounds), desc=f"{length} tokens", leave=False):
        for name, step in steps.items():
            found[name].append(seconds(step, repeats))
    ratios = [three / plain for three, plain in zip(found["phase 3"], found["plain"], strict=True)]
    return {
        "batch": batch,
        "seconds": {name: statistics.median(values) for name, values in found.items()},
        "phase 3 / plain": spread(ratios),
    }


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--batch-size", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    model = AutoModelForSequenceClassification.from_pretrained(
        given.model,
        num_labels=2,
        attn_implementation="sdpa",
        attention_probs_dropout_prob=0.0,
        trust_remote_code=False,
    )
    result = {
        "machine": machine(),
        "rounds": given.rounds,
        "lengths": {str(n): measured(model, n, given.batch_size, given.rounds) for n in LENGTHS},
    }
    leave(result, given.out)


if __name__ == "__main__":
    main()
