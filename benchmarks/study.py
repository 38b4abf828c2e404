"""Top-k studies as docs/results keeps them: predictions without text, a picture, one page.

    rationale study topk --data movies … --out WORK/movies           (commands: docs/results/study.md)
    python benchmarks/study.py --studied WORK/movies --name movies   (keeps what is there)
    rationale study faithfulness --agreement AGREEMENT --out WORK/faithful
    python benchmarks/study.py --faithful WORK/faithful --name movies (plausibility and faithfulness)
    python benchmarks/study.py                                       (pictures and page anew)

leaves, for each study,

    docs/results/study/NAME/study.json            accuracies with intervals, comparisons, recipe
    docs/results/study/NAME/predictions.parquet   ids, labels, probabilities, which words were read; no text
    docs/results/study/NAME/cells/CELL/           the same by cell: copied into --out, a study goes on there
    docs/results/study/NAME/faithfulness.json     correlations of plausibility and faithfulness
    docs/images/study-NAME.png                    the bars
    docs/images/faithfulness-NAME-METRIC.png      the correlations with AP and ROC-AUC
    docs/results/study-tables.md                  the tables of all
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from keeping import copy_result, draw

from rationale.agreement.correlation import CORRELATIONS, Correlations
from rationale.artifacts.seal import beside
from rationale.report.faithfulness import between_table, correlation_figure, within_table
from rationale.report.table import Table
from rationale.report.topk import bars, conditions_table, pairs_table
from rationale.study.topk.names import PREDICTIONS, STUDY
from rationale.study.topk.stored import StoredStudy

DOCS = Path(__file__).parents[1] / "docs"
FAITHFULNESS = "faithfulness.json"
KEPT, IMAGES = DOCS / "results" / "study", DOCS / "images"
TITLES = {
    "movies": "ERASER movies, the first 512 tokens, val",
    "multirc": "ERASER MultiRC, 2,000 pairs of train, val",
}


def keep(studied: Path, name: str) -> None:
    """Copies tables, predictions and the epochs of every training; weights and scores stay where they are."""
    StoredStudy.load(studied)
    to = KEPT / name
    shutil.rmtree(to / "cells", ignore_errors=True)
    to.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(studied / PREDICTIONS, to / PREDICTIONS)
    copy_result(studied / STUDY, to / STUDY)
    for cell in sorted(path.parent for path in studied.glob(f"cells/*/{PREDICTIONS}")):
        own = to / "cells" / cell.name
        own.mkdir(parents=True)
        for predictions in (cell / PREDICTIONS, beside(cell / PREDICTIONS)):
            if predictions.exists():
                shutil.copyfile(predictions, own / predictions.name)
        copy_result(cell / "cell.json", own / "cell.json")
        if (cell / "model" / "training.json").exists():
            copy_result(cell / "model" / "training.json", own / "training.json")


def keep_faithfulness(folder: Path, name: str) -> None:
    """Copies the correlations."""
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    copy_result(folder / FAITHFULNESS, KEPT / name / FAITHFULNESS)


def correlated() -> dict[str, Correlations]:
    files = {name: KEPT / name / FAITHFULNESS for name in TITLES}
    return {name: CORRELATIONS.read(file) for name, file in files.items() if file.exists()}


def studies() -> dict[str, StoredStudy]:
    return {name: StoredStudy.load(KEPT / name) for name in TITLES if (KEPT / name / STUDY).exists()}


def page() -> str:
    lines = ["# The top-k study: all tables", "", INTRODUCTION, ""]
    for name, study in studies().items():
        lines += [f"## {TITLES[name]}", "", f"![{name}](../images/study-{name}.png)", ""]
        tables: list[Table] = [
            conditions_table(study.results.records),
            pairs_table(study.results.comparisons),
        ]
        for table in tables:
            lines += [table.to_markdown().strip(), ""]
    for name, found in correlated().items():
        lines += [f"## {TITLES[name]}: plausibility and faithfulness", ""]
        lines += [
            f"![AP](../images/faithfulness-{name}-ap.png)",
            f"![ROC-AUC](../images/faithfulness-{name}-roc_auc.png)",
            "",
        ]
        for table in (between_table(found), within_table(found)):
            lines += [table.to_markdown().strip(), ""]
    return "\n".join(lines)


INTRODUCTION = (
    "Made by `python benchmarks/study.py` from `study/NAME/`. What they show, and how they were made, is in "
    "[study.md](study.md). Hollow bars are oracles, the dotted line is the full input."
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studied", type=Path, help="Folder of a study, to keep.")
    parser.add_argument("--faithful", type=Path, help="Folder of `rationale study faithfulness`, to keep.")
    parser.add_argument("--name", choices=TITLES, help="What it is called.")
    given = parser.parse_args()
    if given.studied:
        keep(given.studied, given.name)
    elif given.faithful:
        keep_faithfulness(given.faithful, given.name)
    else:
        (DOCS / "results" / "study-tables.md").write_text(page() + "\n")
        draw({IMAGES / f"study-{name}.png": bars(study.results.records) for name, study in studies().items()})
        draw(
            {
                IMAGES / f"faithfulness-{name}-{metric}.png": correlation_figure(found, metric)
                for name, found in correlated().items()
                for metric in ("ap", "roc_auc")
            },
            height=280,
        )


if __name__ == "__main__":
    main()
