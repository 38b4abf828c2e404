"""Scores of tokens, from any tokenizer, joined to the words of a text by characters."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rationale.arrays import Float64
from rationale.corpus.fields import short
from rationale.errors import DataError
from rationale.predictions.options import Join
from rationale.predictions.quotes import Range, is_edge

SPECIAL = frozenset(
    token.upper()
    for token in ("[CLS]", "[SEP]", "[PAD]", "[BOS]", "[EOS]", "<s>", "</s>", "<pad>", "<bos>", "<eos>",
                  "<cls>", "<sep>", "<|endoftext|>", "<|begin_of_text|>")
)  # fmt: skip
"""Tokens of templates, in capitals: where the text does not spell them they belong to no word."""

Placed = Range | None


def join_tokens(
    tokens: Sequence[str], scores: Float64, text: str, bounds: Sequence[Range], join: Join, where: str
) -> Float64:
    """The score of each word: the sum (or mean, maximum) of its tokens' scores.

    A token over several words gives each its share of the characters; in a mean the shares are weights.

    Args:
        tokens: T tokens in the order of the text.
        scores: float64 (T,).
        text: The text that was tokenized.
        bounds: ``[start, end)`` of each of W words in the text, in characters.
        join: ``sum``, ``mean`` or ``max``.
        where: The row, for messages.

    Returns:
        float64 (W,); 0 for a word without a token.

    Raises:
        DataError: Naming the first token that is not in the text.

    >>> scores, bounds = np.array([9.0, 1.0, 2.0, 4.0]), [(0, 5), (6, 8)]
    >>> join_tokens(["[CLS]", "fil", "##ms", "go"], scores, "Films go", bounds, "sum", "row 0").tolist()
    [3.0, 4.0]
    """
    total, weight = np.zeros(len(bounds)), np.zeros(len(bounds))
    best = np.full(len(bounds), -np.inf)
    for placed, score in zip(locate(tokens, text, where), scores.tolist(), strict=True):
        for word, share in _shares(placed, bounds):
            total[word] += share * score
            weight[word] += share
            best[word] = max(best[word], score)
    if join == "sum":
        return total
    values: Float64 = best if join == "max" else np.divide(total, weight, out=total, where=weight > 0)
    return np.where(weight > 0, values, 0.0)


def _shares(placed: Placed, bounds: Sequence[Range]) -> list[tuple[int, float]]:
    """The words that a token touches, each with its share of the token's characters in words."""
    if placed is None:
        return []
    start, end = placed
    first = bisect_right(bounds, start, key=lambda bound: bound[1])
    last = bisect_left(bounds, end, key=lambda bound: bound[0])
    touched = [(word, min(end, bounds[word][1]) - max(start, bounds[word][0])) for word in range(first, last)]
    characters = sum(count for _, count in touched)
    return [(word, count / characters) for word, count in touched if count > 0]


def locate(tokens: Sequence[str], text: str, where: str) -> list[Placed]:
    """Where each token stands in a text, in characters; None for special tokens and lone markers of a space.

    Tokens are looked for one after another: as they are written, without ``##``, ``▁`` and ``Ġ``, or, where
    that fails, without regard to case and accents. Words may be skipped, parts of words may not. Tokens of
    byte-level vocabularies (with ``Ġ``) are decoded; those that share a character share its place.

    Raises:
        DataError: Naming the first token that is not in the text.

    >>> locate(["Ġa", "ĠcafÃ", "©", "</s>"], "a café", "row 0")
    [(0, 1), (2, 6), (2, 6), None]
    """
    units = list(_units(tokens))
    try:
        places = _walk(units, text, where)
    except DataError:
        folded, source = _folded(text)
        found = _walk([unit._replace(text=_folded(unit.text)[0]) for unit in units], folded, where)
        places = [None if place is None else (source[place[0]], source[place[1] - 1] + 1) for place in found]
    return [place for place, unit in zip(places, units, strict=True) for _ in unit.tokens]


class _Unit(NamedTuple):
    """Tokens that are looked for together: one, or those that share a character."""

    text: str
    tokens: Sequence[str]


def _units(tokens: Sequence[str]) -> Iterator[_Unit]:
    if not any("Ġ" in token for token in tokens):
        for token in tokens:
            inside = token.startswith("##") and len(token) > 2
            yield _Unit(token[2:] if inside else token.replace("▁", " ").strip(), [token])
        return
    pending, waiting = b"", list[str]()
    for token in tokens:
        pending, waiting = pending + _bytes(token), [*waiting, token]
        try:
            text = pending.decode("utf-8")
        except UnicodeDecodeError:
            continue
        yield _Unit(text.strip(), waiting)
        pending, waiting = b"", []
    if waiting:
        yield _Unit(pending.decode("utf-8", "replace"), waiting)


def _byte_letters() -> dict[str, int]:
    """The byte that each letter of a byte-level vocabulary stands for, as GPT-2 defined them."""
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + n): byte for n, byte in enumerate(others)}


_BYTE_OF = _byte_letters()


def _bytes(token: str) -> bytes:
    if all(letter in _BYTE_OF for letter in token):
        return bytes(_BYTE_OF[letter] for letter in token)
    return token.encode("utf-8", "replace")


def _walk(units: Sequence[_Unit], text: str, where: str) -> list[Placed]:
    places, at = list[Placed](), 0
    for number, (unit, tokens) in enumerate(units):
        while at < len(text) and text[at].isspace():
            at += 1
        if not unit or (unit.upper() in SPECIAL and not text.startswith(unit, at)):
            places.append(None)
            continue
        start = _next(unit, text, at)
        if start is None:
            before = sum(len(unit.tokens) for unit in units[:number])
            raise DataError(
                f"token {before} (counted from 0), {short(tokens[0])}, is not in the text, which goes on "
                f"with {short(text[at : at + 30])}",
                where=where,
                remedy="Tokens must be those of this text, in order; give the 'text' they were made of, and "
                "leave unknown tokens out.",
            )
        at = start + len(unit)
        places.append((start, at))
    return places


def _next(unit: str, text: str, at: int) -> int | None:
    """The first place of a token from ``at`` on, if no part of a word is skipped before it."""
    start = text.find(unit, at)
    skips_part = not is_edge(text, at)
    while start >= 0:
        skipped = any(character.isalnum() for character in text[at:start])
        if not skipped or (is_edge(text, start) and not skips_part):
            return start
        start = -1 if skips_part else text.find(unit, start + 1)
    return None


def _folded(text: str) -> tuple[str, list[int]]:
    """A text without case and accents, and where each of its characters comes from."""
    letters, source = list[str](), list[int]()
    for place, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character).casefold():
            if not unicodedata.combining(letter):
                letters.append(letter)
                source.append(place)
    return "".join(letters), source
