"""What could be read in two ways is cross-checked where the input allows it, or refused."""

import json
import logging

import pytest

from rationale.corpus import Span, load_documents
from rationale.corpus.check import check_data
from rationale.errors import DataError


def table(tmp_path, *rows, name="mine.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(tmp_path, row):
    return load_documents(table(tmp_path, row))[0]


def message(source, split=None):
    with pytest.raises(DataError) as caught:
        load_documents(source, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def eraser(tmp_path, rows, documents):
    """An ERASER folder over ``docs.jsonl``."""
    table(tmp_path, *rows, name="val.jsonl")
    table(tmp_path, *({"docid": k, "document": v} for k, v in documents.items()), name="docs.jsonl")
    return tmp_path


def annotation(identifier, evidences=None, **more):
    row = {"annotation_id": identifier, "classification": "x", "query": "", "docids": None}
    return {**row, "evidences": evidences, **more}


def piece(docid, start, end, **more):
    return {"docid": docid, "start_token": start, "end_token": end, **more}


# pairs


PAIR = {"7.jpg_premise": "two cats sleep", "7.jpg_hypothesis": "cats are awake"}
MARKS = [None, [], [[piece("7.jpg_hypothesis", 2, 3)]], [[piece("7.jpg_premise", 2, 3)]]]
MARKS.append([[piece("7.jpg_premise", 2, 3), piece("7.jpg_hypothesis", 0, 3)]])


@pytest.mark.parametrize("evidences", MARKS)
@pytest.mark.parametrize(
    "names",
    [
        {},
        {"docids": None},
        {"docids": ["7.jpg_hypothesis"]},
        {"docids": ["7.jpg_hypothesis", "7.jpg_premise"]},
    ],
)
@pytest.mark.parametrize("query", ["", None, []])
def test_a_pair_is_read_whole_whatever_is_marked(tmp_path, evidences, names, query):
    row = annotation("7.jpg", evidences, **names)
    one, two = load_documents(eraser(tmp_path, [{**row, "query": query}], PAIR))
    assert (one.docid, two.docid) == ("7.jpg_premise", "7.jpg_hypothesis")
    assert (one.query, one.query_first) == (two.words, False)
    assert (two.query, two.query_first) == (one.words, True)


def test_half_a_pair_is_no_document(tmp_path):
    where = eraser(tmp_path, [annotation("7.jpg")], {"7.jpg_hypothesis": "cats are awake"})
    assert "document '7.jpg_premise' is missing; it is read together with" in message(where)


def test_evidence_alone_does_not_make_a_pair(tmp_path):
    texts = {"a": "one two", "b": "three four"}
    marks = [[piece("a", 0, 1), piece("b", 0, 1)]]
    said = message(eraser(tmp_path, [annotation("other", marks)], texts))
    assert "the model's input would depend on the rationale" in said
    said = message(eraser(tmp_path, [annotation("other", marks, docids=["a"])], texts))
    assert "evidence in document 'b', which is none of its documents" in said


@pytest.mark.parametrize(
    ("identifier", "docid"),
    [
        ("q12", "q12"),
        ("q12", "q12_query"),
        ("news.txt:0:1", "news.txt"),
        ("10:45.txt:0:1", "10:45.txt"),
        ("news.txt:0", "news.txt"),
    ],
)
@pytest.mark.parametrize("evidences", [None, [], [[]]])
def test_documents_are_found_by_the_annotations_name(tmp_path, identifier, docid, evidences):
    rows = [annotation(identifier, evidences, query="a [sep] b")]
    (document,) = load_documents(eraser(tmp_path, rows, {docid: "what is it"}))
    assert (document.docid, document.annotated) == (docid, evidences is not None)


# evidence


def test_places_by_sentences_and_unknown_places(tmp_path):
    unknown = {"start_sentence": -1, "end_sentence": -1}
    groups = [
        [piece("d", -1, -1, start_sentence=1, end_sentence=2), piece("d", -1, -1, **unknown)],
        [piece("d", 0, 1, **unknown)],
    ]
    where = eraser(tmp_path, [annotation("d", groups)], {"d": "a b\nc d e"})
    assert load_documents(where)[0].spans == (Span(2, 5, 0), Span(0, 1, 1))
    (check,) = check_data(where)
    assert any("state neither words nor sentences and are left out" in note for note in check.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start_token": -1, "end_token": -1, "end_sentence": 0}, "start_sentence -1 and end_sentence 0"),
        ({"end_sentence": 0}, "start_sentence -1 and end_sentence 0"),
        (
            {"start_token": -1, "end_token": -1, "start_sentence": 1, "end_sentence": 3},
            "outside document 'd' of 2",
        ),
        ({"start_token": -1, "end_token": 2}, "evidence [-1, 2) lies outside"),
        ({"start_token": 9, "end_token": 9}, "evidence [9, 9) lies outside"),
        ({"start_token": None}, "the field 'start_token' is null. Where the place is unknown, write -1"),
        ({"text": "b c"}, "has the text 'b c', but the words at its indices are 'a b'"),
        ({"text": ["a", "c"]}, "has the text 'a c'"),
        ({"text": 5}, "the 'text' of evidence must be text, got 5"),
        ({"docid": 1.5}, "'docid' must be text or a whole number, got 1.5"),
        ({"docid": "d\x07"}, "'docid' holds a control character"),
    ],
)
def test_evidence_that_contradicts_itself(tmp_path, change, said):
    row = annotation("d", [[{**piece("d", 0, 2, start_sentence=-1, end_sentence=-1), **change}]])
    where = eraser(tmp_path, [row], {"d": "a b\nc d e"})
    assert message(where).startswith(f"{where / 'val.jsonl'}:1: ")
    assert said in message(where)


@pytest.mark.parametrize("text", ["a b", "a  b", "ab", "", None, ["a", "b"], [17, 4]])
def test_evidence_that_says_what_it_covers(tmp_path, text):
    where = eraser(tmp_path, [annotation("d", [[piece("d", 0, 2, text=text)]])], {"d": "a b\nc d e"})
    assert load_documents(where)[0].spans == (Span(0, 2),)


def test_empty_evidence_is_noted(tmp_path):
    where = eraser(tmp_path, [annotation("d", [[piece("d", 1, 1)]])], {"d": "a b"})
    assert load_documents(where)[0].spans == ()
    assert any("mark no word" in note for note in check_data(where)[0].notes)


def test_fields_that_are_not_read_are_noted(tmp_path):
    row = annotation("d", None, evidence=[[piece("d", 0, 1)]])
    notes = check_data(eraser(tmp_path, [row], {"d": "a b"}))[0].notes
    assert any("have a field 'evidence', which is not read" in note for note in notes)


def test_blanks_of_docs_jsonl_count_as_the_scorer_counts_them(tmp_path):
    """The scorer: ``[line.strip().split(" ") for line in document.split("\\n")]``."""
    text = "a  b\n\n c d \ne\n"
    counted = [line.strip().split(" ") for line in text.split("\n")]
    where = eraser(tmp_path, [annotation("d", [[piece("d", 4, 6, text="c d")]])], {"d": text})
    (document,) = load_documents(where)
    assert document.words == tuple(word for line in counted for word in line)
    assert [document.words[a:b] for a, b in document.sentences] == [tuple(line) for line in counted]
    assert any("count as empty words" in note for note in check_data(where)[0].notes)


def test_blanks_of_docs_folders_vanish(tmp_path):
    table(tmp_path, annotation("d", [[piece("d", 2, 4, text="c d")]]), name="val.jsonl")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "d").write_text("a  b\n\n c d \n")
    assert load_documents(tmp_path)[0].words == ("a", "b", "c", "d")


