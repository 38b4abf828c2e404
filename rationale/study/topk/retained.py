"""The window of each document, and the part of it that a condition keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from tqdm.auto import tqdm

from rationale.arrays import Bool, Int64
from rationale.corpus.document import Document, Documents
from rationale.errors import DataError
from rationale.scores import Scores
from rationale.scores.removal import Reduced, without
from rationale.study.topk.budget import Budget
from rationale.study.topk.conditions import Condition
from rationale.tokens import Window, Windower

Positions = Literal["original", "packed"]


@dataclass(frozen=True)
class Retained:
    """The part of a document that a condition keeps.

    Attributes:
        part: The kept tokens.
        words: Int64 (K,), indices of the kept words.
    """

    part: Reduced
    words: Int64


@dataclass(frozen=True)
class AnnotatedSplit:
    """Documents of a split that have a rationale in their window.

    Attributes:
        documents: The documents.
        windows: The full input of each.
        covered: Bool (W,) per document, the words with a token in the window.
        left_out: Number of documents without a rationale in their window.
    """

    documents: Documents
    windows: tuple[Window, ...]
    covered: tuple[Bool, ...]
    left_out: int

    @classmethod
    def of(cls, documents: Documents, windower: Windower) -> AnnotatedSplit:
        """Selects the documents with a rationale in their window.

        Raises:
            DataError: Where none has a rationale in its window.
        """
        kept, windows, covered = list[Document](), list[Window](), list[Bool]()
        for document in tqdm(documents, desc="tokenize", unit="document", leave=False, disable=None):
            read = windower(document)
            window = read.windows[0]
            in_window = read.covered & np.isin(np.arange(len(document.words)), window.word)
            if (document.rationale & in_window).any():
                kept.append(document)
                windows.append(window)
                covered.append(in_window)
        if not kept:
            raise DataError(
                "no document has a human rationale in its window",
                where=documents.source,
                remedy="The study needs annotated documents; --max-length may cut off their rationales.",
            )
        annotated = Documents(kept, source=documents.source, split=documents.split)
        return cls(annotated, tuple(windows), tuple(covered), len(documents) - len(kept))


def cut(window: Window, kept: Bool, longest: int, positions: Positions) -> Retained:
    """Keeps some words of a window.

    Args:
        window: The full input.
        kept: Bool (W,), the words to keep; special tokens and the query are always kept.
        longest: Maximum number of tokens that the model takes.
        positions: Whether tokens keep their positions or are renumbered without gaps.
    """
    part = without(window, ~kept)
    if positions == "packed":
        part = _fitting(part, window, longest)
    words = window.word[part.positions]
    if positions == "packed":
        part = replace(part, positions=np.arange(part.ids.size, dtype=np.int32))
    return Retained(part, np.unique(words[words >= 0]).astype(np.int64))


def cuts(
    split: AnnotatedSplit,
    condition: Condition,
    budget: Budget,
    scores: Scores | None,
    seed: int,
    longest: int,
    positions: Positions,
) -> list[Retained]:
    """The part of every document of a split that a condition keeps.

    Args:
        split: The documents.
        condition: The condition.
        budget: Number of words to keep of each document.
        scores: Scores of these documents, where the condition needs them.
        seed: Random seed of the random condition.
        longest: As for :func:`cut`.
        positions: As for :func:`cut`.

    Raises:
        ScoresError: Where scores are missing.
    """
    retained = []
    for document, window, covered in zip(split.documents, split.windows, split.covered, strict=True):
        k = budget.of(words=int(covered.sum()), rationale=int((document.rationale & covered).sum()))
        scored = None if scores is None else scores.get(document.key)
        kept = condition.words(document, covered, k, scored, seed)
        retained.append(cut(window, kept, longest, positions))
    return retained


def _fitting(part: Reduced, window: Window, longest: int) -> Reduced:
    """The part without its last word tokens beyond ``longest``; special tokens and the query are kept."""
    excess = part.ids.size - longest
    if excess <= 0:
        return part
    words = np.flatnonzero(window.word[part.positions] >= 0)
    kept = np.delete(np.arange(part.ids.size), words[-excess:])
    return Reduced(part.ids[kept], part.types[kept], part.positions[kept])
