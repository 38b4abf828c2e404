"""Aligns words and sub-words exactly, in both directions, for any fast tokenizer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rationale.arrays import Bool, Float32, Int32
from rationale.errors import ModelError
from rationale.tokens.backend import encode, tokenizer_label

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Alignment:
    """The sub-words of a list of words; T tokens, W words.

    Attributes:
        ids: int32 (T,), token ids, without special tokens.
        word: int32 (T,), the word of each token; never decreases.
        words: W. A word may have no token (such as a lone control character): its score is 0.
    """

    ids: Int32
    word: Int32
    words: int

    def __len__(self) -> int:
        return int(self.ids.shape[0])

    @cached_property
    def first_token(self) -> Int32:
        """int32 (W + 1,): word w has the tokens ``first_token[w]`` to ``first_token[w + 1]``, exclusive."""
        return np.searchsorted(self.word, np.arange(self.words + 1)).astype(np.int32)

    def tokens_of(self, word: int) -> range:
        """The positions of a word's tokens; empty where the tokenizer dropped it."""
        return range(int(self.first_token[word]), int(self.first_token[word + 1]))


def sum_to_words(scores: Float32, word: npt.NDArray[np.integer[Any]], words: int) -> Float32:
    """Sums the scores of each word's sub-words (AdapLeR, section 5.2).

    Args:
        scores: float (..., T).
        word: int (T,), with -1 for tokens of no word, which are left out.
        words: W.

    Returns:
        float32 (..., W), summed in float64; 0 for a word without tokens.

    >>> sum_to_words(np.array([[9.0, 1.0, 2.0, 4.0]], np.float32), np.array([-1, 0, 0, 2]), 3)
    array([[3., 0., 4.]], dtype=float32)
    """
    inside = word >= 0
    rows = scores.reshape(-1, scores.shape[-1])[:, inside].astype(np.float64)
    target = np.arange(rows.shape[0])[:, None] * words + word[inside]
    summed = np.bincount(target.ravel(), weights=rows.ravel(), minlength=rows.shape[0] * words)
    return summed.reshape(*scores.shape[:-1], words).astype(np.float32)


def any_to_words(tokens: Bool, word: npt.NDArray[np.integer[Any]], words: int) -> Bool:
    """The words with at least one selected token.

    Args:
        tokens: bool (L, T).
        word: int (T,), with -1 for tokens of no word, which are left out.
        words: W.

    Returns:
        bool (L, W); False for a word without tokens.

    >>> any_to_words(np.array([[True, False, True, False]]), np.array([-1, 0, 0, 2]), 3)
    array([[ True, False, False]])
    """
    words_of_layer = np.zeros((len(tokens), words), dtype=np.bool_)
    layer, token = np.nonzero(tokens & (word >= 0))
    words_of_layer[layer, word[token]] = True
    return words_of_layer


def align(tokenizer: Any, words: Sequence[str]) -> Alignment:
    """Tokenizes words joined by single spaces, as the model reads them, and gives each token its word.

    A token belongs to the first word of which it covers a character; one that covers only white space
    (a lone ``Ġ`` or ``▁``) belongs to the word that follows. A marker that was added to the tokenizer
    (``<e1>``) is a token; text that spells a token of the template (``[SEP]``) stays text. Half a surrogate
    pair, which JSON may hold and no tokenizer reads, is replaced by U+FFFD.

    Args:
        tokenizer: A fast Hugging Face tokenizer; it is left unchanged.
        words: Any strings; an empty one has no token.

    Raises:
        ModelError: Where the tokenizer has no fast version, fails on the text, or returns its tokens out of
            order.
    """
    text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", " ".join(words))
    ids, starts = encode(tokenizer, text)
    word = _next_word(words)[starts] if len(ids) else np.zeros(0, dtype=np.int32)
    if np.any(np.diff(word) < 0):
        raise ModelError(
            "this tokenizer returns tokens out of text order, so they cannot be aligned with words",
            where=tokenizer_label(tokenizer),
        )
    return Alignment(ids, word.astype(np.int32), len(words))


def _next_word(words: Sequence[str]) -> Int32:
    """For each character of ``" ".join(words)``, and its end, the word that contains or follows it."""
    lengths = np.fromiter((len(w) for w in words), dtype=np.int64, count=len(words))
    ends = np.cumsum(lengths + 1) - 1
    filled = np.flatnonzero(lengths > 0)
    total = int(ends[-1]) if len(words) else 0
    if not filled.size:
        return np.zeros(total + 1, dtype=np.int32)
    position = np.searchsorted(ends[filled], np.arange(total + 1), side="right")
    return filled[np.minimum(position, filled.size - 1)].astype(np.int32)
