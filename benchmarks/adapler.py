"""AdapLeR beside the plain classifier it came from: one cell a model, each committed when it ends.

    python benchmarks/text_data.py --published DIR --out DATA          (AG's News, SST-2, CoLA)
    python benchmarks/adapler.py --backbone MINILM --data DATA --work WORK --cells agnews-phi0.01-seed0 …
    python benchmarks/adapler.py --backbone movies-minilm --data DATA --work WORK --cells movies-phi0.01-seed0

(``movies-minilm`` is the classifier of docs/results/README.md: at 512 tokens one more epoch is phase 1.)

A cell is named SET-plain-seedS, SET-phiP-seedS or SET-ABLATION-seedS; ``--list`` names those of the tables. A
cell trains what it needs in ``--work`` (phases 1 and 2 are shared by all cells of a set, size and seed; a
killed cell goes on from its last checkpoint), evaluates on the reported split, and writes

    docs/results/adapler/CELL.json       configuration, epochs, metrics, FLOPs speedup, tokens alive
    docs/results/adapler/CELL.parquet    id, label, probabilities and tokens alive of each document, no text

A cell that is there already is left alone. Time is measured apart, by ``--time`` (quiet machine).
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from rationale.corpus import Documents, load_documents
from rationale.corpus.splits import sample, split_dev
from rationale.evaluation.evaluate import Timing, evaluate
from rationale.loading.classifier import load_classifier
from rationale.training import train_dropping
from rationale.training.adapler import AdapLeROptions
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.prepare import prepare

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "adapler"
COMMON: dict[str, Any] = {"attention_dropout": 0.0, "device": "cpu", "warm_start": False}
_NEWS = {
    "max_length": 128, "batch_size": 32, "epochs": 4, "gamma": 0.1, "learning_rate": 5e-5, "keep": "last",
    "predictor_rate": 1e-3, "fine_tune_rate": 1e-4,
}  # fmt: skip
SETS: dict[str, dict[str, Any]] = {
    "agnews": {"rows": 4000, "options": {**_NEWS, "fine_tune_epochs": 3}},
    "agnews2k": {"rows": 2000, "options": {**_NEWS, "fine_tune_epochs": 3}},
    "sst2": {"rows": 10_000, "options": {**_NEWS, "max_length": 64, "gamma": 5e-3, "fine_tune_epochs": 3}},
    "cola": {
        "rows": None,
        "options": {**_NEWS, "max_length": 64, "gamma": 3e-3, "fine_tune_epochs": 5, "metric": "mcc"},
    },
    "movies": {
        "rows": None,
        "options": {
            "max_length": 512, "batch_size": 8, "learning_rate": 3e-5, "epochs": 3, "gamma": 5e-3,
            "fine_tune_epochs": 1, "predictor_rate": 1e-3,
        },
    },
}  # fmt: skip
"""Rows of train, and what was tuned on dev: MiniLM wants larger rates than BERT-base. Gammas: the paper's."""

ABLATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "warm": {"warm_start": True},
    "warm_gentle": {"warm_start": True, "phi": 1e-3},
    "no_saliency": {"gamma": 0.0},
    "no_theta": {"learn_theta": False},
    "steep": {"removal": "steep"},
    "attention": {"target": "attention"},
    "attention_gentle": {"target": "attention", "phi": 1e-3},
}
CELL = re.compile(
    r"(?P<set>\w+)-(?:(?P<plain>plain)|phi(?P<phi>[\d.e-]+?)|(?P<ablation>[a-z_]+))-seed(?P<seed>\d+)"
)


def documents(name: str, data: Path) -> tuple[Documents, Documents, Documents]:
    """Train, dev (taken out of train) and the split that is reported."""
    rows = SETS[name]["rows"]
    folder = data / name.removesuffix("2k")
    if name == "movies":
        train, dev = split_dev(load_documents(folder, "train"), 0.1)
        return train, dev, load_documents(folder, "val")
    train = sample(load_documents(folder, "train"), rows)
    return train, load_documents(folder, "dev"), load_documents(folder, "test")


def options(cell: dict[str, str]) -> AdapLeROptions:
    base = AdapLeROptions(**COMMON, **SETS[cell["set"]]["options"], seed=int(cell["seed"]))
    if cell["ablation"]:
        return replace(base, **{"phi": ABLATION_PHI, **ABLATIONS[cell["ablation"]]})
    return replace(base, phi=float(cell["phi"])) if cell["phi"] else base


ABLATION_PHI = 0.01


def run(name: str, given: argparse.Namespace) -> None:
    found = CELL.fullmatch(name)
    if not found:
        raise SystemExit(f"{name} is no cell's name")
    cell = found.groupdict()
    if (RESULTS / f"{name}.json").exists():
        print(f"{name}: there already")
        return
    train, dev, reported = documents(cell["set"], given.data)
    chosen = options(cell)
    work: Path = given.work
    work.mkdir(parents=True, exist_ok=True)
    plain = work / f"{cell['set']}-seed{cell['seed']}.fine-tuned"
    out = work / name
    if cell["plain"]:
        tuned = fine_tune(plain, prepare(given.backbone, train, dev, chosen), chosen, overwrite=False)
        model, recipe = tuned.best, tuned.recipe
    else:
        if not out.exists():
            train_dropping("adapler", given.backbone, train, dev, out, chosen, fine_tuned=plain)
        model, recipe = out, json.loads((out / "training.json").read_text())
    result = evaluate(load_classifier(model, device="cpu"), reported, Timing(0))
    write(name, result, {**recipe, "cell": asdict(chosen)})
    print(
        f"{name}: accuracy {result['metrics']['accuracy']:.3f}, mcc {result['metrics']['mcc']:.3f}, "
        f"speedup {result['flops_speedup']:.2f}",
        flush=True,
    )


def write(name: str, result: dict[str, Any], recipe: dict[str, Any]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = result.pop("predictions")
    for row in rows:
        row["probabilities"] = [round(p, 4) for p in row["probabilities"]]
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("label", pa.string()),
            ("probabilities", pa.list_(pa.float32())),
            ("alive", pa.list_(pa.int16())),
        ]
    )
    table = pa.Table.from_pylist([{k: row[k] for k in schema.names} for row in rows], schema=schema)
    pq.write_table(table, RESULTS / f"{name}.parquet", compression="zstd")
    for part in (
        recipe["model"],
        recipe["train"],
        recipe["dev"],
        result["recipe"]["model"],
        result["recipe"]["data"],
    ):
        for key in ("name", "source"):
            if key in part:
                part[key] = Path(part[key]).name
    content = {"training": recipe, **result}
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", nargs="+", required=True)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    for name in given.cells:
        run(name, given)


if __name__ == "__main__":
    main()
