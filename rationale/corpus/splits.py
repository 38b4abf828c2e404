"""Splits off a development set and draws samples: stratified, chosen by the hash of the id."""

from __future__ import annotations

import hashlib
from collections import defaultdict

from rationale.corpus.document import Document, Documents
from rationale.errors import DataError


def split_dev(documents: Documents, fraction: float = 0.1) -> tuple[Documents, Documents]:
    """Splits ``documents`` into (train, dev), stratified by label (not where labels are many numbers).

    Of each label, the ``round(fraction x count)`` ids with the smallest hash go to dev: the choice depends on
    no order and no random state. All documents of one annotation go to the same part.

    Args:
        documents: The documents to split; both parts keep their order.
        fraction: Dev's share, above 0 and below 1.

    Raises:
        DataError: Where a part would be empty, or ``fraction`` lies outside (0, 1).

    >>> docs = Documents(Document(str(i), str(i), ("word",), label="ab"[i % 2]) for i in range(20))
    >>> [len(part) for part in split_dev(docs)]
    [18, 2]
    """
    if not 0 < fraction < 1:
        raise DataError(f"the dev fraction must lie between 0 and 1, got {fraction}")
    by_label: defaultdict[str | None, set[str]] = defaultdict(set)
    is_regression = _labels_are_numbers(documents)
    for document in documents:
        by_label[None if is_regression else document.label].add(document.id)
    dev_ids: set[str] = set()
    for identifiers in by_label.values():
        ranked = sorted(identifiers, key=_hash)
        dev_ids.update(ranked[: round(fraction * len(ranked))])
    dev = [document for document in documents if document.id in dev_ids]
    train = [document for document in documents if document.id not in dev_ids]
    if not dev or not train:
        raise DataError(
            f"{len(documents)} documents leave {len(train)} to train and {len(dev)} as dev",
            where=documents.source,
            remedy="Choose another fraction, or name a split as dev.",
        )
    return _part(train, documents), _part(dev, documents)


_CLASSES = 20  # more distinct numbers than this are targets of a regression, not names of classes


def _labels_are_numbers(documents: Documents) -> bool:
    has_many = len(documents.labels) > _CLASSES
    return has_many and all(document.number is not None for document in documents)


def sample(documents: Documents, limit: int | None) -> Documents:
    """Samples ``limit`` documents, stratified by label, chosen by the hash of the id, in their order.

    The first N of a file are no sample: data sets are often sorted by label. The sample records the number of
    documents it was drawn from (``sampled_from``), and so do its scores.

    Args:
        documents: The documents to sample from.
        limit: The number to keep; None keeps all.

    Raises:
        DataError: On a limit below 1.

    >>> docs = Documents(Document(str(i), str(i), ("word",), label="aab"[i // 4]) for i in range(12))
    >>> [document.label for document in sample(docs, 6)]
    ['a', 'a', 'a', 'a', 'b', 'b']
    """
    if limit is None or limit >= len(documents):
        return documents
    if limit < 1:
        raise DataError(f"a sample cannot have {limit} documents", remedy="Pass a limit of 1 or more.")
    by_label: defaultdict[str | None, list[Document]] = defaultdict(list)
    for document in sorted(documents, key=lambda d: (_hash(d.id), d.docid)):
        by_label[document.label].append(document)
    order = {
        document.key: ((rank + 0.5) / len(group), _hash(document.id))
        for group in by_label.values()
        for rank, document in enumerate(group)
    }
    sampled_keys = set(sorted(order, key=order.__getitem__)[:limit])
    sampled = [document for document in documents if document.key in sampled_keys]
    population = documents.sampled_from or len(documents)
    return Documents(sampled, source=documents.source, split=documents.split, sampled_from=population)


def _part(items: list[Document], documents: Documents) -> Documents:
    return Documents(items, source=documents.source, split=documents.split)


def _hash(identifier: str) -> bytes:
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest()
