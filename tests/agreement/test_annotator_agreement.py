"""How much annotators agree, in two numbers: the specification's example, and where a number is undefined."""

import pytest

from rationale.agreement.annotator_agreement import annotator_agreement
from rationale.corpus.document import Document, Mark, Span

SIX = (
    Mark("A", (Span(0, 2),)),
    Mark("B", (Span(0, 3),)),
    Mark("C", (Span(1, 2), Span(4, 5))),
)


def document(*marks):
    return Document("1", "1", tuple("abcdef"), marks=marks)


def test_the_worked_example():
    found = annotator_agreement([document(*SIX)])
    assert found.documents == 1
    assert found.pairwise_f1 == pytest.approx(0.5667, abs=5e-5)
    assert found.alpha == pytest.approx(0.3377, abs=5e-5)
    assert found.sentence == "pairwise F1 0.567, Krippendorff's alpha 0.338 (1 document with two or more)"


def test_who_was_not_asked_is_left_out():
    found = annotator_agreement([document(*SIX, Mark("D", (), None, "not_asked"))])
    assert found.alpha == pytest.approx(0.3377, abs=5e-5)


def test_there_is_nothing_to_compare_where_one_was_asked():
    assert annotator_agreement([document(SIX[0], Mark("B", (), None, "not_asked")), document()]) is None


def test_two_who_mark_nothing_have_no_number():
    empty = document(Mark("A", (), None, "nothing"), Mark("B", (), None, "nothing"))
    found = annotator_agreement([empty, empty])
    assert (found.documents, found.pairwise_f1, found.alpha) == (2, None, None)
    assert "undefined" in found.sentence
