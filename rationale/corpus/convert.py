"""Converts any readable data to an ERASER folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unicodedata import normalize

from rationale.corpus.columns import Columns
from rationale.corpus.load import list_splits, load_documents
from rationale.corpus.readers import DuplicateIds
from rationale.corpus.segment import Segmentation
from rationale.corpus.write import is_file_name, write_eraser


def convert_data(
    source: Any,
    out: str | Path,
    *,
    columns: Columns | None = None,
    duplicate_ids: DuplicateIds = "refuse",
    segmentation: Segmentation = "spaces",
    overwrite: bool = False,
) -> Path:
    """Writes every split of ``source`` to ``out``, in the benchmark's layout.

    Documents go to ``docs/``; where ids are no file names or differ in case only, or a word is empty, they go
    to ``docs.jsonl``. A collection without splits becomes ``data.jsonl``. Ids that are numbers stay numbers.

    Raises:
        DataError: Where the source cannot be read, or the layout cannot represent it.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    splits = {
        split or "data": load_documents(
            source,
            split or None,
            columns=columns,
            duplicate_ids=duplicate_ids,
            segmentation=segmentation,
        )
        for split in list_splits(source) or [""]
    }
    documents = [document for split_documents in splits.values() for document in split_documents]
    names = {document.docid for document in documents}
    folded = {normalize("NFC", name).casefold() for name in names}  # one file each on every system
    as_files = all(is_file_name(document.docid) and "" not in document.words for document in documents)
    as_files = as_files and len(folded) == len(names)
    return write_eraser(splits, out, overwrite=overwrite, single_file=not as_files)
