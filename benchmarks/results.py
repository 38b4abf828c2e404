"""An agreement.json as the two files that are committed under docs/results: figures only, no text, no ids.

    python benchmarks/results.py --agreement agreement.json --name movies-val

writes docs/results/NAME.json (recipe, classification, every record, comparisons with random) and NAME.md:
for each method and layer, with 95 % intervals, AP; FPR, recall and selected share by delta; FPR at matched k.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rationale.agreement.select import rule_text
from rationale.artifacts.provenance import AgreementProvenance
from rationale.artifacts.record import from_json
from rationale.artifacts.seal import read_sealed
from rationale.artifacts.sealing import insert_seal

RESULTS = Path(__file__).parents[1] / "docs" / "results"
Record = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agreement", type=Path, required=True)
    parser.add_argument("--name", required=True)
    given = parser.parse_args()
    found, _ = read_sealed(given.agreement, "agreement", note=False)
    found["recipe"]["model"]["name"] = Path(found["recipe"]["model"]["name"]).name
    found["recipe"]["data"]["source"] = Path(found["recipe"]["data"]["source"]).name
    found["recipe"]["agreement"]["source"] = Path(found["recipe"]["agreement"]["source"]).name
    found["comparisons"] = [c for c in found["comparisons"] if c["other"] == "random" and c["metric"] == "ap"]
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / f"{given.name}.json"
    kept.write_text(json.dumps(found, separators=(",", ":")) + "\n")
    insert_seal(kept, "agreement")
    (RESULTS / f"{given.name}.md").write_text("\n".join(page(given.name, found)) + "\n")


def page(name: str, found: Mapping[str, Any]) -> Iterable[str]:
    recipe, own = found["recipe"], found["classification"]
    accuracy = f"{own['accuracy']:.3f} [{own['low']:.3f}, {own['high']:.3f}]"
    yield f"# {name}\n"
    how = f"protocol `{recipe['protocol']}`, target `{recipe['target']}`, seed {recipe['seed']}"
    yield f"{recipe['data']['documents']} documents, {how}; weights {recipe['model']['hash']}."
    yield f"Accuracy {accuracy}, n = {own['n']}."
    yield "Brackets are 95 % percentile-bootstrap intervals over documents.\n"
    rule = rule_text(from_json(AgreementProvenance, recipe), "threshold")
    kinds = [("ap", None, "Average precision"), ("fpr", "threshold", f"FPR, {rule}")]
    kinds += [
        ("recall", "threshold", f"Recall, {rule}"),
        ("selected_share", "threshold", f"Selected share, {rule}"),
    ]
    kinds += [("fpr", "top_k_gold", "FPR at matched k"), ("token_f1", "top_k_gold", "Token F1 at matched k")]
    kinds += [("comprehensiveness", None, "Comprehensiveness"), ("sufficiency", None, "Sufficiency")]
    for metric, select, title in kinds:
        records = [
            r
            for r in found["records"]
            if (r["metric"], r["select"]) == (metric, select) and r["value"] is not None
        ]
        if records:
            yield from table(title, records)


def table(title: str, records: list[Record]) -> Iterable[str]:
    layers = sorted({r["layer"] for r in records})
    counts = ", ".join(sorted({f"n = {r['n']}, skipped {r['skipped']}" for r in records}))
    yield f"## {title}\n\n{counts}\n"
    yield "| method | " + " | ".join(f"layer {layer}" for layer in layers) + " |"
    yield "|---|" + "---|" * len(layers)
    for method in dict.fromkeys(r["method"] for r in records):
        cells = {r["layer"]: cell(r) for r in records if r["method"] == method}
        yield f"| `{method}` | " + " | ".join(cells.get(layer, "") for layer in layers) + " |"
    yield ""


def cell(record: Record) -> str:
    return f"{record['value']:.3f} [{record['low']:.3f}, {record['high']:.3f}]"


if __name__ == "__main__":
    main()
