"""Which documents are trained on, which choose the epoch, and which are told of and choose nothing."""

from __future__ import annotations

from rationale.corpus import Documents, list_splits, load_documents, split_dev
from rationale.errors import DataError


def training_split(data: str, split: str | None) -> Documents:
    """The documents to train on: those of ``split``; where it is None, of ``train`` or of the only split."""
    if split is None and "train" in list_splits(data):
        split = "train"
    return load_documents(data, split)


def hold_out(documents: Documents, dev: str, *, data: str) -> tuple[Documents, Documents | None]:
    """Training documents and those the epoch is chosen by.

    Args:
        documents: The training split.
        dev: A share between 0 and 1 of ``documents``, the name of another split of ``data``, or ``none``.
        data: Where another split is read from.

    Raises:
        DataError: On a share outside (0, 1), or the training split's own name.
    """
    if dev == "none":
        return documents, None
    try:
        share = float(dev)
    except ValueError:
        if dev == documents.split:
            raise DataError(
                f"--dev names the training split itself, {dev!r}",
                remedy="Name another split, or a share such as 0.1.",
            ) from None
        return documents, load_documents(data, dev)
    if not 0 < share < 1:
        raise DataError(f"--dev is {dev}", remedy="Give a share between 0 and 1, a split's name, or none.")
    return split_dev(documents, share)


def evaluation_split(data: str, eval_split: str, training: Documents, dev: str) -> Documents:
    """The documents a grid tells of.

    Args:
        data: Where they are.
        eval_split: The name of their split.
        training: The documents that are trained on.
        dev: As for :func:`hold_out`.

    Raises:
        DataError: Where it is the split that is trained on, or that epochs and settings are chosen by.
    """
    if eval_split in (training.split, dev):
        part = "trained on" if eval_split == training.split else "what --dev chooses by"
        raise DataError(
            f"--eval-split names {eval_split!r}, which is {part}",
            remedy="Report a split that decided nothing.",
        )
    return load_documents(data, eval_split)
