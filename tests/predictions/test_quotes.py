"""Quotes in documents: a table of cases by hand, an edit distance by brute force, any run of words."""

import unicodedata
from functools import cache

import numpy as np
import pytest

from rationale.predictions.quotes import LONGEST_FUZZY, QuoteFinder, window_distances

TEXT = (
    "It 's a “ charming ” film — and often affecting . The film , does n't bore … café naïve ﬁne "
    "PARTY of 2001's best acting , acting !"
)
WORDS = tuple(TEXT.split())

# quote -> stage, words that it marks (joined by |), places
CASES = [
    ("charming", "exact", "charming", 1),
    ("CHARMING", "folded", "charming", 1),
    ("Charming", "folded", "charming", 1),
    ("“ charming ”", "exact", "“ charming ”", 1),
    ('" charming "', "folded", "“ charming ”", 1),
    ('"charming"', "bare", "charming", 1),
    ("'charming'", "bare", "charming", 1),
    ("charming film", "bare", "charming ” film", 1),
    ("film", "exact", "film|film", 2),
    ("Film", "folded", "film|film", 2),
    ("films", "unmatched", "", 0),
    ("fil", "unmatched", "", 0),
    ("ilm", "unmatched", "", 0),
    ("art", "unmatched", "", 0),
    ("party", "folded", "PARTY", 1),
    ("part", "unmatched", "", 0),
    ("film — and", "exact", "film — and", 1),
    ("film - and", "folded", "film — and", 1),
    ("film – and", "folded", "film — and", 1),
    ("film and", "bare", "film — and", 1),
    ("film -- and", "bare", "film — and", 1),
    ("affecting . The", "exact", "affecting . The", 1),
    ("affecting. The film", "bare", "affecting . The film", 1),
    ("affecting The", "bare", "affecting . The", 1),
    ("affecting.", "bare", "affecting", 1),
    ("affecting .", "exact", "affecting .", 1),
    ("n't bore", "exact", "n't bore", 1),
    ("n’t bore", "folded", "n't bore", 1),
    ("does n't", "exact", "does n't", 1),
    ("doesn't", "unmatched", "", 0),
    ("bore …", "exact", "bore …", 1),
    ("bore ...", "folded", "bore …", 1),
    ("bore...", "bare", "bore", 1),
    ("It 's", "exact", "It 's", 1),
    ("It's", "bare", "It 's", 1),
    ("it’s", "bare", "It 's", 1),
    ("  The   film ", "exact", "The film", 1),
    ("The\nfilm", "exact", "The film", 1),
    ("The\u00a0film", "exact", "The film", 1),
    ("the film ,", "folded", "The film ,", 1),
    ("café", "exact", "café", 1),
    (unicodedata.normalize("NFD", "café"), "folded", "café", 1),
    ("CAFÉ", "folded", "café", 1),
    ("cafe", "unmatched", "", 0),
    ("naïve", "exact", "naïve", 1),
    ("fine", "folded", "ﬁne", 1),
    ("FINE party", "folded", "ﬁne PARTY", 1),
    ("ﬁne", "exact", "ﬁne", 1),
    ("af\u00adfecting", "folded", "affecting", 1),
    ("af\u200bfecting", "folded", "affecting", 1),
    ("2001", "exact", "2001's", 1),
    ("200", "unmatched", "", 0),
    ("2001's best", "exact", "2001's best", 1),
    ("2001 s best", "bare", "2001's best", 1),
    ("acting", "exact", "acting|acting", 2),
    ("acting , acting", "exact", "acting , acting", 1),
    ("acting acting", "bare", "acting , acting", 1),
    ("acting !", "exact", "acting !", 1),
    ("!", "empty", "", 0),
    ("", "empty", "", 0),
    (" … ", "empty", "", 0),
    ("Der Film", "unmatched", "", 0),
    (TEXT, "exact", TEXT, 1),
]  # fmt: skip


@pytest.mark.parametrize(("quote", "stage", "marked", "places"), CASES)
def test_a_case(quote, stage, marked, places):
    (match,) = QuoteFinder(WORDS).find([quote])
    shown = "|".join(" ".join(WORDS[start:end]) for start, end in match.spans)
    assert (match.stage, shown, match.occurrences) == (stage, marked, places)
    assert match.ambiguous == (places > 1)


