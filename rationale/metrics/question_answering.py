"""SQuAD's figures of answers: exact match and F1 over words, the best of several reference answers."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_SIGNS = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and repeated blanks, as SQuAD's own script has it.

    >>> normalised("The  Quick, brown fox!")
    'quick brown fox'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_SIGNS)).split())


def exact_match(gold: Sequence[str], said: str) -> float:
    """1 where the answer is one of the references, else 0; no reference is the empty one."""
    return float(any(normalised(one) == normalised(said) for one in gold or ("",)))


def f1(gold: Sequence[str], said: str) -> float:
    """The greatest F1 over words with a reference; the empty answer is right where there is none.

    >>> f1(["in Paris", "Paris , France"], "Paris")
    0.6666666666666666
    """
    return max(_f1(normalised(one).split(), normalised(said).split()) for one in gold or ("",))


def _f1(gold: Sequence[str], said: Sequence[str]) -> float:
    if not gold or not said:
        return float(list(gold) == list(said))
    common = (Counter(gold) & Counter(said)).total()
    return 2 * common / (len(gold) + len(said))