# marks of tables


AMBIGUOUS = [
    ("one two", [[0, 1]], "one mask an annotator"),
    ("one two", [[1, 0], [1, 1]], "majority"),
    ("one two three", [[0, 0, 1], [1, 0, 1]], "union"),
    ("a b c d e", [[0, 0, 1, 0, 0]], "one mask an annotator"),
    ("a b c d e", [[True, False, True, False, False]], "one mask an annotator"),
    ("a b c d e", [[0, 2, 1]], "three items, and a span two"),
    ("a b c d e", [[0, 2, "evidence"]], "three items"),
    ("a b c d e", [[False, 2]], "has False for an index"),
    ("a b c d e", [{"start": True, "end": 3}], "has True for an index"),
    ("a b c d e", [[0, 2.0]], "cannot read [0, 2.0]"),
    ("a b c d e", [[3, 3]], "marks nothing"),
    ("a b c d e", [[99, 99]], "lies outside"),
    (
        "a b c d e",
        [{"start": 1, "end": 3, "text": "b"}],
        "has the text 'b', but the words at its indices are 'b c'",
    ),
    ("a b c d e", [{"start": 2, "end": 5, "text": "b c"}], "Character offsets belong in 'rationale_chars'"),
    ("a b c d e", [{"start": 1, "end": 3, "group": 10**9}], "from 0 to 9999, got 1000000000"),
    ("a b c d e", [{"start": 1, "end": 3, "group": True}], "group of a span must be a whole number"),
    ("a b c d e", [{"start": 1, "end": 3, "text": ["b"]}], "the text of a span must be text"),
    ("a b c d e", [{"start": 1, "end": 3, "quote": "b c d"}], "has the text 'b c d', but the words"),
    ("a b c d e", [{"start": 1, "end": 3, "text": "b c", "quote": "b"}], "the text 'b c', but the quote 'b'"),
    (
        "a b c d e",
        [{"start": 2, "end": 3, "token_start": 1, "token_end": 1}],
        "start and end do not count wor",
    ),
    (
        "a b c d e",
        [{"start": 1, "end": 3, "token_start": 1, "token_end": 3}],
        "and token_end 3: start and end",
    ),
    ("a b c d e", [{"start": 12, "end": 15, "token_start": 3, "token_end": 3}], "in 'rationale_chars'"),
    ("a b c d e", [{"start": 1, "end": 2, "token_start": 1}], "must be whole numbers, got None"),
    (
        "a b c d e",
        [{"start": 1, "end": 2, "token_start": 2, "token_end": 1}],
        "token_start 2 and token_end 1",
    ),
    ("a b c d e", [{"start": 1, "end": 2, "token_start": True, "token_end": 1}], "whole numbers, got True"),
    (
        "a b c d e",
        [{"start": 1, "end": 2, "label": "NOT"}],
        "no field 'label'. Fields: start, end, group, text",
    ),
    ("a b c d e", [{"start": 1, "end": 2, "end_sentence": 1}], "a span has no field 'end_sentence'"),
    ("a b c d e", [1, 3], "cannot read [1, 3] as a rationale. One span is written [[1, 3]]."),
]


