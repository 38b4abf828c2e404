"""Comparisons of token-dropping systems as docs/results keeps them: cells without text, pictures, one page.

    python benchmarks/text_data.py --published DIR --out DATA          (SST-2, CoLA, AG's News, STS-B)
    rationale compare --data DATA/sst2 … --out WORK/sst2               (commands: docs/results/systems.md)
    python benchmarks/systems.py --compared WORK/sst2 --name sst2      (keeps what is there; repeat it a set)
    python benchmarks/systems.py                                       (pictures and page anew)

leaves, for each set,

    docs/results/systems/SET/comparison.json   all records: figures with intervals, cost, time, tokens kept
    docs/results/systems/SET/CELL.json         configuration, epochs and metrics of a cell
    docs/results/systems/SET/CELL.parquet      id, label, probabilities or value, tokens kept; no text
    docs/images/systems-SET.png                the front
    docs/results/systems-tables.md             the tables of all sets
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from keeping import draw, without_folders

from rationale.artifacts.record import to_json
from rationale.artifacts.seal import read_sealed, sealed
from rationale.report.comparison import rule_table, systems_table
from rationale.report.figures.systems import fronts
from rationale.report.lengths import bands_table, errors_table
from rationale.report.table import Table
from rationale.study.comparison import COMPARISON, load_comparison

DOCS = Path(__file__).parents[1] / "docs"
CELLS, IMAGES = DOCS / "results" / "systems", DOCS / "images"
TITLES = {
    "sst2": "SST-2, 10,000 rows of train, the 872 sentences of dev",
    "sst2-2k": "SST-2, 2,000 rows of train, the 872 sentences of dev",
    "agnews": "AG's News, 4,000 rows of train, the first 3,800 of test",
    "agnews-short": "AG's News, trained below the median length only",
    "cola": "CoLA, in-domain, dev",
    "stsb": "STS-B, dev",
    "movies": "ERASER movies at 512 tokens, val",
    "movies-240": "ERASER movies at 512 tokens, 240 reviews of train (24 for dev), val",
    "multirc": "ERASER MultiRC at 512 tokens, 600 pairs of train (60 for dev), 200 of val",
}


def keep(compared: Path, name: str) -> None:
    """Copies what a comparison left, without text and without folders of this machine."""
    comparison, to = load_comparison(compared), CELLS / name
    to.mkdir(parents=True, exist_ok=True)
    content, recipe = to_json(comparison), comparison.recipe
    content["recipe"]["model"] = Path(recipe.model).name
    content["recipe"]["reported"]["source"] = Path(recipe.reported.source).name
    (to / COMPARISON).write_text(json.dumps(sealed(content, "comparison"), indent=1) + "\n")
    for record in comparison.records:
        cell = compared / record.cell
        evaluation, _ = read_sealed(cell / "evaluation.json")
        rows = evaluation.pop("predictions")
        said = "value" if "value" in rows[0] else "probabilities"
        columns = {key: [row[key] for row in rows] for key in ("id", "label", said, "tokens_kept")}
        types = {"tokens_kept": pa.list_(pa.int16()), "probabilities": pa.list_(pa.float32())}
        table = pa.table({k: pa.array(v, types.get(k)) for k, v in columns.items()})
        pq.write_table(table, to / f"{record.cell}.parquet", compression="zstd")
        content = {"training": _training(cell / "model"), "evaluation": evaluation}
        (to / f"{record.cell}.json").write_text(json.dumps(without_folders(content), indent=1) + "\n")


def _training(model: Path) -> dict[str, Any]:
    """Every stage's recipe and epochs."""
    found = sorted(model.parent.glob("model*/training.json"))
    return {path.parent.name: read_sealed(path, note=False)[0] for path in found}


def page() -> str:
    lines = ["# Token-dropping systems beside each other: all tables", "", INTRODUCTION, ""]
    for name, title in TITLES.items():
        if not (CELLS / name / COMPARISON).exists():
            continue
        comparison = load_comparison(CELLS / name)
        records = comparison.records
        lines += [f"## {title}", "", f"![{name}](../images/systems-{name}.png)", ""]
        tables: list[Table] = [rule_table(records), systems_table(records)]
        if comparison.lengths is not None:
            medians, divergence = comparison.lengths.median, comparison.lengths.kl
            lines += [
                f"Median length {medians.train:g} tokens in training, {medians.reported:g} reported; "
                f"KL(reported || train) {divergence:.3f} nats.",
                "",
            ]
            tables += [bands_table(records, "value"), errors_table(records)]
        for table in tables:
            if table.rows:
                lines += [table.to_markdown().strip(), ""]
    return "\n".join(lines)


INTRODUCTION = (
    "Made by `python benchmarks/systems.py` from `systems/SET/comparison.json`; `systems/SET/CELL.json` and "
    "`.parquet` hold configuration, epochs and the prediction for every document. What they show, and how "
    "they were made, is in [systems.md](systems.md). Intervals are 95 % percentile bootstraps over documents."
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--compared", type=Path, help="Folder of a comparison, to keep.")
    parser.add_argument("--name", choices=TITLES, help="Of its set.")
    given = parser.parse_args()
    if given.compared:
        keep(given.compared, given.name)
    else:
        (DOCS / "results" / "systems-tables.md").write_text(page() + "\n")
        draw(
            {
                IMAGES / f"systems-{name}.png": fronts(load_comparison(CELLS / name).records)
                for name in TITLES
                if (CELLS / name / COMPARISON).exists()
            }
        )


if __name__ == "__main__":
    main()
