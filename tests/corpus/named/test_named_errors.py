"""Malformed files of named corpora: one message that names file, line, key and remedy."""

import json

import pytest

from rationale.corpus.named.reader import read_named
from rationale.errors import RationaleError
from tests.corpus.named import corpora
from tests.corpus.named.corpora import annotation, answer, evidence, highlight, post, question, span


def message(name, source, split=None, **options):
    with pytest.raises(RationaleError) as caught:
        read_named(name, source, split, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (post("a", "x", []), "'label' must be lists of one length"),
        (post("a", [0, 0], []), "'annotator_id' and 'label' must be lists of one length"),
        (post("a", [0, 0, 3], []), "the label 3 is unknown. Labels: hatespeech, normal, offensive"),
        (post("a", [0, 0, "spam"], []), "the label 'spam' is unknown"),
        (post("a", [0, 0, True], []), "the label True is unknown"),
        (post("a", [0, 0, 0], [[0, 1]]), "rationales: the rationale has 2 entries for 4 words"),
        (post("a", [0, 0, 0], [[0, 1, 2, 0]]), "rationales: cannot read [0, 1, 2, 0] as a rationale"),
        (post("a", [0, 0, 0], [0, 1, 1, 0]), "'rationales' must be a list of one 0 or 1 a word, got 0"),
        (post("a", [0, 0, 0], [[0, 1, 0.5, 0]]), "'rationales' must be a list of one 0 or 1 a word"),
        (post("a", [0, 0, 0], [[]]), "'rationales' must be a list of one 0 or 1 a word, got []"),
        (post("a", [0, 0, 0], 5), "'rationales' must be a list of masks, got 5"),
        (post("a", [0, 0, 0], [], ["a", 1]), "'post_tokens' must be a list of words, got ['a', 1]"),
        (post("a", [0, 0, 0], [], []), "the document is empty"),
        (post("", [0, 0, 0], []), "'id' is empty"),
        ({**post("a", [0], []), "annotators": "5"}, "'annotators' must be an object or a list, got 5"),
        ({**post("a", [0], []), "annotators": "{'label': [0]}"}, "the field 'annotator_id' is missing"),
        (
            {**post("a", [0], []), "rationales": "[[0, 1"},
            "'rationales' is not a list or another literal: '[[0, 1'",
        ),
        ({**post("a", [0], []), "rationales": "open('x')"}, "'rationales' is not a list or another literal"),
        ({**post("a", [0], []), "post_tokens": "(" * 500}, "'post_tokens' is not a list or another literal"),
    ],
)
def test_hatexplain(tmp_path, row, said):
    source = corpora.hatexplain(tmp_path, row)
    told = message("hatexplain", source)
    assert told.startswith(f"{source / 'hatexplain' / 'df_val_processed.csv'}:2")
    assert said in told


def test_nothing_in_a_literal_is_evaluated(tmp_path):
    made = tmp_path / "made"
    row = {**post("a", [0], []), "rationales": f"__import__('pathlib').Path({str(made)!r}).touch()"}
    message("hatexplain", corpora.hatexplain(tmp_path, row))
    assert not made.exists()


def test_a_post_that_is_in_a_split_and_not_in_the_file(tmp_path):
    source = corpora.hatexplain_whole(tmp_path)
    (source / "post_id_divisions.json").write_text(json.dumps({"val": ["a", "c"]}))
    assert "dataset.json, post 'c': expected an object, got None" in message("hatexplain", source)
    (source / "post_id_divisions.json").write_text(json.dumps({"val": "a"}))
    assert "expected an object with a list of post ids" in message("hatexplain", source)


@pytest.mark.parametrize("text", ["id,annotators,post_tokens\n", "", '"a\n'])
def test_other_columns(tmp_path, text):
    (tmp_path / "df_val_processed.csv").write_text(text)
    told = message("hatexplain", tmp_path)
    assert "df_val_processed.csv" in told
    if text.startswith("id"):
        assert "there is no column 'rationales'. Columns found: id, annotators, post_tokens; needed:" in told


