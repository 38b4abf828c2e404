"""Documents as model inputs for training: the first window, with its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from rationale.arrays import Array
from rationale.corpus.document import Document, Documents
from rationale.errors import DataError
from rationale.tokens import Window, Windower
from rationale.training.task import task_metrics


class Encoded(Dataset[dict[str, Any]]):
    """Model inputs of documents, in their order, kept as arrays.

    Args:
        windows: The input of each document.
        labels: Label ids, or numbers in regression.
        typed: Whether the model reads token types.

    Attributes:
        lengths: Number of tokens of each window.
        by_length: Indices of the windows, the longest first.
    """

    def __init__(self, windows: Sequence[Window], labels: Sequence[Any], *, typed: bool) -> None:
        self.windows, self.labels, self._typed = windows, labels, typed
        self.lengths = [len(window.ids) for window in windows]
        self.by_length = sorted(range(len(windows)), key=lambda i: -self.lengths[i])

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, position: int) -> dict[str, Any]:
        """The inputs as lists of n ints, the label, and the index of the document."""
        window = self.windows[position]
        row: dict[str, Any] = {"input_ids": window.ids.tolist(), "attention_mask": [1] * len(window.ids)}
        if self._typed:
            row["token_type_ids"] = window.types.tolist()
        return {**row, "labels": self.labels[position], "position": position}

    def judge(self, logits: Sequence[Array]) -> dict[str, float]:
        """Computes the metrics of logits, (C,) per row, in the order of the rows."""
        return task_metrics(self.labels, np.stack(logits))


def encode_documents(
    tokenizer: PreTrainedTokenizerBase,
    documents: Documents,
    label_ids: Mapping[str, int] | None,
    max_length: int,
) -> Encoded:
    """Encodes the first window of every document: ``[CLS] query [SEP] words [SEP]``, words truncated.

    Args:
        tokenizer: The tokenizer of the model.
        documents: Labelled documents.
        label_ids: The class of each label; None in regression.
        max_length: Maximum number of tokens of a window.

    Raises:
        DataError: On a document without a usable label or without any sub-word, or a query that leaves no
            room for words.
    """
    windower = Windower(tokenizer, max_length, "truncate")
    labels: list[float] = [
        _number(documents, document) if label_ids is None else _label_id(documents, document, label_ids)
        for document in documents
    ]
    windows = []
    for document in tqdm(documents, desc="tokenize", unit="document", leave=False, disable=None):
        window = windower(document).windows[0]
        if not (window.word >= 0).any():
            raise DataError(
                "the document is empty: the tokenizer finds no token in it",
                where=_location(documents, document),
                remedy="Remove it, or give it words.",
            )
        windows.append(window)
    return Encoded(windows, labels, typed="token_type_ids" in tokenizer.model_input_names)


def _label_id(documents: Documents, document: Document, label_ids: Mapping[str, int]) -> int:
    if document.label is not None and document.label in label_ids:
        return label_ids[document.label]
    known = ", ".join(label_ids)
    raise DataError(
        f"the document has no label; labels are {known}"
        if document.label is None
        else f"the label {document.label!r} does not occur among the training documents ({known})",
        where=_location(documents, document),
        remedy="Every document needs a label that occurs in training.",
    )


def _number(documents: Documents, document: Document) -> float:
    number = document.number
    if number is None:
        raise DataError(
            f"expected a number as label, found {document.label!r}",
            where=_location(documents, document),
            remedy="Give every document a number, or choose --metric accuracy to learn classes.",
        )
    return number


def _location(documents: Documents, document: Document) -> str:
    split = "" if documents.split is None else f" ({documents.split})"
    return f"{documents.source}{split}, annotation {document.id!r}, document {document.docid!r}"
