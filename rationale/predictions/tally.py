"""What became of the quotes of a file: how each was found, and which replies could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rationale.corpus.fields import short
from rationale.predictions.quotes import Match, Stage
from rationale.predictions.replies import Reply


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "row"), count(2000, "row"), count(0, "reply", "replies")
    ('1 row', '2,000 rows', '0 replies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


@dataclass(frozen=True, kw_only=True)
class QuoteReport:
    """Counts of quotes; different quotes of a document count once.

    Attributes:
        quotes: All, empty ones included.
        exact: Found as they are written.
        folded: Found without regard to case and typography.
        bare: Found as words alone, without regard to punctuation.
        fuzzy: Found approximately.
        unmatched: Not found.
        ambiguous: In more than one place.
        empty: Without a letter or digit.
        documents_with_unmatched: Documents with a quote that was not found.
        words: Words of all quotes.
        matched_words: Words of the quotes that were found.
        unparsed: Replies in which nothing could be read; they count as no prediction.
        repaired: Replies in which a trailing comma or a missing last bracket was mended.
        ignored: Entries of replies that are no quotes.
        first_unmatched: The first quote that was not found, and its row; None where all were.
        first_unparsed: The row of the first reply that could not be read; None where all could.
    """

    quotes: int
    exact: int
    folded: int
    bare: int
    fuzzy: int
    unmatched: int
    ambiguous: int
    empty: int
    documents_with_unmatched: int
    words: int
    matched_words: int
    unparsed: int
    repaired: int
    ignored: int
    first_unmatched: str | None = None
    first_unparsed: str | None = None

    @property
    def matched_share(self) -> float | None:
        """The share of quoted words that were found; None where nothing was quoted."""
        return self.matched_words / self.words if self.words else None

    @property
    def sentences(self) -> list[str]:
        """The counts in words."""
        named = {"exact": self.exact, "folded": self.folded, "bare": self.bare, "fuzzy": self.fuzzy}
        stages = [f"{count:,} {stage}" for stage, count in named.items() if count]
        stages.append(f"{self.unmatched:,} unmatched")
        share = "" if self.matched_share is None else f"; {self.matched_share:.1%} of the quoted words match"
        found = [f"{count(self.quotes, 'quote')}: {', '.join(stages)}{share}."]
        if self.unmatched:
            found.append(
                f"{count(self.documents_with_unmatched, 'document')} with an unmatched quote, which selects "
                f"nothing (see strict precision); the first is {self.first_unmatched}."
            )
        if self.ambiguous or self.empty:
            found.append(f"Ambiguous quotes: {self.ambiguous:,}; empty quotes: {self.empty:,}.")
        if self.unparsed:
            found.append(
                f"{count(self.unparsed, 'reply', 'replies')} could not be parsed: no prediction; the first "
                f"is in {self.first_unparsed}."
            )
        if self.repaired or self.ignored:
            found.append(
                f"Replies that were repaired: {self.repaired:,}; entries of replies that are no quotes: "
                f"{self.ignored:,}."
            )
        return found


@dataclass
class Tally:
    """Counts quotes while they are read."""

    _stages: Counter[Stage] = field(default_factory=Counter)
    _counts: Counter[str] = field(default_factory=Counter)
    _first_unmatched: str | None = None
    _first_unparsed: str | None = None

    def reply(self, reply: Reply, where: str) -> None:
        """Counts a reply."""
        self._counts["unparsed"] += reply.quotes is None
        self._counts["repaired"] += reply.repaired
        self._counts["ignored"] += reply.ignored
        if reply.quotes is None and self._first_unparsed is None:
            self._first_unparsed = where

    def quotes(self, matches: Iterable[Match], where: str) -> int:
        """Counts the quotes of one document; the number of words that are nowhere in it."""
        unmatched = 0
        for match in matches:
            self._stages[match.stage] += 1
            self._counts["ambiguous"] += match.ambiguous
            self._counts["words"] += match.words
            if match.stage == "unmatched":
                unmatched += match.words
                self._first_unmatched = self._first_unmatched or f"{short(match.quote)} in {where}"
        self._counts["unmatched_words"] += unmatched
        self._counts["documents_with_unmatched"] += unmatched > 0
        return unmatched

    def report(self) -> QuoteReport:
        """The counts so far."""
        counts, stages = self._counts, self._stages
        return QuoteReport(
            quotes=stages.total(),
            exact=stages["exact"],
            folded=stages["folded"],
            bare=stages["bare"],
            fuzzy=stages["fuzzy"],
            unmatched=stages["unmatched"],
            ambiguous=counts["ambiguous"],
            empty=stages["empty"],
            documents_with_unmatched=counts["documents_with_unmatched"],
            words=counts["words"],
            matched_words=counts["words"] - counts["unmatched_words"],
            unparsed=counts["unparsed"],
            repaired=counts["repaired"],
            ignored=counts["ignored"],
            first_unmatched=self._first_unmatched,
            first_unparsed=self._first_unparsed,
        )
