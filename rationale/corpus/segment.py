"""Text into words: at white space, or, for scripts without spaces, character by character."""

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

# Per family: its characters; how many a document has at least, and a word on average, before its words are
# taken for unsegmented text. Chinese words have 1 to 4 characters, Thai words up to about 10.
_FAMILIES = (
    (re.compile(f"[{_EAST_ASIAN}]"), 8, 4),
    (re.compile(f"[{_SOUTH_EAST_ASIAN}]"), 16, 10),
)


def word_bounds(text: str, segmentation: Segmentation = "spaces") -> list[tuple[int, int]]:
    """Where each word of a text starts and ends, in characters, the end exclusive.

    Args:
        text: The text.
        segmentation: ``spaces``: words are parted by white space. ``characters``: so, and each character of
            a script without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) is a word with
            the marks that combine with it; runs of other characters stay words.

    >>> text = "iPhone 很好看"
    >>> [text[start:end] for start, end in word_bounds(text, "characters")]
    ['iPhone', '很', '好', '看']
    """
    bounds = [match.span() for match in re.finditer(r"\S+", text)]
    if segmentation == "spaces":
        return bounds
    return [part for start, end in bounds for part in _characters(text, start, end)]


def split_words(text: str, segmentation: Segmentation = "spaces") -> tuple[str, ...]:
    """The words of a text; see `word_bounds`."""
    if segmentation == "spaces":
        return tuple(text.split())
    return tuple(text[start:end] for start, end in word_bounds(text, segmentation))


def _characters(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """Cuts one run without white space."""
    if not _SPACELESS.search(text, start, end):
        return [(start, end)]
    cuts, alone = [start], False
    for place in range(start, end):
        letter = text[place]
        if place > start and (unicodedata.category(letter)[0] == "M" or letter in "\u200c\u200d"):
            continue
        own = _SPACELESS.match(letter) is not None
        if place > start and (own or alone):
            cuts.append(place)
        alone = own
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def is_unsegmented(words: Sequence[str]) -> bool:
    """Whether the words are whole phrases of a script without spaces.

    >>> is_unsegmented(["这部电影非常好看，强烈推荐"]), is_unsegmented(["这", "部", "电影", "非常", "好看"])
    (True, False)
    """
    text = "".join(words)
    for pattern, least, longest in _FAMILIES if _SPACELESS.search(text) else ():
        counts = [len(found) for word in words if (found := pattern.findall(word))]
        is_most = 2 * sum(counts) > len(text)  # not a name in a text of another script
        if is_most and sum(counts) >= max(least, longest * len(counts) + 1):
            return True
    return False
