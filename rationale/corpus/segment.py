"""Splits text into words: at white space, or, for scripts without spaces, character by character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

Segmentation = Literal["spaces", "characters"]

_EAST_ASIAN = (
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\uaa60-\uaa7f"
_SPACELESS = re.compile(f"[{_EAST_ASIAN}{_SOUTH_EAST_ASIAN}]")

# Per family of scripts: its characters; the least number of them in a document, and the mean number a word,
# above which words count as unsegmented text. Chinese words have 1 to 4 characters, Thai up to about 10.
_FAMILIES = (
    (re.compile(f"[{_EAST_ASIAN}]"), 8, 4),
    (re.compile(f"[{_SOUTH_EAST_ASIAN}]"), 16, 10),
)


def word_bounds(text: str, segmentation: Segmentation = "spaces") -> list[tuple[int, int]]:
    """``[start, end)`` of each word of a text, in characters.

    Args:
        text: The text.
        segmentation: ``spaces``: white space separates words. ``characters``: so it does, and each character
            of a script without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) is a word with
            the marks that combine with it; runs of other characters stay words.

    >>> text = "iPhone 很好看"
    >>> [text[start:end] for start, end in word_bounds(text, "characters")]
    ['iPhone', '很', '好', '看']
    """
    bounds = [match.span() for match in re.finditer(r"\S+", text)]
    if segmentation == "spaces":
        return bounds
    return [bounds_of_part for start, end in bounds for bounds_of_part in _split_run(text, start, end)]


def split_words(text: str, segmentation: Segmentation = "spaces") -> tuple[str, ...]:
    """The words of a text; see `word_bounds`."""
    if segmentation == "spaces":
        return tuple(text.split())
    return tuple(text[start:end] for start, end in word_bounds(text, segmentation))


def _split_run(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """Splits one run without white space into ``[start, end)`` of its words."""
    if not _SPACELESS.search(text, start, end):
        return [(start, end)]
    cuts, after_spaceless = [start], False
    for position in range(start, end):
        character = text[position]
        if position > start and (unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"):
            continue
        is_spaceless = _SPACELESS.match(character) is not None
        if position > start and (is_spaceless or after_spaceless):
            cuts.append(position)
        after_spaceless = is_spaceless
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def is_unsegmented(words: Sequence[str]) -> bool:
    """Whether the words are whole phrases of a script without spaces.

    >>> is_unsegmented(["这部电影非常好看，强烈推荐"]), is_unsegmented(["这", "部", "电影", "非常", "好看"])
    (True, False)
    """
    text = "".join(words)
    for pattern, min_characters, word_length in _FAMILIES if _SPACELESS.search(text) else ():
        counts = [len(matches) for word in words if (matches := pattern.findall(word))]
        is_majority = 2 * sum(counts) > len(text)  # unlike a name in a text of another script
        if is_majority and sum(counts) >= max(min_characters, word_length * len(counts) + 1):
            return True
    return False
