"""Answers to questions: windows with the answer's first and last token, and answers from their logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from rationale.arrays import Floats
from rationale.corpus.document import Document, Documents
from rationale.errors import DataError
from rationale.metrics.question_answering import exact_match, f1
from rationale.tokens import Window, Windower
from rationale.training.encoding import Encoded

POINTS = ("start", "end")
"""The names of an answering model's two outputs."""

_LONGEST = 30  # tokens of an answer, as in BERT's own script


class QuestionWindows(Encoded):
    """Windows of questions over their paragraphs; an answer outside its window is (0, 0), at [CLS].

    Args:
        windows: What the model reads.
        labels: First and last token of the answer, a pair a window.
        owners: Which document each window is of.
        documents: All of them.
        typed: Whether the model reads token types.
    """

    def __init__(
        self,
        windows: Sequence[Window],
        labels: Sequence[tuple[int, int]],
        owners: Sequence[int],
        documents: Documents,
        *,
        typed: bool,
    ) -> None:
        super().__init__(windows, labels, typed=typed)
        self.owners, self.documents = owners, documents

    def __getitem__(self, position: int) -> dict[str, Any]:
        """As of every dataset, ``position`` being the document's."""
        return {**super().__getitem__(position), "position": self.owners[position]}

    def judge(self, logits: Sequence[Floats]) -> dict[str, float]:
        """Exact match and F1, means over the documents.

        Args:
            logits: Of each window (n, 2).
        """
        said = answers(self, logits)
        pairs = zip(map(references, self.documents), said, strict=True)
        figures = [(exact_match(golds, one), f1(golds, one)) for golds, one in pairs]
        means = np.mean(figures, axis=0)
        return {"exact_match": float(means[0]), "f1": float(means[1])}


def ask(tokenizer: PreTrainedTokenizerBase, documents: Documents, max_length: int) -> QuestionWindows:
    """Windows of ``[CLS] question [SEP] paragraph [SEP]`` that overlap by a third; the first answer counts.

    Raises:
        DataError: On a document without a question.
    """
    windower = Windower(tokenizer, max_length, "document", overlap=max_length // 3)
    windows, labels, owners = list[Window](), list[tuple[int, int]](), list[int]()
    for number, document in enumerate(documents):
        if not document.query:
            raise DataError(
                "the document has no question",
                where=f"{documents.source}, {document.id!r}",
                remedy="Answering needs data in SQuAD's layout.",
            )
        for window in windower(document).windows:
            windows.append(window)
            labels.append(_place(document, window))
            owners.append(number)
    return QuestionWindows(
        windows, labels, owners, documents, typed="token_type_ids" in tokenizer.model_input_names
    )


def _place(document: Document, window: Window) -> tuple[int, int]:
    """First and last token of the first reference, where all of it is in the window."""
    if not document.spans:
        return 0, 0
    span = min(document.spans, key=lambda one: one.group)
    first, last = (np.flatnonzero(window.word == word) for word in (span.start, span.end - 1))
    return (int(first[0]), int(last[-1])) if len(first) and len(last) else (0, 0)


def references(document: Document) -> list[str]:
    """What the annotators answered, each once; nothing where the question has no answer."""
    spans = sorted(document.spans, key=lambda one: one.group)
    return list(dict.fromkeys(" ".join(document.words[one.start : one.end]) for one in spans))


def answers(rows: QuestionWindows, logits: Sequence[Floats]) -> list[str]:
    """The answer to each document's question; "" where none beats pointing at [CLS].

    The best span of all windows counts against the least chance of none in any of them, as in BERT's script.
    """
    best = [(-np.inf, "")] * len(rows.documents)
    none = [np.inf] * len(rows.documents)
    for owner, window, scores in zip(rows.owners, rows.windows, logits, strict=True):
        none[owner] = min(none[owner], float(scores[0].sum()))
        value, (first, last) = _best_span(np.asarray(scores, np.float64), window)
        if value > best[owner][0]:
            best[owner] = value, " ".join(rows.documents[owner].words[first:last])
    return [text if value > empty else "" for (value, text), empty in zip(best, none, strict=True)]


def _best_span(scores: Floats, window: Window) -> tuple[float, tuple[int, int]]:
    """The best pair of tokens of the paragraph, not too far apart, and the words from one to the other."""
    tokens = np.flatnonzero(window.word >= 0)
    pairs = scores[tokens, None, 0] + scores[None, tokens, 1]
    gap = np.arange(len(tokens))[None] - np.arange(len(tokens))[:, None]
    pairs = np.where((gap >= 0) & (gap < _LONGEST), pairs, -np.inf)
    first, last = np.unravel_index(pairs.argmax(), pairs.shape)
    words = window.word[tokens]
    return float(pairs[first, last]), (int(words[first]), int(words[last]) + 1)
