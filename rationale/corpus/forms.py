"""The form under which occurrences of a word are counted together."""

from __future__ import annotations

from string import punctuation

_ENDS = punctuation + "“”‘’…–—"


def bare_word(word: str) -> str:
    """Case-folds a word and strips punctuation from its ends; may be empty.

    >>> bare_word("Dull,"), bare_word("--"), bare_word("don't")
    ('dull', '', "don't")
    """
    return word.casefold().strip(_ENDS)
