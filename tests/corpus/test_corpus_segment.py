"""Scripts without spaces: told where they are read as whole phrases, cut into characters where asked."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rationale.commands.data import app
from rationale.corpus import load_documents
from rationale.corpus.check import check_data
from rationale.corpus.segment import is_unsegmented, split_words, word_bounds
from rationale.errors import DataError

CHINESE = "这部电影非常好看，强烈推荐 iPhone 12"
JAPANESE = "この映画はとても面白かったので、もう一度見たい。"
THAI = "หนังเรื่องนี้สนุกมากและน่าติดตามจนจบเรื่อง"


@pytest.mark.parametrize("text", [CHINESE, JAPANESE, THAI, "ភាពយន្តនេះល្អណាស់ហើយគួរឱ្យចាប់អារម្មណ៍"])
def test_phrases_are_told_at_loading_and_by_check(tmp_path, caplog, text):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": text}) + "\n" + json.dumps({"text": "plain words"}) + "\n")
    with caplog.at_level(logging.WARNING, logger="rationale"):
        load_documents(path)
    (warning,) = caplog.messages
    assert "1 of 2 documents are written without spaces" in warning
    assert "rationale data convert --words characters" in warning
    assert any("written without spaces" in note for note in check_data(path)[0].notes)
    assert not any("without spaces" in note for note in check_data(path, segmentation="characters")[0].notes)


@pytest.mark.parametrize(
    "text",
    [
        "这 部 电影 非常 好看 ， 强烈 推荐",
        "an English text on 中华人民共和国 and other things that are written with spaces, for comparison",
        "한국어는 띄어쓰기를 합니다 그래서 괜찮습니다",
        "हिन्दी में शब्दों के बीच रिक्त स्थान होता है",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "コンピュータ",
    ],
)
def test_words_are_not_taken_for_phrases(text):
    assert not is_unsegmented(text.split())


def test_characters_are_words_where_asked(tmp_path):
    row = {"text": CHINESE, "label": "x", "rationale_chars": [[4, 8], [14, 17]], "query": "好看吗"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    (document,) = load_documents(tmp_path / "a.jsonl", segmentation="characters")
    assert document.words == (*"这部电影非常好看，强烈推荐", "iPhone", "12")
    assert document.query == ("好", "看", "吗")
    marked = [word for word, mark in zip(document.words, document.rationale, strict=True) if mark]
    assert marked == [*"非常好看", "iPhone"]


def test_a_given_segmentation_takes_offsets_of_the_text(tmp_path):
    words = ["这", "部", "电影", "非常", "好看"]
    row = {"text": "".join(words), "words": words, "rationale_chars": [[5, 7]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    (document,) = load_documents(tmp_path / "a.jsonl")
    assert document.rationale.tolist() == [False, False, False, True, True]


def test_converting_to_characters(tmp_path):
    row = {"id": "a", "text": CHINESE, "label": "x", "rationale_chars": [[4, 8]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    arguments = [
        "convert",
        str(tmp_path / "a.jsonl"),
        "--words",
        "characters",
        "--out",
        str(tmp_path / "out"),
    ]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    before = load_documents(tmp_path / "a.jsonl", segmentation="characters")
    assert load_documents(tmp_path / "out").fingerprint == before.fingerprint
    with pytest.raises(DataError, match="count words at spaces"):
        load_documents(tmp_path / "out", segmentation="characters")


@pytest.mark.slow
@given(st.text(max_size=60))
def test_characters_cut_and_lose_nothing(text):
    assert split_words(text, "spaces") == tuple(text.split())
    bounds = word_bounds(text, "characters")
    assert "".join(text[a:b] for a, b in bounds) == "".join(text.split())
    assert all(a < b for a, b in bounds)


def test_marks_stay_with_their_letter():
    assert split_words("ที่นี่", "characters") == ("ที่", "นี่")
    assert split_words("が", "characters") == ("が",)


@pytest.mark.parametrize(
    ("context", "words"), [("我爱北京。", (*"我爱北京。",)), ("मैं ठीक हूँ", ("मैं", "ठीक", "हूँ"))]
)
def test_questions_over_such_texts(tmp_path, context, words):
    question = {"id": "q", "question": context, "answers": [{"text": context[1:3], "answer_start": 1}]}
    content = {"data": [{"title": "t", "paragraphs": [{"context": context, "qas": [question]}]}]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert load_documents(tmp_path / "a.json")[0].words == words