def test_which_of_several_places_is_marked():
    def spans(occurrence, *quotes):
        return [match.spans for match in QuoteFinder(WORDS, occurrence).find(quotes)]

    places = tuple((i, i + 1) for i, word in enumerate(WORDS) if word == "film")
    assert spans("all", "film") == [places]
    assert spans("first", "film") == [places[:1]]
    assert spans("unique", "film") == [()]
    assert spans("unique", "charming") == [((4, 5),)]
    assert spans("first", "film", "film") == spans("unique", "film", "film") == [places]


def test_an_ambiguous_quote_that_may_not_be_is_unmatched_and_counted():
    (match,) = QuoteFinder(WORDS, "unique").find(["film"])
    assert (match.stage, match.occurrences, match.words) == ("unmatched", 2, 1)


FUZZY = [
    ("a charming film and often affecting", "exact", None),
    ("a charming movie and often affecting", "fuzzy", "a “ charming ” film — and often affecting"),
    ("charming film is often affecting", "fuzzy", "charming ” film — and often affecting"),
    ("charmed films", "unmatched", None),
    ("charming film ... n't bore", "fuzzy", "charming ” film|n't bore"),
    ("n't bore ... charming film", "unmatched", None),
    ("entirely other words about nothing", "unmatched", None),
]


@pytest.mark.parametrize(("quote", "stage", "marked"), FUZZY[1:])
def test_fuzzy(quote, stage, marked):
    (match,) = QuoteFinder(WORDS, fuzzy=0.8).find([quote])
    assert match.stage == stage
    if marked:
        assert "|".join(" ".join(WORDS[start:end]) for start, end in match.spans) == marked
    assert QuoteFinder(WORDS).find([quote])[0].stage == "unmatched"


def test_fuzzy_changes_nothing_that_is_found_without():
    for quote, *_ in CASES:
        plain, fuzzy = (QuoteFinder(WORDS, fuzzy=ratio).find([quote])[0] for ratio in (None, 0.8))
        assert plain == fuzzy


def levenshtein(one, other):
    @cache
    def distance(i, j):
        if not i or not j:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (one[i - 1] != other[j - 1]),
        )

    return distance(len(one), len(other))


def test_distances_are_levenshteins():
    drawn = np.random.default_rng(0)
    for _ in range(60):
        quote = tuple(drawn.choice(list("abcd"), drawn.integers(1, 7)))
        words = tuple(drawn.choice(list("abcd"), drawn.integers(1, 10)))
        found = window_distances(quote, words, len(quote) + 2)
        for size in range(len(quote) + 3):
            for start in range(len(words)):
                inside = start + size <= len(words)
                expected = levenshtein(quote, words[start : start + size]) if inside else np.inf
                assert found[size, start] == expected


def test_a_window_of_the_document_is_always_found():
    """Any run of its words, quoted with other white space, case and quotes, marks at least that run."""
    drawn = np.random.default_rng(1)
    for _ in range(200):
        start, end = sorted(drawn.choice(len(WORDS) + 1, 2, replace=False))
        quote = f'"{"  ".join(WORDS[start:end]).upper()}"'
        (match,) = QuoteFinder(WORDS).find([quote])
        if match.stage == "empty":
            assert not any(c.isalnum() for c in quote)
            continue
        lettered = [i for i in range(start, end) if any(c.isalnum() for c in WORDS[i])]
        assert any(set(lettered) <= set(range(*span)) for span in match.spans)


def test_a_quote_that_is_too_long_to_compare_is_unmatched():
    words = [f"w{i}" for i in range(LONGEST_FUZZY + 50)]
    quote = " ".join(["x", *words[1 : LONGEST_FUZZY + 1]])
    assert QuoteFinder(words, fuzzy=0.5).find([quote])[0].stage == "unmatched"


def test_a_document_without_words_holds_no_quote():
    assert QuoteFinder((), fuzzy=0.8).find(["a film"])[0].stage == "unmatched"
