"""Reads objects of the ``datasets`` library, and the folders it saves them to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from rationale.corpus.columns import check_columns
from rationale.corpus.document import Documents
from rationale.corpus.fields import short
from rationale.corpus.lines import json_file
from rationale.corpus.readers import READERS, Reader, ReadOptions, usual_order
from rationale.corpus.rows import Row, read_rows
from rationale.errors import DataError
from rationale.extras import optional
from rationale.strict_json import Json

_SAVED_DICT, _SAVED = "dataset_dict.json", ("dataset_info.json", "state.json")


def read_dataset(source: Any, split: str, options: ReadOptions) -> Documents:
    """Reads a ``Dataset`` or ``IterableDataset``, or one split of a dict of them; see `Columns`.

    Numbers of a ``ClassLabel`` column become its names; -1 (the library's "no label") becomes None.

    Raises:
        DataError: On a row that cannot be read.
    """
    name = str(source) if isinstance(source, str | Path) else f"datasets.{type(source).__name__}"
    dataset = _open(source)
    if isinstance(dataset, Mapping):
        dataset = dataset[split]
    column_names = dataset.column_names
    if column_names is not None:
        check_columns(column_names, options.columns, name)
    return read_rows(_rows(dataset, options, name), source=name, split=split, options=options)


def dataset_splits(source: Any) -> list[str]:
    """The splits of a dict of data sets, or the one split a data set names; else empty."""
    dataset = _open(source)
    if isinstance(dataset, Mapping):
        return usual_order(map(str, dataset))
    return [] if dataset.split is None else [str(dataset.split)]


def is_dataset(source: object) -> bool:
    """Whether ``source`` is an object of ``datasets``, or a folder written by its ``save_to_disk``."""
    if isinstance(source, str | Path):
        folder = Path(source)
        return (folder / _SAVED_DICT).is_file() or all((folder / name).is_file() for name in _SAVED)
    if "datasets" not in sys.modules:  # without the library there is no such object
        return False
    import datasets

    kinds = (datasets.Dataset, datasets.IterableDataset, datasets.DatasetDict, datasets.IterableDatasetDict)
    return isinstance(source, kinds)


def _open(source: Any) -> Any:
    if not isinstance(source, str | Path):
        return source
    datasets = optional("datasets")
    _check_folder(Path(source))
    with _one_error(source):
        return datasets.load_from_disk(str(source))


def _check_folder(folder: Path) -> None:
    """Checks what the library takes for granted in the JSON files of a folder that ``save_to_disk`` wrote.

    Raises:
        DataError: Naming the file, what it must hold and what it holds.
    """
    parts = [Path()]
    if (folder / _SAVED_DICT).is_file():
        splits = _saved_json(folder, _SAVED_DICT).get("splits")
        if not isinstance(splits, list) or not all(map(_is_name, splits)):
            raise _damaged(folder, _SAVED_DICT, f"expected 'splits', a list of names, got {_shown(splits)}")
        parts = [Path(name) for name in splits]
    info, state = _SAVED
    for part in parts:
        for name in _SAVED:
            if not (folder / part / name).is_file():
                raise _damaged(folder, part / name, "there is no such file")
        _saved_json(folder, part / info)
        files = _saved_json(folder, part / state).get("_data_files")
        names = [file.get("filename") if isinstance(file, dict) else None for file in _listed(files)]
        if not names or not all(isinstance(name, str) for name in names):
            expected = "expected '_data_files', a list of {\"filename\": …}"
            raise _damaged(folder, part / state, f"{expected}, got {_shown(files)}")


def _is_name(value: object) -> bool:
    """Whether a value is the name of a folder beside its file, no path to elsewhere."""
    return isinstance(value, str) and bool(value.strip(".")) and not set(value) & set("/\\\0")


def _shown(value: Any) -> str:
    return "nothing" if value is None else short(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _saved_json(folder: Path, name: str | Path) -> Json:
    try:
        content = json_file(folder / name)
    except DataError as error:
        raise _damaged(folder, name, error.what) from error
    if not isinstance(content, dict):
        raise _damaged(folder, name, f"expected an object, got {short(content)}")
    return content


def _damaged(folder: Path, name: str | Path, what: str) -> DataError:
    return DataError(
        f"cannot be read as a saved data set ({name}: {what})",
        where=str(folder),
        remedy="Save it again with save_to_disk.",
    )


@contextmanager
def _one_error(source: object) -> Iterator[None]:
    """Turns any exception that the library raises on a damaged folder into a DataError."""
    try:
        yield
    except DataError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, pa.ArrowException) as error:
        shown = " ".join(str(error).split())[:300]
        what = f"{type(error).__name__}: {shown}" if isinstance(error, LookupError | TypeError) else shown
        raise DataError(f"cannot be read as a saved data set ({what})", where=str(source)) from error


def _rows(dataset: Any, options: ReadOptions, name: str) -> Iterator[Row]:
    label = options.columns.label
    names = getattr((dataset.features or {}).get(label), "names", None)
    rows = iter(dataset.with_format(None))
    number = -1
    while True:
        with _one_error(name):
            row = next(rows, None)
        number += 1
        if row is None:
            return
        where = f"{name}, row {number} (counted from 0)"
        if names is not None and isinstance(row.get(label), int):
            row = {**row, label: _class_name(row[label], names, where)}
        yield where, row


def _class_name(number: int, names: list[str], where: str) -> str | None:
    if number >= len(names):
        raise DataError(f"class {number} is out of range for {len(names)} names: {short(names)}", where=where)
    return names[number] if number >= 0 else None


READERS.register("datasets")(
    Reader(
        reads="a Dataset or DatasetDict of the datasets library, or a folder it was saved to",
        recognises=is_dataset,
        splits=dataset_splits,
        read=read_dataset,
    )
)
