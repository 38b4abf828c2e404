"""Do the sample's two models end alike whatever the seed and the number of threads?

    python benchmarks/demo_robustness.py --work WORK --cells cells.jsonl --seeds 0,1,2 --threads 1,2,4
    python benchmarks/demo_robustness.py --cells cells.jsonl --page docs/results/demo-robustness.md

Each cell trains the demo's classifier and AdapLeR in a process of its own that is given so many threads, and
adds one line to CELLS: accuracy on dev, val and test, FLOPs speedup, and the SHA-256 of both models' weights.
Cells that CELLS has already are not trained again, so a killed run resumes. ``--page`` writes the table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from common import machine, parser, spread

Cell = dict[str, Any]
METHODS = (
    "input_x_gradient",
    "input_x_gradient.l1",
    "gradient_norm",
    "input_x_gradient.sum",
    "attention.all",
    "rollout.all",
)


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--work", type=Path, help="folder for the models")
    made.add_argument("--cells", type=Path, required=True)
    made.add_argument("--seeds", default="0,1,2,3,4,5,6,7,8,9")
    made.add_argument("--threads", default="1,2,4")
    made.add_argument("--page", type=Path)
    made.add_argument("--cell", action="store_true", help=argparse.SUPPRESS)
    given = made.parse_args()
    seeds, threads = ([int(one) for one in text.split(",")] for text in (given.seeds, given.threads))
    if given.page:
        given.page.write_text("\n".join(page(read(given.cells))) + "\n", encoding="utf-8")
    elif given.cell:
        add(given.cells, train(given.work, seeds[0], threads[0]))
    else:
        for number in threads:
            for seed in seeds:
                child(given, seed, number)


def child(given: argparse.Namespace, seed: int, threads: int) -> None:
    """One cell in a process whose libraries start with so many threads; nothing where it is there already."""
    if any((cell["seed"], cell["threads"]) == (seed, threads) for cell in read(given.cells)):
        return
    command = [sys.executable, __file__, "--cell", "--work", given.work, "--cells", given.cells]
    command += ["--seeds", str(seed), "--threads", str(threads)]
    numbers = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    subprocess.run(list(map(str, command)), env=os.environ | numbers, check=True)


def train(work: Path, seed: int, threads: int) -> Cell:
    import torch

    from rationale.corpus import load_documents
    from rationale.demo import sample_adapler, sample_classifier, sample_folder
    from rationale.evaluation.evaluate import Timing, evaluate
    from rationale.loading.classifier import load_classifier

    torch.set_num_threads(threads)
    folder, start = work / f"seed{seed}-threads{threads}", time.process_time()
    models = {
        "classifier": sample_classifier(folder, seed=seed),
        "adapler": sample_adapler(folder, seed=seed),
    }
    spent = time.process_time() - start
    cell: Cell = {"seed": seed, "threads": threads, "cpu_seconds": round(spent, 1), "machine": machine()}
    torch.set_num_threads(1)  # what is counted below does not depend on it
    for name, path in models.items():
        weights = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()[:16]
        cell[name] = {"weights": weights}
        for split in ("val", "test"):
            reviews = load_documents(str(sample_folder()), split)
            found = evaluate(load_classifier(path, device="cpu"), reviews, Timing(0))
            cell[name][split] = {
                "accuracy": found.metrics["accuracy"], "speedup": found.flops_speedup
            }  # fmt: skip
    if threads == 1:  # weights are equal for any other number
        cell["margins"] = margins(models["classifier"], models["adapler"])
    recipe = json.loads((models["adapler"] / "training.json").read_text(encoding="utf-8"))
    cell["dev"] = {"accuracy": recipe["best"]["dev_accuracy"], "speedup": recipe["best"]["dev_speedup"]}
    return cell


def margins(plain: Path, dropping: Path) -> dict[str, float]:
    """By how much scores agree better with the planted words than random ones: average precision on val."""
    from rationale.agreement import agree
    from rationale.corpus import load_documents
    from rationale.demo import sample_folder
    from rationale.scores import ScoreOptions, score

    reviews, found = load_documents(str(sample_folder()), "val"), {}
    for model, methods in ((plain, METHODS), (dropping, ("policy_score",))):
        options = ScoreOptions(methods=(*methods, "random"), batch_size=32)
        agreement = agree(
            score(str(model), reviews, options, device="cpu", progress=False), reviews, resamples=5
        )
        ap = {(r.method, r.layer): r.value for r in agreement.records if r.metric == "ap"}
        for method in methods:
            for layer in (0, 1, 2) if method == "policy_score" else (0,):
                found[f"{method} {layer}"] = round(ap[method, layer] - ap["random", 0], 3)
    return found


def add(cells: Path, cell: Cell) -> None:
    """Appends one line in one write, so that no reader sees half of it."""
    with cells.open("a", encoding="utf-8") as out:
        out.write(json.dumps(cell) + "\n")


def read(cells: Path) -> list[Cell]:
    lines = cells.read_text(encoding="utf-8").splitlines() if cells.exists() else []
    return sorted((json.loads(line) for line in lines), key=lambda cell: (cell["seed"], cell["threads"]))


def page(cells: Sequence[Cell]) -> Iterator[str]:
    yield from ABOUT.splitlines()
    yield ""
    processor, _, torch_version = cells[0]["machine"].split(", ")
    yield f"Machine: {processor}, {torch_version}; {len(cells)} trainings."
    yield ""
    yield "| what | least | median | most |"
    yield "|---|---|---|---|"
    rows = [("Classifier, accuracy on", "classifier", "accuracy", ".3f")]
    rows += [
        ("AdapLeR, accuracy on", "adapler", "accuracy", ".3f"),
        ("AdapLeR, FLOPs speedup on", "adapler", "speedup", ".2f"),
    ]
    for title, name, metric, form in rows:
        for split in ("val", "test"):
            found = spread([cell[name][split][metric] for cell in cells])
            yield f"| {title} {split} | {' | '.join(format(value, form) for value in three(found))} |"
    measured = [cell["margins"] for cell in cells if "margins" in cell]
    for name in measured[0] if measured else ():
        row = three(spread([one[name] for one in measured]))
        yield f"| AP above random, {name} | {' | '.join(format(value, '.3f') for value in row)} |"
    seconds = spread([cell["cpu_seconds"] for cell in cells])
    yield f"| CPU seconds of both | {' | '.join(f'{value:.0f}' for value in three(seconds))} |"
    yield ""
    yield "| seed | threads | classifier val | test | AdapLeR val | test | speedup val | test | weights |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for cell in cells:
        plain, own = cell["classifier"], cell["adapler"]
        figures = [f"{plain[s]['accuracy']:.3f}" for s in ("val", "test")]
        figures += [f"{own[s]['accuracy']:.3f}" for s in ("val", "test")]
        figures += [f"{own[s]['speedup']:.2f}x" for s in ("val", "test")]
        yield f"| {cell['seed']} | {cell['threads']} | {' | '.join(figures)} | `{own['weights'][:8]}` |"


def three(found: dict[str, float]) -> tuple[float, float, float]:
    return found["min"], found["median"], found["max"]


ABOUT = """\
# The demo on every machine

`make demo` and the tests train two small models on the embedded sample: a classifier, and AdapLeR begun from
it with `target_speedup` 2.3. They use one thread of the CPU whatever the machine offers, because sums
depend on how threads share them. Equal weights below show that. Other processors round differently, which is
like another seed: the spread over seeds says what to expect of them.

```
cd docs/results
python ../../benchmarks/demo_robustness.py --work WORK --cells demo-robustness.jsonl
python ../../benchmarks/demo_robustness.py --cells demo-robustness.jsonl --page demo-robustness.md
```

Seeds change the order of the reviews, dropout and what the fresh parameters start from. There are 150 reviews
in val and in test: the standard error of an accuracy of 0.92 is 0.022."""

if __name__ == "__main__":
    main()