def test_a_row_of_other_fields(tmp_path):
    (tmp_path / "dev.csv").write_text(",content,index_spans\n0,a,[],b\n")
    assert message("vihos", tmp_path).startswith(
        f"{tmp_path / 'dev.csv'}:2: the row has 4 fields, the header 3. A field that holds a comma"
    )


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ("[18]", "the character offset 18 in 'spans' lies outside a text of 17 characters"),
        ("[-1, 2]", "the character offset -1 in 'spans' lies outside"),
        ("[0.5]", "'spans' must be a list of character offsets, got [0.5]"),
        ("[[0, 2]]", "'spans' must be a list of character offsets"),
        ("[True]", "'spans' must be a list of character offsets"),
        ("5", "'spans' must be a list of character offsets, got 5"),
        ("", "'spans' is not a list or another literal: ''"),
    ],
)
def test_toxic_spans_of_semeval(tmp_path, spans, said):
    source = corpora.toxic_spans(tmp_path, {"spans": spans, "text": "the soup was cold"})
    told = message("toxic-spans", source, "train")
    assert told.startswith(f"{source / 'tsd_train.csv'}:2: ")
    assert said in told


@pytest.mark.parametrize(
    ("annotations", "spans", "file", "said"),
    [
        ([annotation(1, "20", "a")], [span(1, 5, 5)], "spans.csv:2", "the span [5, 5) marks no character"),
        ([annotation(1, "20", "a")], [span(1, -2, 5)], "spans.csv:2", "the span [-2, 5) marks no character"),
        (
            [annotation(1, "20", "a")],
            [span(1, "x", 5)],
            "spans.csv:2",
            "'start' must be a whole number, got 'x'",
        ),
        (
            [annotation(1, "20", "a")],
            [span(2, 0, 5)],
            "spans.csv:2",
            "the annotation '2' is not in annotations.csv",
        ),
        (
            [annotation(1, "99", "a")],
            [span(1, 0, 5)],
            "annotations.csv:2",
            "the comment '99' is not in comments.csv",
        ),
        ([annotation(1, "20", "")], [span(1, 0, 5)], "annotations.csv:2", "'worker' is empty"),
        (
            [annotation(1, "20", "a"), annotation(1, "21", "a")],
            None,
            "annotations.csv:3",
            "'1' is there before",
        ),
        (
            [annotation(1, "20", "a", nothing="yes")],
            None,
            "annotations.csv:2",
            "'not toxic' must be True or False",
        ),
    ],
)
def test_toxic_spans_raw(tmp_path, annotations, spans, file, said):
    source = corpora.toxic_raw(tmp_path, annotations, spans)
    told = message("toxic-spans", source)
    assert told.startswith(f"{source / file}: ")
    assert said in told


def test_toxic_spans_raw_without_one_of_its_files(tmp_path):
    source = corpora.toxic_raw(tmp_path)
    (source / "spans.csv").unlink()
    assert "there is no file spans.csv. Name the folder that the corpus was unpacked to" in message(
        "toxic-spans", source
    )


@pytest.mark.parametrize(
    ("questions", "highlights", "said"),
    [
        ([{"id": "0"}], [highlight("0", "a")], "train_rand_split.jsonl:1: the field 'question' is missing"),
        ([question("0", 5)], [highlight("0", "a")], ":1: 'question' must hold 'stem', a text, and 'choices'"),
        (
            [question("0", "a b", "E")],
            [highlight("0", "a")],
            "the answer 'E' is none of the choices. Choices: A, B, C",
        ),
        (
            [{**question("0", "a"), "question": []}],
            [highlight("0", "a")],
            "'question' must be an object, got []",
        ),
        (
            [question("0", "a")],
            [{"id": "0", "explanation": "a"}],
            "v1.0.jsonl:1: 'explanation' must be an object",
        ),
        (
            [question("0", "a")],
            [highlight("0", None)],
            "'explanation' must be an object with 'selected', a text",
        ),
        ([question("0", "a")], [highlight("1", "a")], "v1.0.jsonl:1: the question '1' is not in train_rand"),
        ([question("0", "a")], [highlight("0", "a")] * 2, "v1.0.jsonl:2: the question '0' was there before"),
        ([question("0", " ")], [highlight("0", "a")], "train_rand_split.jsonl:1: the document is empty"),
    ],
)
def test_cose(tmp_path, questions, highlights, said):
    assert said in message("cose", corpora.cose(tmp_path, questions, highlights))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Evidence Start": 9, "Evidence End": 9}, "the evidence [9, 9) covers no character"),
        ({"Evidence Start": -1}, "covers no character"),
        ({"Evidence End": "1e3"}, "'Evidence End' must be a whole number, got '1e3'"),
        (
            {"Annotations": "Something else"},
            "is said to be 'Something else', and the text there is 'Tea drinkers",
        ),
        ({"Label Code": 2}, "the label code '2' is unknown. Codes: 1, 0, -1"),
        ({"Valid Reasoning": "no"}, "'Valid Reasoning' must be True or False, got 'no'"),
        ({"UserID": ""}, "'UserID' is empty"),
    ],
)
def test_evidence_inference(tmp_path, change, said):
    source = corpora.evidence_inference(tmp_path, [{**evidence(0, 1, 1), **change}])
    told = message("evidence-inference", source, "train")
    assert told.startswith(f"{source / 'v2_annotations.csv'}:2: ")
    assert said in told


