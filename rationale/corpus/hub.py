"""Objects of the ``datasets`` library, and the folders it saves them to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rationale.corpus.columns import check_columns
from rationale.corpus.document import Documents
from rationale.corpus.readers import READERS, Reader, ReadOptions, usual_order
from rationale.corpus.rows import Row, read_rows
from rationale.errors import DataError

_SAVED_DICT, _SAVED = "dataset_dict.json", "dataset_info.json"


def read_dataset(source: Any, split: str, options: ReadOptions) -> Documents:
    """Reads a ``Dataset`` or ``IterableDataset``, or one split of a dict of them; see `Columns`.

    Numbers of a ``ClassLabel`` column become its names; -1 (the library's "no label") becomes None.

    Raises:
        DataError: On a row that cannot be read as it is.
    """
    name = str(source) if isinstance(source, str | Path) else f"datasets.{type(source).__name__}"
    dataset = _open(source)
    if isinstance(dataset, Mapping):
        dataset = dataset[split]
    found = dataset.column_names
    if found is not None:
        check_columns(found, options.columns, name)
    return read_rows(_rows(dataset, options, name), source=name, split=split, options=options)


def dataset_splits(source: Any) -> list[str]:
    """The splits of a dict of data sets, or the one a data set says it is; else none."""
    dataset = _open(source)
    if isinstance(dataset, Mapping):
        return usual_order(map(str, dataset))
    return [] if dataset.split is None else [str(dataset.split)]


def is_dataset(source: object) -> bool:
    """Whether ``source`` is an object of ``datasets``, or a folder written by its ``save_to_disk``."""
    if isinstance(source, str | Path):
        return any((Path(source) / name).is_file() for name in (_SAVED_DICT, _SAVED))
    if "datasets" not in sys.modules:  # then nobody can have made one
        return False
    import datasets

    kinds = (datasets.Dataset, datasets.IterableDataset, datasets.DatasetDict, datasets.IterableDatasetDict)
    return isinstance(source, kinds)


def _open(source: Any) -> Any:
    if not isinstance(source, str | Path):
        return source
    import datasets

    try:
        return datasets.load_from_disk(str(source))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"cannot be read as a saved data set ({error})", where=source) from error


def _rows(dataset: Any, options: ReadOptions, name: str) -> Iterator[Row]:
    label = options.columns.label
    names = getattr((dataset.features or {}).get(label), "names", None)
    for number, row in enumerate(dataset.with_format(None)):
        if names is not None and isinstance(row[label], int):
            row[label] = names[row[label]] if row[label] >= 0 else None
        yield f"{name}, row {number} (counted from 0)", row


READERS.register("datasets")(
    Reader(
        reads="a Dataset or DatasetDict of the datasets library, or a folder it was saved to",
        recognises=is_dataset,
        splits=dataset_splits,
        read=read_dataset,
    )
)
