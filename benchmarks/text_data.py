"""AG's News, SST-2, CoLA and STS-B as published, made into folders that `rationale` reads.

    python benchmarks/text_data.py --published DIR --out DIR

Expects in ``--published`` (whichever are there):

    agnews_train10k.tsv           description<TAB>label name, no header (a part of train)
    agnews_test_first_half.csv    "class number","title","description" (the head of test)
    sst2_train.tsv, sst2_dev.tsv  sentence<TAB>label, with header (GLUE)
    cola_in_domain_train.tsv, cola_in_domain_dev.tsv    source, label, mark, sentence, no header
    stsb_train.tsv, stsb_dev.tsv  with header (GLUE): two sentences, and how alike they are, 0 to 5

Writes ``OUT/{agnews,sst2,cola,stsb}/{train,dev,test}.jsonl``. ``test`` is what is reported: the published
test or dev rows. ``dev`` is a part of the published train, taken out of it by the hash of the text (so that
a sentence that occurs twice is on one side): settings and epochs are chosen on it. ``train`` is the rest.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

Row = tuple[str, str] | tuple[str, str, str]
"""Text and label, and where there is one the query that comes before the text."""

DEV_ROWS = 1000
NEWS = {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}
FEELINGS = {"0": "negative", "1": "positive"}
VERDICTS = {"0": "unacceptable", "1": "acceptable"}


def tabs(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            yield line.split("\t")


def agnews_train(path: Path) -> Iterator[Row]:
    return ((row[0], row[1]) for row in tabs(path))


def agnews_test(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from ((row[2], NEWS[row[0]]) for row in csv.reader(file))


def sst2(path: Path) -> Iterator[Row]:
    return ((row[0], FEELINGS[row[1]]) for row in tabs(path) if row[1] in FEELINGS)


def cola(path: Path) -> Iterator[Row]:
    return ((row[3], VERDICTS[row[1]]) for row in tabs(path))


def stsb(path: Path) -> Iterator[Row]:
    rows = (row for row in tabs(path) if row[0] != "index")
    return ((row[8], row[9], row[7]) for row in rows)


SETS = {
    "agnews": (("agnews_train10k.tsv", agnews_train), ("agnews_test_first_half.csv", agnews_test)),
    "sst2": (("sst2_train.tsv", sst2), ("sst2_dev.tsv", sst2)),
    "stsb": (("stsb_train.tsv", stsb), ("stsb_dev.tsv", stsb)),
    "cola": (("cola_in_domain_train.tsv", cola), ("cola_in_domain_dev.tsv", cola)),
}


def hashed(row: Row) -> str:
    return hashlib.sha256(" ".join((*row[2:], row[0])).encode()).hexdigest()


def fields(text: str, label: str, query: str | None = None) -> dict[str, str]:
    return {"text": text.strip(), "label": label} | ({} if query is None else {"query": query.strip()})


def write(path: Path, rows: Iterable[Row]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"id": f"{path.stem}-{number}", **fields(*row)}, ensure_ascii=False)
        for number, row in enumerate(rows)
        if row[0].strip()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    for name, ((train_file, read_train), (test_file, read_test)) in SETS.items():
        if not (given.published / train_file).exists():
            print(f"{name}: {train_file} is not there, left out")
            continue
        rows = sorted(read_train(given.published / train_file), key=hashed)
        cut = next(i for i in range(DEV_ROWS, len(rows)) if hashed(rows[i]) != hashed(rows[i - 1]))
        counts = (
            write(given.out / name / "train.jsonl", rows[cut:]),
            write(given.out / name / "dev.jsonl", rows[:cut]),
            write(given.out / name / "test.jsonl", read_test(given.published / test_file)),
        )
        print(f"{name}: train {counts[0]}, dev {counts[1]}, test {counts[2]}")


if __name__ == "__main__":
    main()
