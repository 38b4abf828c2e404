"""SQuAD's metrics of answers: exact match and F1 over words, the best over several reference answers."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_SIGNS = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and repeated blanks, as in SQuAD's script.

    >>> normalised("The  Quick, brown fox!")
    'quick brown fox'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_SIGNS)).split())


def exact_match(gold: Sequence[str], predicted: str) -> float:
    """1 where the answer equals a reference, else 0; without references the empty answer is right."""
    return float(any(normalised(reference) == normalised(predicted) for reference in gold or ("",)))


def f1(gold: Sequence[str], predicted: str) -> float:
    """The greatest F1 over words with a reference; without references the empty answer is right.

    >>> f1(["in Paris", "Paris , France"], "Paris")
    0.6666666666666666
    """
    return max(
        _f1(normalised(reference).split(), normalised(predicted).split()) for reference in gold or ("",)
    )


def _f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    if not gold or not predicted:
        return float(list(gold) == list(predicted))
    common = (Counter(gold) & Counter(predicted)).total()
    return 2 * common / (len(gold) + len(predicted))
