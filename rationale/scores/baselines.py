"""Uninformed baselines, which ignore the model: random, lead, word length."""

from __future__ import annotations

import numpy as np

from rationale.arrays import Float32
from rationale.corpus.document import Document
from rationale.randomness import Randomness
from rationale.scores.methods import METHODS, Baseline


class _Random(Baseline):
    def words(self, document: Document, seed: int) -> Float32:
        """Uniform numbers from the seed and the document's ids, whatever the order of documents."""
        generator = Randomness.of(seed, document.id, document.docid).numpy()
        return generator.random(len(document.words), dtype=np.float32)


class _Lead(Baseline):
    def words(self, document: Document, seed: int) -> Float32:
        """W - i for word i: earlier words score higher."""
        return np.arange(len(document.words), 0, -1, dtype=np.float32)


class _WordLength(Baseline):
    def words(self, document: Document, seed: int) -> Float32:
        """The number of characters."""
        return np.array([len(word) for word in document.words], dtype=np.float32)


METHODS.register("random")(_Random("random", "Random", "Uniform random numbers, seeded by the document's id"))
METHODS.register("lead")(_Lead("lead", "Lead", "Words from first to last: the earlier, the higher"))
METHODS.register("word_length")(
    _WordLength("word_length", "Word length", "The number of characters of the word")
)
