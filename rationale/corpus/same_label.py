"""Only annotators who gave the document's label: a rationale for another class is left out."""

from __future__ import annotations

from collections.abc import Iterable

from rationale.corpus.annotations import with_marks
from rationale.corpus.annotators import check_marked
from rationale.corpus.document import Document, Documents
from rationale.corpus.fields import listing
from rationale.errors import DataError


def of_same_label(documents: Documents) -> Documents:
    """Every document with those annotators alone who gave its label; its rationale is what they marked.

    A document of which none is left is not annotated, nor is one without a label. A document that does not
    say who marked what stays as it is.

    Raises:
        DataError: Where no document says who marked what, or no annotator who was asked for a rationale gave
            the document's label.
    """
    check_marked(documents, "--same-label")
    chosen = Documents(
        map(_of_same_label, documents),
        source=documents.source,
        split=documents.split,
        sampled_from=documents.sampled_from,
    )
    if not any(document.asked for document in chosen):
        raise _nobody_left(documents)
    return chosen


def _of_same_label(document: Document) -> Document:
    if not document.marks:
        return document
    if document.label is None:
        return with_marks(document, ())
    return with_marks(document, (mark for mark in document.marks if mark.label == document.label))


def _nobody_left(documents: Documents) -> DataError:
    """The error of data in which no annotator is left: labels are missing, or all differ."""
    marked = [document for document in documents if document.asked]
    of_documents = _known(document.label for document in marked)
    of_annotators = _known(mark.label for document in marked for mark in document.asked)
    if not of_documents:
        what = "no document with annotators has a label"
    elif not of_annotators:
        what = "no annotator who was asked for a rationale has a label"
    else:
        what = (
            "no annotator who was asked for a rationale gave the document's label: documents are "
            f"{listing(of_documents)}, annotators said {listing(of_annotators)}"
        )
    return DataError(
        what,
        where=documents.source,
        remedy="--same-label compares the label of each entry of 'annotations' with the document's 'label': "
        "give both, in the same spelling, or leave it out.",
    )


def _known(labels: Iterable[str | None]) -> list[str]:
    return sorted({label for label in labels if label is not None})
