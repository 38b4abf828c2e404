"""Documents and files of predictions, made by hand."""

import json
from dataclasses import replace

from rationale.corpus import Document, Documents, Span


def documents():
    """Three reviews of six words each; the third has a number for an id."""
    return Documents(
        [
            _document("a", "a dull film , not good", "NEG", Span(1, 2), Span(4, 6)),
            _document("b", "truly great art and great fun", "POS", Span(0, 3)),
            replace(_document("7", "so the plot : no plot", "NEG", Span(4, 6)), original_id=7),
        ],
        source="reviews.jsonl",
        split="val",
    )


def _document(name, text, label, *spans):
    return Document(name, name, tuple(text.split()), label, spans=spans)


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
