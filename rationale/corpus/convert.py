"""Converts any readable data to an ERASER folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from rationale.corpus.annotators import Aggregate, aggregate
from rationale.corpus.columns import Columns
from rationale.corpus.document import Documents
from rationale.corpus.load import list_splits, load_documents
from rationale.corpus.readers import DuplicateIds
from rationale.corpus.same_label import of_same_label
from rationale.corpus.segment import Segmentation
from rationale.corpus.write import is_file_name, write_eraser
from rationale.errors import DataError


def convert_data(
    source: Any,
    out: str | Path,
    *,
    columns: Columns | None = None,
    duplicate_ids: DuplicateIds = "refuse",
    segmentation: Segmentation = "spaces",
    gold: Aggregate | None = None,
    same_label: bool = False,
    overwrite: bool = False,
) -> Path:
    """Writes every split of ``source`` to ``out``, in the benchmark's layout.

    Documents go to ``docs/``; where ids are no file names or differ in case only, or a word is empty, they go
    to ``docs.jsonl``. A collection without splits becomes ``data.jsonl``. Ids that are numbers stay numbers.

    Args:
        source: Anything that `load_documents` reads.
        out: The folder to make.
        columns: The names of a table's columns.
        duplicate_ids: What to do with an id used twice.
        segmentation: How text becomes words.
        gold: The rule that makes one rationale of several annotators'; see `aggregate`.
        same_label: Whether only annotators count who gave the document's label.
        overwrite: Whether an earlier folder may be replaced.

    Raises:
        DataError: Where the source cannot be read, or has several annotators and no ``gold``,
            or the layout cannot represent it.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    splits: dict[str, Documents] = {
        split or "data": load_documents(
            source,
            split or None,
            columns=columns,
            duplicate_ids=duplicate_ids,
            segmentation=segmentation,
        )
        for split in list_splits(source) or [""]
    }
    return write_splits(splits, out, gold=gold, same_label=same_label, overwrite=overwrite)


def write_splits(
    splits: Mapping[str, Documents],
    out: str | Path,
    *,
    gold: Aggregate | None = None,
    same_label: bool = False,
    overwrite: bool = False,
) -> Path:
    """Writes splits in the benchmark's layout, which has one rationale a document: see `convert_data`.

    Raises:
        DataError: Where documents have several annotators and ``gold`` is None, or none and it is given; with
            ``same_label`` as `of_same_label`.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    if gold is not None:
        kept = {name: of_same_label(part) if same_label else part for name, part in splits.items()}
        splits = {name: aggregate(part, gold) for name, part in kept.items()}
    documents = [document for split_documents in splits.values() for document in split_documents]
    several = next((d for d in documents if len(d.asked) > 1), None) if gold is None else None
    if several is not None:
        raise DataError(
            f"document {several.id!r} has {len(several.asked)} annotators, and an ERASER folder has one "
            "rationale a document",
            remedy="Choose one: --gold union, majority, any2 or intersection.",
        )
    names = {document.docid for document in documents}
    folded = {normalize("NFC", name).casefold() for name in names}  # one file each on every system
    as_files = all(is_file_name(document.docid) and "" not in document.words for document in documents)
    as_files = as_files and len(folded) == len(names)
    return write_eraser(splits, out, overwrite=overwrite, single_file=not as_files)
