"""Any readable data as an ERASER folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rationale.corpus.columns import Columns
from rationale.corpus.load import list_splits, load_documents
from rationale.corpus.readers import DuplicateIds
from rationale.corpus.write import is_file_name, write_eraser


def convert_data(
    source: Any,
    out: str | Path,
    *,
    columns: Columns | None = None,
    duplicate_ids: DuplicateIds = "refuse",
    overwrite: bool = False,
) -> Path:
    """Writes every split of ``source`` to ``out``, in the benchmark's layout.

    Documents go to ``docs/``, or, where their ids are no file names, to ``docs.jsonl``. A collection
    without splits becomes ``data.jsonl``.

    Raises:
        DataError: Where the source cannot be read, or the layout has no place for what it holds.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    splits = {
        split or "data": load_documents(source, split or None, columns=columns, duplicate_ids=duplicate_ids)
        for split in list_splits(source) or [""]
    }
    names = {document.docid for documents in splits.values() for document in documents}
    single_file = not all(map(is_file_name, names))
    return write_eraser(splits, out, overwrite=overwrite, single_file=single_file)
