"""Splits text into words: at white space, or, for scripts without spaces, character by character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Literal

Segmentation = Literal["spaces", "characters"]

_EAST_ASIAN = (
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_KATAKANA = re.compile("[\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f]+")
_SOUTH_EAST_ASIAN = (  # Thai, Lao, Tibetan, Burmese, Khmer, Tai, Balinese, Javanese
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f"
    "\ua980-\ua9ff\uaa60-\uaadf"
)
_SPACELESS = re.compile(f"[{_EAST_ASIAN}{_SOUTH_EAST_ASIAN}]")


@dataclass(frozen=True, slots=True)
class _Family:
    """Scripts without spaces, and the lengths, in their characters, that tell phrases from words.

    Attributes:
        pattern: Matches a run of their characters.
        least: Characters below which a document of several words tells nothing.
        word: Mean length of a run above which runs are phrases: Chinese words have 1 to 4 characters, Thai
            words up to about 10.
        phrase: Length of a run that is a phrase whatever stands beside it: longer than almost any name.
        alone: Length of a document's only word from which it is a phrase more likely than a word.
    """

    pattern: re.Pattern[str]
    least: int
    word: int
    phrase: int
    alone: int


_FAMILIES = (
    _Family(re.compile(f"[{_EAST_ASIAN}]+"), least=8, word=4, phrase=12, alone=3),
    _Family(re.compile(f"[{_SOUTH_EAST_ASIAN}]+"), least=16, word=10, phrase=25, alone=8),
)


def word_bounds(text: str, segmentation: Segmentation = "spaces") -> list[tuple[int, int]]:
    """``[start, end)`` of each word of a text, in characters.

    Args:
        text: The text.
        segmentation: ``spaces``: white space separates words. ``characters``: so it does, and each character
            of a script without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan, Balinese,
            Javanese) is a word with the marks that combine with it; runs of other characters stay words.

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
    if not _SPACELESS.search("".join(words)):
        return False
    return any(_are_phrases(words, family) for family in _FAMILIES)


def _are_phrases(words: Sequence[str], family: _Family) -> bool:
    """Whether words of a family of scripts are phrases, by the length of runs and by what parts them."""
    runs = {word: _runs(word, family) for word in words}
    lengths = [len(run) for word in words for run in runs[word]]
    total, of_family = sum(lengths), sum(bool(runs[word]) for word in words)
    if 2 * sum(len(run) for word in words for run in runs[word] if _is_phrase(run, word, family)) > total:
        return True
    if 2 * total <= sum(map(len, words)):  # a name in a text of another script
        return False
    if sum(any(map(str.isalnum, word)) for word in words) == 1:
        return total >= family.alone
    if total >= max(family.least, family.word * of_family + 1):
        return True
    if total >= family.least and median_low(lengths) >= family.word:
        return True
    return total >= 2 * of_family and _only_punctuation_parts(words)


def _runs(word: str, family: _Family) -> list[str]:
    """The runs of a family in a word, but for katakana alone: one foreign word, however long."""
    runs: list[str] = family.pattern.findall(word)
    return [run for run in runs if not _KATAKANA.fullmatch(run)]


def _is_phrase(run: str, word: str, family: _Family) -> bool:
    """Whether a run is too long for a word, or for what is joined to letters of another script."""
    joined = any(letter.isalnum() for letter in family.pattern.sub("", word))
    return len(run) > family.word if joined else len(run) >= family.phrase


def _only_punctuation_parts(words: Sequence[str]) -> bool:
    """Whether all blanks follow a word with its punctuation, so that they part phrases, not words."""
    return len(words) > 1 and all(
        len(word) > 1 and unicodedata.category(word[-1])[0] == "P" for word in words[:-1]
    )
