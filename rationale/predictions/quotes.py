"""Quotes found in a document: which of its words a quoted passage is, by stages that loosen step by step.

A document's text is its words joined by one space. A quote is looked for as it is written (``exact``), then
with both sides folded (``folded``: NFKC, case, ASCII quotes and dashes, no zero-width characters), then as
words alone (``bare``: every run of other characters is one space), and on request by word edit distance
(``fuzzy``). The first stage that finds something wins. A match begins and ends at the edge of a run of
letters or digits: ``art`` is not found in ``party``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from rationale.arrays import Float64

Stage = Literal["exact", "folded", "bare", "fuzzy", "unmatched", "empty"]
Occurrence = Literal["all", "first", "unique"]
Range = tuple[int, int]

LONGEST_FUZZY = 200  # words of a quote that are compared word by word
_ASCII = str.maketrans(
    dict.fromkeys("‘’‚‛′‵", "'") | dict.fromkeys("“”„‟″‶«»", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_ELLIPSIS = re.compile(r"\s*\.\.\.\s*")


@dataclass(frozen=True)
class Match:
    """Where a quote stands in a document.

    Attributes:
        quote: As it was given.
        stage: How it was found; ``unmatched``, or ``empty`` where nothing of it is left to look for.
        spans: Word ranges [start, end) that it marks.
        occurrences: How often it stands there, without overlaps; more than one is ambiguous.
    """

    quote: str
    stage: Stage
    spans: tuple[Range, ...] = ()
    occurrences: int = 0

    @property
    def ambiguous(self) -> bool:
        """Whether the quote stands there more than once."""
        return self.occurrences > 1

    @property
    def words(self) -> int:
        """Words of the quote, for what an unmatched one costs in strict precision."""
        return len(_bare(self.quote).text.split())


@dataclass(frozen=True)
class _Text:
    """A text after folding, and where each of its characters comes from.

    Attributes:
        text: The characters.
        source: The index of each in the text before.
    """

    text: str
    source: Sequence[int]


@dataclass
class QuoteFinder:
    """Finds quotes in one document.

    Attributes:
        words: The document's words.
        occurrence: Which of several places a quote marks: ``all``, the ``first``, or none (``unique``).
        fuzzy: The least ratio 1 - Levenshtein over words / longer length of the fuzzy stage; None turns it
            off.

    >>> finder = QuoteFinder(("a", "film", "of", "great", "art", ",", "a", "film", "!"))
    >>> [(m.stage, m.spans) for m in finder.find(["Great  art", "party", "film"])]
    [('folded', ((3, 5),)), ('unmatched', ()), ('exact', ((1, 2), (7, 8)))]
    """

    words: Sequence[str]
    occurrence: Occurrence = "all"
    fuzzy: float | None = None
    _stages: dict[str, _Text] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        starts, place = [], 0
        for word in self.words:
            starts.append(place)
            place += len(word) + 1
        self._starts = starts
        text = " ".join(self.words)
        plain = _collapsed(_Text(text, range(len(text))))
        folded = _folded(plain)
        self._stages = {"exact": plain, "folded": folded, "bare": _bare_of(folded)}

    def find(self, quotes: Sequence[str]) -> list[Match]:
        """Each different quote's match, in order; one that is given n > 1 times marks its first n places."""
        return [self._find(quote, count) for quote, count in Counter(quotes).items()]

    def _find(self, quote: str, count: int) -> Match:
        if not _bare(quote).text:
            return Match(quote, "empty")
        for stage, places in self._by_stage(quote):
            if places:
                chosen = self._chosen(places, count)
                spans = tuple(span for place in chosen for span in place)
                return Match(quote, stage if chosen else "unmatched", spans, len(places))
        return Match(quote, "unmatched")

    def _chosen(self, places: list[tuple[Range, ...]], count: int) -> list[tuple[Range, ...]]:
        if count > 1:
            return places[:count]
        if self.occurrence == "all":
            return places
        return places[:1] if self.occurrence == "first" or len(places) == 1 else []

    def _by_stage(self, quote: str) -> Iterator[tuple[Stage, list[tuple[Range, ...]]]]:
        own = _collapsed(_Text(quote, range(len(quote))))
        folded = _folded(own)
        yield "exact", self._places("exact", own.text.strip(" "))
        yield "folded", self._places("folded", folded.text.strip(" "))
        yield "bare", self._places("bare", _bare_of(folded).text)
        if self.fuzzy is not None:
            yield "fuzzy", self._fuzzy(folded.text, self.fuzzy)

    def _places(self, stage: str, quote: str) -> list[tuple[Range, ...]]:
        """Where a quote stands in a stage's text, without overlaps, as words of the document."""
        text, found, at = self._stages[stage].text, list[tuple[Range, ...]](), 0
        while quote and (at := text.find(quote, at)) >= 0:
            end = at + len(quote)
            if is_edge(text, at) and is_edge(text, end):
                found.append((self._range(stage, at, end),))
                at = end
            else:
                at += 1
        return found

    def _range(self, stage: str, start: int, end: int) -> Range:
        """The words that characters [start, end) of a stage's text come from."""
        source = self._stages[stage].source
        return self._word_at(source[start]), self._word_at(source[end - 1]) + 1

    def _word_at(self, character: int) -> int:
        return bisect_right(self._starts, character) - 1

    def _fuzzy(self, quote: str, least: float) -> list[tuple[Range, ...]]:
        """The best window of each part of a quote, the parts in order; nothing where one has none."""
        bare = self._stages["bare"]
        ends = [match.span() for match in re.finditer(r"\S+", bare.text)]
        tokens, spans, after = [bare.text[a:b] for a, b in ends], list[Range](), 0
        for part in filter(None, (_bare(text).text for text in _ELLIPSIS.split(quote))):
            window = _best_window(part.split(), tokens, after, least)
            if window is None:
                return []
            start, after = window
            spans.append(self._range("bare", ends[start][0], ends[after - 1][1]))
        return [tuple(spans)] if spans else []


