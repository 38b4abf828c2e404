"""Writes the page of the human ceilings from the cells that ``human_ceilings.py`` measured."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any


def write(cells: Path, out: Path) -> None:
    """Writes the page; of two cells of one corpus the later counts."""
    found = {one["corpus"]: one for one in map(json.loads, cells.read_text(encoding="utf-8").splitlines())}
    out.write_text("\n".join(page(found.values())) + "\n", encoding="utf-8")


def page(cells: Collection[dict[str, Any]]) -> Iterator[str]:
    """The page: a table a corpus, and none where the classifier does not beat the most frequent class."""
    yield "# Scores between chance and the human ceiling\n"
    yield (
        "Average precision against every annotator, averaged in the document and then over documents; 95 % "
        "bootstrap intervals over documents. *Human* is each annotator against the others (leave one out), "
        "and not an upper bound. *Way* is (AP - chance) / (human - chance). Each method in its best layer, "
        "chosen on these documents; *n* is how many documents count (captum's methods score a "
        "sample; chance and human are of all). Each command is `python "
        "benchmarks/human_ceilings.py` with what is named; its first lines show how the data are made.\n"
    )
    yield from summary([one for one in cells if one["beaten"]])
    for one in cells:
        low, high = one["accuracy"][1:]
        yield f"## {one['corpus']}\n"
        yield (
            f"{one['documents']:,} documents; accuracy {one['accuracy'][0]:.3f} [{low:.3f}, {high:.3f}], the "
            f"most frequent class {one['majority']:.3f}. Human {shown(one['human'])}, chance "
            f"{one['chance'][0]:.3f}; Krippendorff's alpha {shown(one['alpha'])}, pairwise F1 "
            f"{one['pairwise_f1']:.3f}; {one['left_out']:,} masks of no word or of all left out. "
            f"Classifier: {one['trained']}, seed 0, epochs: {one['epochs']}. {one['machine']}. "
            f"Command: `{one['command']}`.\n"
        )
        if not one["beaten"]:
            yield "The classifier does not beat the most frequent class: no table.\n"
            continue
        yield "| Method | Layer | AP | Way | n |\n|---|---:|---:|---:|---:|"
        for row in one["rows"]:
            way = f"{row['way']:.0%} | {row['n']:,}"
            yield f"| {row['method']} | {row['layer']} | {shown(row['ap'])} | {way} |"
        yield ""
        if one.get("naopc"):
            yield from removed(one["naopc"])


def summary(cells: Collection[dict[str, Any]]) -> Iterator[str]:
    """One line a corpus: how far the best score comes."""
    yield "| Corpus | Chance | Best score | AP | Human | AP / human | Way |"
    yield "|---|---:|---|---:|---:|---:|---:|"
    for one in cells:
        best = max(one["rows"], key=lambda row: row["ap"][0])
        layer = f", layer {best['layer']}" if best["layer"] else ""
        share = best["ap"][0] / one["human"][0]
        yield (
            f"| {one['corpus']} | {one['chance'][0]:.3f} | {best['method']}{layer} | {shown(best['ap'])} | "
            f"{shown(one['human'])} | {share:.0%} | {best['way']:.0%} |"
        )
    yield ""


def removed(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The table of what removing words shows, on short documents."""
    by_method: dict[str, dict[str, str]] = {}
    for row in rows:
        by_method.setdefault(row["method"], {})[row["metric"]] = shown(row["value"])
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    yield (
        f"Removing words, on {max(row['n'] for row in rows):,} documents of at most 20 words (scores of the "
        "embeddings; limits over all orders to 10 words, by a beam of 2 beyond):\n"
    )
    yield "| Method | " + " | ".join(metric.replace("_", " ") for metric in metrics) + " |"
    yield "|---" + "|---:" * len(metrics) + "|"
    for method, values in by_method.items():
        yield f"| {method} | " + " | ".join(values.get(metric, "") for metric in metrics) + " |"
    yield ""


def shown(interval: Sequence[float]) -> str:
    return f"{interval[0]:.3f} [{interval[1]:.3f}, {interval[2]:.3f}]"
