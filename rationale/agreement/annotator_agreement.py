"""How much the annotators of a data set agree with each other, in two numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rationale.agreement.annotators import krippendorff, pairwise_f1
from rationale.corpus.document import Document


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """Agreement of the annotators who were asked for a rationale.

    Attributes:
        documents: Documents with at least two of them.
        pairwise_f1: Mean F1 of two annotators' words, over pairs, then over documents, 0 to 1; None where no
            pair marked a word.
        alpha: Krippendorff's alpha, nominal, over the words of all documents, -1 to 1; None where no word or
            every word is marked.
    """

    documents: int
    pairwise_f1: float | None
    alpha: float | None

    @property
    def sentence(self) -> str:
        """The numbers in one line, for people."""
        f1, alpha = ("undefined" if x is None else f"{x:.3f}" for x in (self.pairwise_f1, self.alpha))
        documents = f"{self.documents:,} document{'' if self.documents == 1 else 's'}"
        return f"pairwise F1 {f1}, Krippendorff's alpha {alpha} ({documents} with two or more)"


def annotator_agreement(documents: Iterable[Document]) -> AnnotatorAgreement | None:
    """Measures how much annotators agree; None where no document has two who were asked.

    A document counts once in ``pairwise_f1`` however many annotators it has; in ``alpha`` each word does.
    """
    masks = [document.masks for document in documents if len(document.asked) > 1]
    if not masks:
        return None
    values = [value for mask in masks if math.isfinite(value := pairwise_f1(mask))]
    alpha = krippendorff(masks).alpha()
    return AnnotatorAgreement(
        documents=len(masks),
        pairwise_f1=math.fsum(values) / len(values) if values else None,
        alpha=alpha if math.isfinite(alpha) else None,
    )