def test_an_abstract_that_is_there_twice(tmp_path):
    source = corpora.evidence_inference(tmp_path)
    corpora.write_jsonl(source / "abstracts.jsonl", [{"pmcid": "100", "text": corpora.ABSTRACT}] * 2)
    assert "abstracts.jsonl:2: the article '100' is there twice" in message(
        "evidence-inference", source, "train"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            answer(5, "a film", 1, "positive", [0], "positive"),
            "rationale_binary: the rationale has 1 entries for 2",
        ),
        (answer(5, "a film", 1, "positive", "[0, 1", "positive"), "'rationale_binary' is not a list"),
        (answer(5, "a film", 1, "", [0, 1], "positive"), "the label is empty"),
        (answer(5, "a film", "", "positive", [0, 1], "positive"), "'annotator_ID' is empty"),
        (answer(5, "a film", 1, "sea", [0, 1], "B", 6), "'label_index' is 6. The answers are 1 to 5"),
        (answer(5, "a film", 1, "sea", [0, 1], "B", "b"), "'label_index' must be a whole number, got 'b'"),
    ],
)
def test_fair_rationales(tmp_path, row, said):
    source = corpora.fair_sst(tmp_path, row)
    told = message("fair-rationales", source)
    assert told.startswith(f"{source / 'SST_annot_after_processing.csv'}:2")
    assert said in told


def test_rows_of_one_text_that_differ(tmp_path):
    rows = [
        answer(5, text, who, "positive", [0, 1], "positive") for text, who in (("a film", 1), ("b film", 2))
    ]
    told = message("fair-rationales", corpora.fair_sst(tmp_path, *rows))
    assert ":3: text '5' is another text, or has another original label, in " in told
    rows = [answer(5, "a film", 1, "positive", [0, 1], "positive")] * 2
    assert ":3: annotator '1' has two rows on text '5'" in message(
        "fair-rationales", corpora.fair_sst(tmp_path, *rows)
    )


@pytest.mark.parametrize(
    ("evidences", "said"),
    [
        (["Fish live in the soup"], "the evidence 'Fish live in the soup' does not stand in the paragraph"),
        ([], "'evidences' must be a list of texts, got []"),
        ([" "], "'evidences' must be a list of texts, got [' ']"),
        ([5], "'evidences' must be a list of texts, got [5]"),
    ],
)
def test_expmrc(tmp_path, evidences, said):
    told = message("expmrc", corpora.expmrc(tmp_path, evidences))
    assert told.startswith(f"{tmp_path / 'expmrc-squad-dev.json'}, article 0 (counted from 0), paragraph 0")
    assert said in told


def test_expmrc_is_checked_as_squad_is(tmp_path):
    assert "is not at character 3 of the context" in message(
        "expmrc", corpora.expmrc(tmp_path, answers=[{"text": "the sea", "answer_start": 3}])
    )


def test_other_files_and_unknown_names(tmp_path):
    corpora.vihos(tmp_path)
    assert message("hatexplain", tmp_path).startswith(
        f"{tmp_path}: nothing that hatexplain reads is here. Expected df_val_processed.csv"
    )
    assert "there is no such file or folder" in message("vihos", tmp_path / "nowhere")
    assert "no corpus reader is called 'vihoss'. Did you mean 'vihos'? Known: " in message("vihoss", tmp_path)
    assert "there is no split 'train'. Splits found: dev" in message("vihos", tmp_path, "train")
    assert "vihos holds no questions with several answers. Leave --true-false out; it is for cose" in message(
        "vihos", tmp_path, true_false=True
    )


def test_the_same_split_twice(tmp_path):
    corpora.vihos(tmp_path / "one")
    corpora.vihos(tmp_path / "two")
    assert "'dev' is there twice" in message("vihos", tmp_path)


def test_true_and_false_rows_need_answers(tmp_path):
    assert (
        "the texts have no answers to choose from. Leave --true-false out, or name the split cose"
        in message("fair-rationales", corpora.fair_sst(tmp_path), true_false=True)
    )


def test_an_id_that_is_there_twice(tmp_path):
    row = {"": "0", "content": "a b", "index_spans": "[0]"}
    assert "two documents share annotation id 'dev_0'" in message("vihos", corpora.vihos(tmp_path, row, row))
