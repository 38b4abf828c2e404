"""Which words and phrases a method selects over a corpus, by class and by error."""

from rationale.vocabulary.groups import By
from rationale.vocabulary.result import CorpusWords, Lift, WordGroup, WordRow
from rationale.vocabulary.tally import Counting, Tally, tally_words
from rationale.vocabulary.words import corpus_words, words_of

__all__ = [
    "By",
    "CorpusWords",
    "Counting",
    "Lift",
    "Tally",
    "WordGroup",
    "WordRow",
    "corpus_words",
    "tally_words",
    "words_of",
]
