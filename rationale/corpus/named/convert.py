"""A named corpus as a table with its annotators, or as an ERASER folder with one rationale a document."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from rationale.corpus.annotations import row_of
from rationale.corpus.annotators import Aggregate, aggregate
from rationale.corpus.convert import write_splits
from rationale.corpus.document import Document
from rationale.corpus.named.reader import NamedCorpus, named_splits, read_named
from rationale.corpus.same_label import of_same_label
from rationale.errors import DataError
from rationale.files import atomic_text


def convert_named(
    name: str,
    source: str | Path,
    out: str | Path,
    *,
    split: str | None = None,
    gold: Aggregate | None = None,
    same_label: bool = False,
    true_false: bool = False,
    overwrite: bool = False,
) -> dict[str, NamedCorpus]:
    """Writes one split of a corpus to ``FILE.jsonl``, or one or all of its splits as an ERASER folder.

    Args:
        name: The corpus reader: one of `NAMED`.
        source: The file, or the folder that the corpus was unpacked to.
        out: A file whose name ends in ``.jsonl``, or a folder.
        split: The split; a file holds one, a folder all of them where this is None.
        gold: The rule that makes one rationale of several annotators'; a folder needs it.
        same_label: Whether only annotators who gave the document's label are kept.
        true_false: Whether each answer of a question becomes a document of its own.
        overwrite: Whether an earlier output may be replaced.

    Returns:
        What was read of each split, before ``gold``.

    Raises:
        DataError: Where the corpus cannot be read, or a folder is asked for without ``gold``.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    is_file = str(out).endswith(".jsonl")
    if not is_file and gold is None:
        raise DataError(
            "an ERASER folder has one rationale a document, and this corpus has annotators",
            where=out,
            remedy="Choose one: --gold union, majority, any2 or intersection; or name a file, --out F.jsonl.",
        )
    names = [split] if is_file or split is not None else named_splits(name, source)
    found = [read_named(name, source, one, true_false=true_false) for one in names]
    corpora = {corpus.documents.split or name: corpus for corpus in found}
    if is_file:
        (documents,) = (corpus.documents for corpus in found)
        kept = of_same_label(documents) if same_label else documents
        write_rows(kept if gold is None else aggregate(kept, gold), out, overwrite=overwrite)
    else:
        splits = {one: corpus.documents for one, corpus in corpora.items()}
        write_splits(splits, out, gold=gold, same_label=same_label, overwrite=overwrite)
    return corpora


def write_rows(documents: Iterable[Document], path: str | Path, *, overwrite: bool = False) -> Path:
    """Writes documents as JSON lines with their ``annotations``, so that `load_documents` gives them back.

    Raises:
        DataError: On a document that a row has no place for; see `row_of`.
        OutputError: Where the file exists and ``overwrite`` is off, or the disk refuses.
    """
    lines = (json.dumps(row_of(document), ensure_ascii=False, allow_nan=False) for document in documents)
    return atomic_text(path, "".join(line + "\n" for line in lines), overwrite=overwrite)