@pytest.mark.parametrize(("text", "value", "said"), AMBIGUOUS)
def test_marks_that_could_be_something_else(tmp_path, text, value, said):
    path = table(tmp_path, {"text": text, "rationale": value})
    assert message(path).startswith(f"{path}:1: ")
    assert said in message(path)


ANNOTATORS = [
    ("one", [[1], [0]]),
    ("one", [[1]]),
    ("one two three", [[1], [0, 2]]),
    ("one two three", [[2], [0, 2]]),
    ("one two three", [[], [0, 1, 1]]),
    ("one two three", {"ann": [0, 1, 1], "bo": [0, 0, 1]}),
    ("one two three", [[[0, 2]], [[1, 3]]]),
    ("one two three", [[[0, 1], [2, 3]], [[1, 3]]]),
    ("one two three", [[0, 1, 2], [2]]),
    ("one two three", [{"annotator": "ann", "spans": [[0, 2]]}]),
    ("one two", [[1, 1]]),
]


@pytest.mark.parametrize(("text", "value"), ANNOTATORS)
def test_what_may_be_of_several_annotators_is_sent_to_their_column(tmp_path, text, value):
    said = message(table(tmp_path, {"text": text, "rationale": value}))
    assert "What several annotators marked belongs in the column 'annotations', one object each: " in said
    advice = json.loads(said[said.index('{"annotator"') :].split(", where spans")[0])
    document = read(tmp_path, {"text": "one two three", "annotations": [advice]})
    assert document.rationale.tolist() == [True, True, False]


def test_a_mask_of_ones_over_two_words_may_be_an_empty_span(tmp_path):
    said = message(table(tmp_path, {"text": "one two", "rationale": [[1, 1]]}))
    assert "[[1, 1]] could be one mask an annotator, or spans, of which [1, 1) marks nothing" in said
    assert "marks nothing" not in message(table(tmp_path, {"text": "one two", "rationale": [[0, 1]]}))


def test_spans_that_say_what_they_cover(tmp_path):
    for more in (
        {"quote": "two three"},
        {"text": "two three", "quote": "two  three"},
        {"token_start": 1, "token_end": 2},
        {"text": None, "label": None, "token_start": None, "token_end": None},
    ):
        row = {"text": "one two three", "rationale": [{"start": 1, "end": 3, **more}]}
        assert read(tmp_path, row).rationale.tolist() == [False, True, True]
        row["rationale_chars"] = [{**row.pop("rationale")[0], "start": 4, "end": 13}]
        assert read(tmp_path, row).rationale.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"quote": "one"}, "the span [4, 7) has the text 'one', but the text at its offsets is 'two'"),
        ({"token_start": 1, "token_end": 4}, "[4, 7) has token_start 1 and token_end 4, and a token has"),
        ({"token_start": 6, "token_end": 6}, "[4, 7) has token_start 6 and token_end 6, and a token has"),
        ({"label": "NOT"}, "a span has no field 'label'"),
    ],
)
def test_character_spans_that_contradict_themselves(tmp_path, more, said):
    row = {"text": "one two three", "rationale_chars": [{"start": 4, "end": 7, **more}]}
    assert said in message(table(tmp_path, row))


