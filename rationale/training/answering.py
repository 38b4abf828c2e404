"""Question answering: windows with the first and last token of the answer, and answers from logits."""

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
"""The names of the two outputs of a question-answering model."""

_LONGEST = 30  # tokens of an answer, as in BERT's script


class QuestionWindows(Encoded):
    """Windows of questions over their paragraphs; the label of a window without the answer is (0, 0), [CLS].

    Args:
        windows: The inputs of the model.
        labels: First and last token of the answer, per window.
        owners: The index of the document of each window.
        documents: All documents.
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
        """The row of a window; ``position`` is the index of its document."""
        return {**super().__getitem__(position), "position": self.owners[position]}

    def judge(self, logits: Sequence[Floats]) -> dict[str, float]:
        """Computes exact match and F1, means over the documents.

        Args:
            logits: Logits of each window, (n, 2).
        """
        predictions = answers(self, logits)
        pairs = zip(map(references, self.documents), predictions, strict=True)
        metrics = [(exact_match(golds, prediction), f1(golds, prediction)) for golds, prediction in pairs]
        means = np.mean(metrics, axis=0)
        return {"exact_match": float(means[0]), "f1": float(means[1])}


def ask(tokenizer: PreTrainedTokenizerBase, documents: Documents, max_length: int) -> QuestionWindows:
    """Cuts ``[CLS] question [SEP] paragraph [SEP]`` into windows that overlap by a third.

    The first reference answer is the label.

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
            labels.append(_answer_tokens(document, window))
            owners.append(number)
    return QuestionWindows(
        windows, labels, owners, documents, typed="token_type_ids" in tokenizer.model_input_names
    )


def _answer_tokens(document: Document, window: Window) -> tuple[int, int]:
    """First and last token of the first reference answer; (0, 0) where the window does not hold all of it."""
    if not document.spans:
        return 0, 0
    span = min(document.spans, key=lambda span: span.group)
    first, last = (np.flatnonzero(window.word == word) for word in (span.start, span.end - 1))
    return (int(first[0]), int(last[-1])) if len(first) and len(last) else (0, 0)


def references(document: Document) -> list[str]:
    """The distinct reference answers; empty where the question has none."""
    spans = sorted(document.spans, key=lambda span: span.group)
    return list(dict.fromkeys(" ".join(document.words[span.start : span.end]) for span in spans))


def answers(rows: QuestionWindows, logits: Sequence[Floats]) -> list[str]:
    """Predicts the answer to the question of each document; "" where no span scores above [CLS].

    Compares the best span over all windows with the lowest score of [CLS] over all windows, as in BERT's
    script.
    """
    best = [(-np.inf, "")] * len(rows.documents)
    no_answer = [np.inf] * len(rows.documents)
    for owner, window, scores in zip(rows.owners, rows.windows, logits, strict=True):
        no_answer[owner] = min(no_answer[owner], float(scores[0].sum()))
        value, (first, last) = _best_span(np.asarray(scores, np.float64), window)
        if value > best[owner][0]:
            best[owner] = value, " ".join(rows.documents[owner].words[first:last])
    return [text if value > empty else "" for (value, text), empty in zip(best, no_answer, strict=True)]


def _best_span(scores: Floats, window: Window) -> tuple[float, tuple[int, int]]:
    """The score of the best span of at most 30 tokens, and its words as a half-open range."""
    tokens = np.flatnonzero(window.word >= 0)
    pairs = scores[tokens, None, 0] + scores[None, tokens, 1]
    distance = np.arange(len(tokens))[None] - np.arange(len(tokens))[:, None]
    pairs = np.where((distance >= 0) & (distance < _LONGEST), pairs, -np.inf)
    first, last = np.unravel_index(pairs.argmax(), pairs.shape)
    words = window.word[tokens]
    return float(pairs[first, last]), (int(words[first]), int(words[last]) + 1)