def _best_window(quote: Sequence[str], words: Sequence[str], after: int, least: float) -> Range | None:
    """The window of m - 2 to m + 2 words that is nearest to a quote of m, from ``after`` on.

    Of equally near windows the earlier wins, then the shorter. A quote of one or two words has to stand
    there as it is.
    """
    m = len(quote)
    if m > LONGEST_FUZZY:
        return None
    if m < 3:
        places = (i for i in range(after, len(words) - m + 1) if list(words[i : i + m]) == list(quote))
        return next(((i, i + m) for i in places), None)
    if len(words) <= after:
        return None
    distances = window_distances(quote, words[after:], m + 2)
    sizes = np.arange(len(distances))[:, None]
    ratios = 1 - distances / np.maximum(m, sizes)
    ratios[: max(1, m - 2)] = -1.0  # windows that are too short
    start = int(ratios.max(axis=0).argmax())
    size = int(ratios[:, start].argmax())
    return (after + start, after + start + size) if ratios[size, start] >= least else None


def window_distances(quote: Sequence[str], words: Sequence[str], longest: int) -> Float64:
    """Levenshtein distance over words of a quote to every window, float64 (longest + 1, words).

    Entry [k, i] is the distance to the k words from the i-th on; windows past the end are infinitely far. All
    windows are computed at once, row by row of the usual table.

    >>> window_distances(["a", "b"], ["a", "c"], 2).tolist()
    [[2.0, 2.0], [1.0, 2.0], [1.0, inf]]
    """
    ids = {word: number for number, word in enumerate(dict.fromkeys([*quote, *words]))}
    text = np.array([ids[word] for word in words] + [-1] * longest)
    columns = np.repeat(np.arange(len(quote) + 1.0)[:, None], len(words), axis=1)
    distances = [columns[-1]]
    for size in range(1, longest + 1):
        here, before = text[size - 1 : size - 1 + len(words)], columns
        columns = np.empty_like(before)
        columns[0] = size
        for place, word in enumerate(quote):
            change = before[place] + (here != ids[word])
            columns[place + 1] = np.minimum(np.minimum(columns[place], before[place + 1]) + 1, change)
        distances.append(np.where(np.arange(len(words)) + size <= len(words), columns[-1], np.inf))
    return np.stack(distances)


def is_edge(text: str, place: int) -> bool:
    """Whether no run of letters or digits goes through a place between two characters."""
    return not (0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum())


def _collapsed(text: _Text) -> _Text:
    """Every run of white space as one space."""
    return _from(text, ((" " if c.isspace() else c, i) for i, c in enumerate(text.text)), merge=" ")


def _folded(text: _Text) -> _Text:
    """NFKC, casefold, ASCII quotes and dashes, no zero-width characters or soft hyphens."""
    return _from(text, _fold(text.text), merge=" ")


def _fold(text: str) -> Iterator[tuple[str, int]]:
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _extends(text[end]):  # composed characters are folded as a whole
            end += 1
        cluster = "".join(c for c in text[start:end] if c not in _INVISIBLE)
        normal = unicodedata.normalize("NFKC", cluster).casefold().translate(_ASCII)
        for character in unicodedata.normalize("NFKC", normal):
            yield (" " if character.isspace() else character), start
        start = end


def _extends(character: str) -> bool:
    return bool(unicodedata.combining(character)) or "\u1160" <= character <= "\u11ff"


def _bare_of(folded: _Text) -> _Text:
    """Words alone: every run of other characters is one space; none at the ends."""
    spaced = _from(folded, ((c if c.isalnum() else " ", i) for i, c in enumerate(folded.text)), merge=" ")
    start, end = len(spaced.text) - len(spaced.text.lstrip()), len(spaced.text.rstrip())
    return _Text(spaced.text[start:end], spaced.source[start:end])


def _bare(quote: str) -> _Text:
    return _bare_of(_folded(_Text(quote, range(len(quote)))))


def _from(before: _Text, characters: Iterator[tuple[str, int]], *, merge: str) -> _Text:
    """A text of new characters, each with the index it comes from; runs of ``merge`` become one."""
    text, source = list[str](), list[int]()
    for character, place in characters:
        if character == merge and text and text[-1] == merge:
            continue
        text.append(character)
        source.append(before.source[place])
    return _Text("".join(text), source)
