"""The units of a document on the page: its words, or the tokens that the model reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rationale.arrays import Bool, Int8, Int32
from rationale.corpus.document import Document
from rationale.scores.scored import ScoredDocument

Units = Literal["words", "tokens"]

WORD, SPECIAL, QUERY, UNREAD = range(4)
"""The kinds of units; the component has a style and a label for each."""


@dataclass(frozen=True)
class Shown:
    """The U words, or tokens, of one document.

    Attributes:
        texts: The text of each unit.
        words: int32 (U,), the word a unit belongs to; -1 for special tokens and the query.
        kinds: int8 (U,), word, special token, query, or a word that the model did not read.
        human: bool (U,), the human rationale.
        joins: int8 (U,), 1 for a token that continues the word of the previous token.
        notes: A note on each unit: its tokens, or its word.
        tokens: Whether the units are tokens.
    """

    texts: list[str]
    words: Int32
    kinds: Int8
    human: Bool
    joins: Int8
    notes: list[str]
    tokens: bool

    @classmethod
    def of(cls, document: Document, scored: ScoredDocument, units: Units) -> Shown:
        """Makes the units of a document."""
        return cls._of_tokens(document, scored) if units == "tokens" else cls._of_words(document, scored)

    @classmethod
    def _of_words(cls, document: Document, scored: ScoredDocument) -> Shown:
        pieces: dict[int, list[str]] = {}
        for token, word in zip(scored.tokens, scored.token_word.tolist(), strict=True):
            pieces.setdefault(word, []).append(_plain(token))
        notes = [_pieces_note(pieces.get(i, []), bool(scored.covered[i])) for i in range(len(document.words))]
        return cls(
            texts=[safe(word) for word in document.words],
            words=np.arange(len(document.words), dtype=np.int32),
            kinds=np.where(scored.covered, WORD, UNREAD).astype(np.int8),
            human=document.rationale,
            joins=np.zeros(len(document.words), dtype=np.int8),
            notes=notes,
            tokens=False,
        )

    @classmethod
    def _of_tokens(cls, document: Document, scored: ScoredDocument) -> Shown:
        words, window = scored.token_word, scored.token_window
        inside = words >= 0
        kinds = np.where(inside, WORD, [SPECIAL if _special(t) else QUERY for t in scored.tokens])
        human = np.zeros(len(words), dtype=np.bool_)
        human[inside] = document.rationale[words[inside]]
        joins = np.zeros(len(words), dtype=np.int8)
        joins[1:] = inside[1:] & (words[1:] == words[:-1]) & (window[1:] == window[:-1])
        return cls(
            texts=[safe(_plain(token)) for token in scored.tokens],
            words=words,
            kinds=kinds.astype(np.int8),
            human=human,
            joins=joins,
            notes=[f"token of “{short(document.words[w])}”" if w >= 0 else "" for w in words.tolist()],
            tokens=True,
        )


def safe(text: str) -> str:
    """Makes text encodable: lone surrogates become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(token: str) -> str:
    """Removes the tokenizer's mark of a word's beginning or middle from a token."""
    bare = token.removeprefix("##").removeprefix("Ġ").removeprefix("▁")
    return bare or token


def _special(token: str) -> bool:
    return bool(re.fullmatch(r"\[[A-Z]+\d*\]|<[^<>\s]+>", token))


def _pieces_note(pieces: Sequence[str], covered: bool) -> str:
    if not covered:
        return ""
    if not pieces:
        return "no token: the tokenizer drops it"
    return "" if len(pieces) == 1 else f"{len(pieces)} tokens: {short(' · '.join(pieces))}"


def short(text: str, most: int = 60) -> str:
    """Shortens a long text to its beginning."""
    return safe(text if len(text) <= most else text[:most] + "…")
