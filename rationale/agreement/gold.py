"""The human rationales that scores are compared with: one rule for one annotator or for several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from rationale.artifacts.provenance import Annotators, OtherLabels
from rationale.corpus.annotators import Aggregate, aggregate, aggregate_in_use, check_marked
from rationale.corpus.document import Document, Documents, Mark
from rationale.corpus.same_label import of_same_label
from rationale.errors import DataError

Gold = Literal["union", "majority", "any2", "intersection", "soft", "each"]
GOLD: tuple[Gold, ...] = get_args(Gold)


@dataclass(frozen=True)
class Standard:
    """The documents once for each annotator that metrics are averaged over.

    Attributes:
        marked: The documents with all annotators that count.
        gold: The rule; None where no document says who marked what.
        documents: The documents with the rationale of the first annotator asked of each, of the second, and
            so on; one collection where one rationale a document is the gold. A document without such an
            annotator is not annotated there.
        counts: What the annotators marked; None where no document says who marked what.
        other_labels: The annotators who do not count because of their label; None where all count.
    """

    marked: Documents
    gold: Gold | None
    documents: tuple[Documents, ...]
    counts: Annotators | None = None
    other_labels: OtherLabels | None = None

    @property
    def several(self) -> bool:
        """Whether some document was marked by two annotators, so that there is a human ceiling."""
        return self.counts is not None and self.counts.shared > 0


@dataclass(frozen=True)
class InUse:
    """The one rationale of each document that a page shows.

    Attributes:
        gold: What metrics are computed against; None where one rationale a document is the gold.
        rule: How the rationale shown was made of several annotators'; None where the data gives it.
        documents: The documents with this rationale, and with the marks it was made of.
    """

    gold: Gold | None
    rule: Aggregate | None
    documents: Documents


def in_use(documents: Documents, gold: Gold | None, *, same_label: bool = False) -> InUse:
    """Makes the rationales that are shown beside metrics against ``gold``.

    ``soft`` shows the majority, which its other metrics use; ``each`` makes no rationale of several and
    shows the data's own.

    Raises:
        DataError: Where the rule is unknown, or no document says who marked what.
    """
    _check(gold)
    documents = of_same_label(documents) if same_label else documents
    if gold is None or gold == "each":
        return InUse(gold, aggregate_in_use(documents), documents)
    rule: Aggregate = "majority" if gold == "soft" else gold
    return InUse(gold, rule, aggregate(documents, rule))


def standard(documents: Documents, gold: Gold | None = None, *, same_label: bool = False) -> Standard:
    """Chooses the human rationales.

    Args:
        documents: The documents.
        gold: ``union``, ``majority``, ``any2``, ``intersection``: one rationale made of all annotators'.
            ``soft``: the majority, and the soft metrics beside it. ``each``: every annotator by itself; a
            metric is averaged inside a document, and then over documents. None is ``each`` where a document
            has several annotators, else the rationale that there is.
        same_label: Whether only annotators who gave the document's label count.

    Raises:
        DataError: Where the rule is unknown, no document says who marked what, or with ``same_label`` no
            annotator counts.
    """
    _check(gold)
    marked = of_same_label(documents) if same_label else documents
    counts = _counts(marked)
    if gold is None:
        gold = "each" if counts is not None and counts.shared else None
    other_labels = _other_labels(documents, marked) if same_label else None
    return Standard(marked, gold, _golds(marked, gold), counts, other_labels)


def _golds(documents: Documents, gold: Gold | None) -> tuple[Documents, ...]:
    if gold != "each":
        return (in_use(documents, gold).documents,)
    check_marked(documents, "--gold")
    ranks = max((len(document.asked) for document in documents), default=0)
    return tuple(_of_rank(documents, rank) for rank in range(max(1, ranks)))


def _check(gold: str | None) -> None:
    if gold is not None and gold not in GOLD:
        raise DataError(f"no gold is called {gold!r}", remedy=f"Use one of {', '.join(GOLD)}.")


def counts_as_unit(mark: Mark, document: Document) -> bool:
    """Whether an annotator's mask can be ranked against: it marks some words and not all."""
    marked = document_of(document, mark).rationale
    return bool(marked.any() and not marked.all())


def document_of(document: Document, mark: Mark) -> Document:
    """The document with the rationale of one of its annotators."""
    return replace(document, spans=mark.spans, annotated=True)


def _of_rank(documents: Documents, rank: int) -> Documents:
    """The documents, each with the rationale of its annotator number ``rank``."""
    chosen = [_with_rank(document, rank) for document in documents]
    return Documents(
        chosen, source=documents.source, split=documents.split, sampled_from=documents.sampled_from
    )


def _with_rank(document: Document, rank: int) -> Document:
    if not document.marks:
        return document if rank == 0 else replace(document, annotated=False)
    if rank < len(document.asked) and counts_as_unit(document.asked[rank], document):
        return document_of(document, document.asked[rank])
    return replace(document, spans=(), annotated=False)


def _counts(documents: Iterable[Document]) -> Annotators | None:
    marked = [document for document in documents if document.marks]
    if not marked:
        return None
    asked = [(mark, document) for document in marked for mark in document.asked]
    several = [len(document.asked) for document in marked if len(document.asked) > 1]
    return Annotators(
        documents=len(marked),
        shared=len(several),
        masks=len(asked),
        nothing=sum(mark.state == "nothing" for mark, _ in asked),
        not_asked=sum(len(document.marks) - len(document.asked) for document in marked),
        left_out=sum(not counts_as_unit(mark, document) for mark, document in asked),
        fewest=min(several, default=None),
        most=max(several, default=None),
    )


def _other_labels(documents: Documents, marked: Documents) -> OtherLabels:
    """Counts the annotators who were asked and do not count, and the documents without any other."""
    asked = [(len(one.asked), len(left.asked)) for one, left in zip(documents, marked, strict=True)]
    return OtherLabels(
        masks=sum(before - after for before, after in asked),
        documents=sum(before > 0 and after == 0 for before, after in asked),
    )
