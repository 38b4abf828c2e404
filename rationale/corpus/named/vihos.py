"""ViHOS: Vietnamese comments and the characters in them that are hateful or offensive."""

from __future__ import annotations

from pathlib import Path

from rationale.corpus.document import Document
from rationale.corpus.fields import identifier
from rationale.corpus.named.cells import csv_rows, files_named, literal
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader
from rationale.corpus.named.runs import document_of_runs
from rationale.corpus.readers import usual_order

_FILES = r"(train|dev|test)\.csv"


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a comment, its words those between white space, its id ``dev_0``: split, first column.

    The spans are the published ones, which the authors made of several annotators': one annotator without a
    name. Every comment was annotated, so an empty list says ``nothing``. Vietnamese writes a blank between
    syllables, which are what is marked here. There are no labels.
    """
    rows = csv_rows(files_named(source, _FILES)[split], ("", "content", "index_spans"))
    return [
        document_of_runs(
            f"{split}_{identifier(row[''], 'the first column', where)}",
            row["content"],
            literal(row["index_spans"], "index_spans", where),
            "index_spans",
            where,
            options,
        )
        for where, row in rows
    ]


NAMED.register("vihos")(
    NamedReader(
        reads="train.csv, dev.csv, test.csv with the columns content and index_spans",
        splits=lambda source: usual_order(files_named(source, _FILES)),
        read=read,
    )
)