def test_what_the_advice_says_is_read(tmp_path):
    for value in ([1, 0], [{"start": 0, "end": 1}], [{"start": 0, "end": 1, "group": 9999, "text": "one"}]):
        assert read(tmp_path, {"text": "one two", "rationale": value}).rationale.tolist() == [True, False]


WIDE = "\U0001f600 so \U0001f3ac good \U0001f44d film"


@pytest.mark.parametrize("units", [False, True])
def test_offsets_of_browser_tools_are_recognised_by_the_text(tmp_path, units):
    start, end = WIDE.index("good"), WIDE.index("good") + 4
    if units:
        start, end = (len(WIDE[:place].encode("utf-16-le")) // 2 for place in (start, end))
    span = {"start": start, "end": end, "text": "good"}
    assert read(tmp_path, {"text": WIDE, "rationale_chars": [span]}).words[3] == "good"
    document = read(tmp_path, {"text": WIDE, "rationale_chars": [span]})
    assert document.rationale.tolist() == [False, False, False, True, False, False]
    # A neighbour without its text is counted the same way.
    both = read(tmp_path, {"text": WIDE, "rationale_chars": [span, [end, end + 2 + units]]})
    assert both.rationale.tolist() == [False, False, False, True, True, False]


def test_offsets_that_fit_neither_way(tmp_path):
    said = message(
        table(tmp_path, {"text": WIDE, "rationale_chars": [{"start": 3, "end": 7, "text": "good"}]})
    )
    assert "has the text 'good'" in said
    assert "UTF-16" in said
    assert "UTF-16" in message(table(tmp_path, {"text": WIDE, "rationale_chars": [[0, len(WIDE) + 2]]}))
    assert "UTF-16" not in message(table(tmp_path, {"text": "abc", "rationale_chars": [[0, 5]]}))


def test_offsets_without_their_text_are_noted(tmp_path):
    (check,) = check_data(table(tmp_path, {"text": WIDE, "rationale_chars": [[10, 14]]}))
    assert any("UTF-16" in note for note in check.notes)
    (check,) = check_data(table(tmp_path, {"text": "so good \U0001f44d", "rationale_chars": [[3, 7]]}))
    assert check.notes == ()


@pytest.mark.parametrize("units", [False, True])
def test_a_text_that_fits_both_ways_of_counting_decides_nothing(tmp_path, units):
    """Which words ``[8, 12)`` marks is open until some span says its text behind the first emoji."""
    text = "so \U0001f600 \U0001f3ac good old film"
    count = (lambda place: len(text[:place].encode("utf-16-le")) // 2) if units else int
    good, old = (
        {"start": count(text.index(word)), "end": count(text.index(word)) + len(word)}
        for word in ("good", "old")
    )
    before = {"start": 0, "end": 2, "text": "so"}
    for spans in ([before, good], [good, before], [{**before, "quote": "so"}, good, old], [good]):
        (check,) = check_data(table(tmp_path, {"text": text, "rationale_chars": spans}))
        assert any("UTF-16" in note for note in check.notes)
    for spans in ([before, good, {**old, "quote": "old"}], [before, {**good, "text": "good"}], [before]):
        path = table(tmp_path, {"text": text, "rationale_chars": spans})
        (check,) = check_data(path)
        assert check.notes == ()
        marked = {
            word for word, mark in zip(text.split(), load_documents(path)[0].rationale, strict=True) if mark
        }
        assert marked == {text[0:2], *("good" for _ in spans[1:2]), *("old" for _ in spans[2:])}


def test_character_spans_around_nothing(tmp_path):
    assert "only white space" in message(table(tmp_path, {"text": "a  b", "rationale_chars": [[1, 3]]}))
    assert "marks nothing" in message(table(tmp_path, {"text": "a  b", "rationale_chars": [[1, 1]]}))


def test_words_beside_text_must_be_that_text(tmp_path):
    row = {"text": "Isn't it good?", "words": ["Is", "n't", "it", "good", "?"]}
    document = read(tmp_path, {**row, "rationale_chars": [[2, 5], [13, 14]]})
    assert document.rationale.tolist() == [False, True, False, False, True]
    assert "differ: " in message(table(tmp_path, {**row, "words": ["Isn't", "it", "bad", "?"]}))


def test_a_word_needs_a_character(tmp_path):
    for words in (["a", ""], ["a", " "], ["\u00a0", "a"]):
        assert "a word without a character" in message(table(tmp_path, {"words": words}))


# one reader of JSON


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "a", "label": "x", "label": "y"}', "the key 'label' occurs twice"),
        ('{"text": "a", "rationale": [{"start": 0, "start": 0, "end": 1}]}', "the key 'start' occurs twice"),
        ('{"text": "a", "label": NaN}', "NaN is no number in JSON"),
        ('{"text": "a", "label": -Infinity}', "-Infinity is no number"),
        ('{"text": "a", "label": 1e400}', "larger than any number"),
        ('{"text": "a \\ud83d", "label": "x"}', "half a surrogate pair"),
        ('{"text": "a", "x": ' + "[" * 200 + "]" * 200 + "}", "more than 100 levels"),
    ],
)
def test_json_is_read_strictly_everywhere(tmp_path, line, said):
    (tmp_path / "a.jsonl").write_text(line + "\n")
    assert message(tmp_path / "a.jsonl").startswith(f"{tmp_path / 'a.jsonl'}:1: not a JSON object (")
    assert said in message(tmp_path / "a.jsonl")
    (tmp_path / "b.json").write_text(f'[\n{{"text": "fine"}},\n{line}]')
    assert message(tmp_path / "b.json").startswith(f"{tmp_path / 'b.json'}:3: not JSON (")
    assert said in message(tmp_path / "b.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "docs.jsonl").write_text('{"docid": "d", "document": "a b"}\n' + line + "\n")
    (folder / "val.jsonl").write_text(json.dumps(annotation("d")) + "\n")
    assert said in message(folder)


def test_json_in_cells_is_read_strictly(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,rationale\na b,"[{""start"": 0, ""end"": 1, ""end"": 2}]"\n')
    assert message(path).startswith(
        f"{path}:2: the list in column 'rationale' is not valid JSON (the key 'end'"
    )


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("id", {"text": "a", "id": [1]}),
        ("id", {"text": "a", "id": True}),
        ("id", {"text": "a", "id": "x" * 1001}),
        ("id", {"text": "a", "id": "a\x1b[2J"}),
        ("id", {"text": "a", "id": 10**18}),
        ("label", {"text": "a", "label": {"a": 1}}),
        ("query", {"text": "a", "query": {"a": 1}}),
        ("words", {"words": [["a"]]}),
    ],
)
def test_wrong_types_name_the_key(tmp_path, name, row):
    path = table(tmp_path, {"text": "fine", "id": "f"}, row)
    assert message(path).startswith(f"{path}:2: '{name}' ")


