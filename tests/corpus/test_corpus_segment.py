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
        "レオナルド・ディカプリオ が 出演 する",
        "中华人民共和国 的 首都 是 北京 ， 新疆维吾尔自治区 的 首府 是 乌鲁木齐 。",
        "一见钟情 的 故事 ， 真 好看 ！",
        "他 在 哈尔滨工业大学 学习",
        "very good 3D打印机 and a T恤衫",
        "很好",
        "ไป โรงเรียน กับ ประชาธิปไตย",
        "우리영화는정말재미있다",
    ],
)
def test_words_are_not_taken_for_phrases(text):
    assert not is_unsegmented(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "很难看",
        "好看的电影。",
        "我很喜欢, 强烈推荐",
        "演员很好, 音乐好听, 故事感人",
        "真好听。 我很喜欢。 再看一次。",
        "我非常喜欢 这个故事 演员很好",
        "Sony Interactiveの新しいゲームが好きです",
        "the best thing is 我从来没有看过这么好的电影 really",
        "ดีมากเลย",
        "ᬩᬮᬶᬓᬸᬦᬩᬮᬶ",
        "ꦲꦏ꧀ꦱꦫꦗꦮꦲꦏ꧀ꦱꦫ",
    ],
)
def test_phrases_are_not_taken_for_words(text):
    assert is_unsegmented(text.split())
    assert not is_unsegmented(split_words(text, "characters"))


def test_queries_without_spaces_are_told(tmp_path, caplog):
    rows = [{"words": ["很", "好"], "query": "故事到底好不好听呢"}, {"text": "a b", "query": "good or bad ?"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    load_documents(tmp_path / "a.jsonl")
    (warning,) = caplog.messages
    assert "1 of 2 documents have a query that is written without spaces" in warning
    assert any("have a query that is" in note for note in check_data(tmp_path / "a.jsonl")[0].notes)


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
