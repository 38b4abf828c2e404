"""What is read of each document: its window in full, and what a condition leaves of it."""

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
    """What a condition leaves of a document, and which words that is."""

    part: Reduced
    words: Int64


@dataclass(frozen=True)
class AnnotatedSplit:
    """Documents of a split that have a rationale in what is read of them.

    Attributes:
        documents: They.
        windows: What is read of each in full.
        covered: Per document bool (W,), the words in it; one without a token is none.
        left_out: Documents without a rationale there.
    """

    documents: Documents
    windows: tuple[Window, ...]
    covered: tuple[Bool, ...]
    left_out: int

    @classmethod
    def of(cls, documents: Documents, windower: Windower) -> AnnotatedSplit:
        """The annotated ones of ``documents``.

        Raises:
            DataError: Where none has a rationale in its window.
        """
        kept, windows, covered = list[Document](), list[Window](), list[Bool]()
        for document in tqdm(documents, desc="tokenize", unit="document", leave=False, disable=None):
            whole = windower(document)
            window = whole.windows[0]
            reached = whole.covered & np.isin(np.arange(len(document.words)), window.word)
            if (document.rationale & reached).any():
                kept.append(document)
                windows.append(window)
                covered.append(reached)
        if not kept:
            raise DataError(
                "no document has a human rationale in what the model reads of it",
                where=documents.source,
                remedy="The study needs annotated documents; --max-length may cut their rationales off.",
            )
        part = Documents(kept, source=documents.source, split=documents.split)
        return cls(part, tuple(windows), tuple(covered), len(documents) - len(kept))


def cut(window: Window, kept: Bool, longest: int, positions: Positions) -> Retained:
    """What is left of a window when only some words are kept.

    Args:
        window: In full.
        kept: bool (W,), the document's words that stay; special tokens and the query always do.
        longest: Tokens the model takes.
        positions: Whether tokens stay where they stood, or are closed up.
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
    """What a condition leaves of every document of a split.

    Args:
        split: The documents.
        condition: The condition.
        budget: Words it may keep of each.
        scores: Of these documents, where the condition needs some.
        seed: Of the random condition.
        longest: As for :func:`cut`.
        positions: As for :func:`cut`.

    Raises:
        ScoresError: Where scores are missing.
    """
    found = []
    for document, window, covered in zip(split.documents, split.windows, split.covered, strict=True):
        k = budget.of(words=int(covered.sum()), rationale=int((document.rationale & covered).sum()))
        scored = None if scores is None else scores.get(document.key)
        kept = condition.words(document, covered, k, scored, seed)
        found.append(cut(window, kept, longest, positions))
    return found


def _fitting(part: Reduced, window: Window, longest: int) -> Reduced:
    """The part without the last words that no longer fit; special tokens and the query stay."""
    over = part.ids.size - longest
    if over <= 0:
        return part
    words = np.flatnonzero(window.word[part.positions] >= 0)
    stay = np.delete(np.arange(part.ids.size), words[-over:])
    return Reduced(part.ids[stay], part.types[stay], part.positions[stay])