def test_beyond_all_bounds(tmp_path):
    assert "a word has 100,001 characters" in message(table(tmp_path, {"text": "x" * 100_001}))
    assert "1,000,001 words" in message(table(tmp_path, {"text": "a " * 1_000_001}))


def test_a_few_pieces_that_say_other_words_are_told_and_many_are_refused(tmp_path, caplog):
    """The benchmark's own files hold some, and its scorer goes by the indices."""
    groups = [[piece("d", 0, 2, text="a b")] for _ in range(99)]
    where = eraser(
        tmp_path, [annotation("d", [*groups, [piece("d", 0, 2, text="b c")]])], {"d": "a b\nc d e"}
    )
    with caplog.at_level(logging.WARNING, logger="rationale"):
        assert set(load_documents(where)[0].spans) == {Span(0, 2, group) for group in range(100)}
    said = (
        "1 of 100 pieces of evidence have a text that differs from the words at their indices; "
        "the indices are used (the first"
    )
    assert said in caplog.text
    assert said in check_data(where)[0].notes[0]
    eraser(tmp_path, [annotation("d", [*groups[:40], [piece("d", 0, 2, text="b c")]])], {"d": "a b\nc d e"})
    assert "has the text 'b c', but the words at its indices are 'a b'" in message(where)


def test_evidence_outside_the_sentences_it_states_is_noted(tmp_path):
    stated = [
        [
            piece("d", 0, 2, start_sentence=1, end_sentence=2),
            piece("d", 1, 3, start_sentence=1, end_sentence=2),
        ]
    ]
    where = eraser(tmp_path, [annotation("d", stated)], {"d": "a b\nc d e"})
    assert load_documents(where)[0].spans == (Span(0, 2), Span(1, 3))
    assert any(
        note.startswith("1 pieces of evidence have no word in the sent")
        for note in check_data(where)[0].notes
    )
