"""Documents and files of predictions, made by hand."""

import json

from rationale.corpus import Document, Documents, Span

LABELS = ("NEG", "POS")


def documents():
    """Three reviews of six words each; the third has a number for an id."""
    return Documents(
        [
            Document("a", "a", tuple("a dull film , not good".split()), "NEG", spans=(Span(1, 2), Span(4, 6))),
            Document("b", "b", tuple("truly great art and great fun".split()), "POS", spans=(Span(0, 3),)),
            Document("7", "7", tuple("so the plot : no plot".split()), "NEG", spans=(Span(4, 6),), original_id=7),
        ],
        source="reviews.jsonl",
        split="val",
    )  # fmt: skip


def write(path, rows):
    """Rows as JSON lines, or as CSV or TSV with lists in JSON, by the suffix."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path
    import csv

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",", lineterminator="\n"
        )
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {
                    name: cell if isinstance(cell, str) else "" if cell is None else json.dumps(cell)
                    for name, cell in row.items()
                }
            )
    return path
