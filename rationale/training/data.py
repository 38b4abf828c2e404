"""The documents for training, for checkpoint selection and for the evaluation."""

from __future__ import annotations

from rationale.corpus import Documents, list_splits, load_documents, split_dev
from rationale.errors import DataError


def training_split(data: str, split: str | None) -> Documents:
    """Loads the training documents: ``split``, or with None ``train`` or the only split."""
    if split is None and "train" in list_splits(data):
        split = "train"
    return load_documents(data, split)


def hold_out(documents: Documents, dev: str, *, data: str) -> tuple[Documents, Documents | None]:
    """Splits off the validation data for checkpoint selection.

    Args:
        documents: The training split.
        dev: A share between 0 and 1 of ``documents``, the name of another split of ``data``, or ``none``.
        data: The data set that another split is loaded from.

    Returns:
        The training documents and the validation documents; None for ``none``.

    Raises:
        DataError: On a share outside (0, 1), or the name of the training split.
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
    """Loads the documents that a comparison reports on.

    Args:
        data: The data set.
        eval_split: The name of the evaluation split.
        training: The training documents.
        dev: As for :func:`hold_out`.

    Raises:
        DataError: Where it is the training split, or the validation data for checkpoint selection.
    """
    if eval_split in (training.split, dev):
        use = "trained on" if eval_split == training.split else "the validation data of --dev"
        raise DataError(
            f"--eval-split names {eval_split!r}, which is {use}",
            remedy="Name a split that is neither trained on nor used for selection.",
        )
    return load_documents(data, eval_split)
