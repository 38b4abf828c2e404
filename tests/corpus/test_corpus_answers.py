"""Answers of SQuAD: what their offsets count, code points or UTF-16 code units, and values of other types."""

import json

import pytest

from rationale.corpus import load_documents
from rationale.corpus.check import check_data
from rationale.errors import DataError


def message(source):
    with pytest.raises(DataError) as caught:
        load_documents(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def squad(tmp_path, *paragraphs):
    """A file of paragraphs, each a context and its ``(text, answer_start)``."""
    content = [
        {
            "context": context,
            "qas": [
                {"id": f"{n}.{k}", "question": "which ?", "answers": [{"text": text, "answer_start": start}]}
                for k, (text, start) in enumerate(answers)
            ],
        }
        for n, (context, answers) in enumerate(paragraphs)
    ]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": content}]}), encoding="utf-8")
    return path


PIE = "\U0001f967 a b b b pie"  # code points: a 2, b 4 6 8, pie 10; UTF-16 code units: one more each


def marked(path):
    return [document.rationale.nonzero()[0].tolist() for document in load_documents(path)]


@pytest.mark.parametrize(("b", "pie"), [(6, 10), (7, 11)])
def test_answers_at_one_place_alone_show_what_their_offsets_count(tmp_path, b, pie):
    assert marked(squad(tmp_path, (PIE, [("b", b), ("pie", pie)]))) == [[3], [5]]


TWO = "\U0001f967\U0001f967 b b b pie"  # code points: b 3 5 7, pie 9; UTF-16 code units: b 5 7 9, pie 11


@pytest.mark.parametrize(("place_of_pie", "second"), [(9, 3), (11, 2)])
def test_an_answer_at_two_places_follows_the_others(tmp_path, place_of_pie, second):
    # "b" at 5 is the second one by code points, the first by UTF-16 code units.
    assert marked(squad(tmp_path, (TWO, [("b", 5), ("pie", place_of_pie)]))) == [[second], [5]]
    elsewhere = ("\U0001f967 pie", [("pie", 2 if place_of_pie == 9 else 3)])
    assert marked(squad(tmp_path, (TWO, [("b", 5)]), elsewhere)) == [[second], [1]]


def test_an_answer_at_two_places_alone_is_refused(tmp_path):
    path = squad(tmp_path, (TWO, [("b", 5)]), ("plain pie", [("pie", 6)]))
    said = message(path)
    assert "question 0 (id '0.0'), answer 0: the answer 'b' is at character 5 of the context both in" in said
    assert "lengthen the answer" in said
    assert any(said == problem for problem in check_data(path)[0].problems)
    # The same place by both counts needs no decision.
    assert marked(squad(tmp_path, ("b \U0001f967", [("b", 0)]))) == [[0]]


def test_answers_that_contradict_each_other_are_refused(tmp_path):
    said = message(squad(tmp_path, (TWO, [("pie", 9), ("pie", 11)])))
    assert (
        "some answers of the paragraph are at their answer_start in code points alone, others in UTF-16"
        in said
    )
    # Two paragraphs that differ leave a third undecided.
    one, other = ("\U0001f967 pie", [("pie", 2)]), ("\U0001f967 pie", [("pie", 3)])
    assert marked(squad(tmp_path, one, other)) == [[1], [1]]
    assert "some answers of the file" in message(squad(tmp_path, one, other, (TWO, [("b", 5)])))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"is_impossible": 0}, "'is_impossible' must be true or false, got 0. Write true or false, without"),
        ({"is_impossible": None}, "must be true or false, got null. Write true or false, without quotes"),
        ({"answers": [None]}, "(id 'q'), answer 0: an answer must be an object, got null"),
        ({"answers": None}, "(id 'q'): the field 'answers' is null. Give it a value"),
    ],
)
def test_questions_with_values_of_another_type(tmp_path, question, said):
    whole = {"id": "q", "question": "what ?", "answers": [{"text": "pie", "answer_start": 6}], **question}
    content = {"data": [{"title": "t", "paragraphs": [{"context": "plain pie", "qas": [whole]}]}]}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    assert said in message(path)
