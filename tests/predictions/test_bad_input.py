"""Predictions that do not fit: one message with the row, what was found, and what to do."""

import json
import re

import pytest

from rationale.corpus import Document, Documents
from rationale.errors import DataError
from rationale.predictions import PredictionOptions, load_predictions
from tests.predictions.making import documents, write

MASK = [0, 1, 0, 0, 1, 1]


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        load_predictions(path, documents(), PredictionOptions(**options), progress=False)
    return str(caught.value).replace(str(path.parent) + "/", "")


CASES = [
    # ids
    ({"mask": MASK}, "there is no 'id'. Rows are matched by id and not by their order."),
    ({"id": "a", "mask": MASK}, "id 'a' is predicted twice, first in p.jsonl:1. Give each"),
    ({"id": "z", "mask": MASK}, "1 of 2 ids are not in the data; the first is id 'z'. The data are"),
    ({"id": True, "mask": MASK}, "'id' must be text or a whole number, got True"),
    # masks
    ({"id": "b", "mask": [0, 1]}, "'mask' has 2 entries for 6 words. Give one for each word"),
    ({"id": "b", "mask": [0, 0.3, 0, 0, 0, 0]}, "'mask' holds 0.3, expected 0 or 1. Call the column"),
    ({"id": "b", "mask": [[0, 1]]}, "'mask' must be a list of 0 and 1, got [[0, 1]]."),
    ({"id": "b", "mask": "0 1 0 0 0 0"}, "the column 'mask' holds '0 1 0 0 0 0', which is not JSON"),
    # labels
    ({"id": "b", "mask": MASK, "label": "GOOD"}, "'label' is 'GOOD', which is no label of the data."),
    ({"id": "b", "mask": MASK, "explained": "x"}, "'explained' is 'x', which is no label of"),
    (
        {"id": "b", "mask": MASK, "probabilities": {"NEG": 0.2, "POS": 0.9}},
        "{'NEG': 0.2, 'POS': 0.9} are no probabilities: expected numbers from 0 to 1 with the",
    ),
    (
        {"id": "b", "mask": MASK, "probabilities": {"NEG": 1}},
        "the probabilities are of NEG, and the data has the label 'POS'. Labels of",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "said"), CASES, ids=[said[:40] for _, said in CASES])
def test_a_row_beside_a_good_one(tmp_path, row, said):
    path = write(tmp_path / "p.jsonl", [{"id": "a", "mask": MASK}, row])
    assert refused(path).startswith(f"p.jsonl:2: {said}")


KINDS = [
    ({"scores": [1, 2]}, "'scores' has 2 entries for 6 words."),
    ({"scores": [1, 2, 3, None, 5, 6]}, "entry 3 (counted from 0) of 'scores' is None, expected a number."),
    ({"scores": [True] * 6}, "entry 0 (counted from 0) of 'scores' is True, expected a number. Call a"),
    ({"scores": [1, 2, 3, 4, 5, 1e200]}, "entry 5 (counted from 0) of 'scores' is 1e+200, expected a finite"),
    ({"scores": [10**400] * 6}, "entry 0 (counted from 0) of 'scores' is 1000"),
    ({"scores": 3}, "'scores' must be a list of numbers, got 3."),
    ({"spans": [[0, 7]]}, "the rationale span [0, 7) lies outside the document of 6 words."),
    ({"spans": [[-1, 2]]}, "the rationale span [-1, 2) lies outside the document of 6 words."),
    ({"spans": [[3, 1]]}, "the rationale span [3, 1) starts after its end."),
    ({"spans": [[3, 3]]}, "the rationale span [3, 3) marks nothing. The end is exclusive"),
    ({"spans": [0, 2]}, "cannot read 0 as a rationale."),
    ({"spans": 2}, "'spans' must be a list of [start, end], got 2."),
    ({"char_spans": [[0, 99]]}, "the rationale span [0, 99) lies outside the document of 22 characters."),
    ({"spans": [{"start": 0, "end": 2, "text": "dull film"}]}, "the span [0, 2) has the text 'dull film', b"),
    ({"spans": [{"start": 0, "end": 2, "quote": "film"}]}, "the span [0, 2) has the text 'film', but the wo"),
    (
        {"spans": [{"start": 2, "end": 6, "token_start": 1, "token_end": 1}]},
        "a span has start 2 and end 6, but token_start 1 and token_end 1: start and end do not count words.",
    ),
    ({"spans": [{"start": 0, "end": 2, "score": 0.7}]}, "a span has no field 'score'. Fields: start, end, g"),
    ({"char_spans": [5, 99]}, "the rationale span [99, 100) lies outside the document of 22 characters."),
    ({"char_spans": [2, 3, 99]}, "the rationale span [99, 100) lies outside the document of 22 characters."),
    ({"char_spans": [2, 6]}, "[2, 6] could be one span or two single offsets. Write [[2, 6]] or [[2, 3],"),
    ({"char_spans": [0, 8]}, "[0, 8] could be one span or two single offsets. Write [[0, 8]] or [[0, 1],"),
    ({"char_spans": [8, 0]}, "[8, 0] could be one span or two single offsets. Write [[8, 0]] or [[0, 1],"),
    ({"char_spans": [3, 22]}, "[3, 22] could be one span or two single offsets. Write [[3, 22]] or [[3, 4],"),
    ({"char_spans": [2, 3, 11]}, "the rationale span [11, 12) marks only white space."),
    ({"char_spans": [[1, 2]]}, "the rationale span [1, 2) marks only white space."),
    ({"char_spans": [{"start": 2, "end": 6, "quote": "film"}]}, "the span [2, 6) has the text 'film', but"),
    ({"text": "another text", "char_spans": []}, "'text' is not that of the data: 'another text' and 'a du"),
    ({"words": ["a", "dull"]}, "'words' must be a list of [word, score], got ['a', 'dull']."),
    ({"words": [["a", 1], ["dim", 2]]}, "word 1 (counted from 0) is 'dim', and 'dull' in the data. Words"),
    ({"words": ["a"], "scores": [0] * 6}, "'words' has 1 entries for 6 words."),
    ({"token_scores": [1, 2]}, "'token_scores' needs a list of 'tokens' beside it, got None."),
    ({"token_scores": [1, 2], "tokens": ["a"]}, "'token_scores' has 2 entries for 1 tokens. Give one"),
    ({"token_scores": [1], "tokens": ["good"], "text": 3}, "'text' is not that of the data: 3"),
    ({"quotes": 7}, "'quotes' must be a list of strings or a reply as text, got 7."),
    ({"quotes": ["film"] * 1001}, "1,001 quotes for a document of 6 words, expected at most 1,000."),
    ({"quotes": "[" + " " * (1 << 20) + "]"}, "a reply of 1,048,578 characters, expected at most 1,048,576."),
    ({"scores": [0] * 6, "threshold": "high"}, "the column 'threshold' holds 'high', which is not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), KINDS, ids=[said[:40] for _, said in KINDS])
def test_a_value(tmp_path, content, said):
    found = refused(write(tmp_path / "p.jsonl", [{"id": "a", **content}]))
    assert found.startswith(f"p.jsonl:1: {said}")


def test_two_offsets_that_select_the_same_words_either_way(tmp_path):
    """[8, 9] are both inside one word, whether they are a span or single offsets."""
    path = write(tmp_path / "p.jsonl", [{"id": "a", "char_spans": [8, 9]}])
    (document,) = load_predictions(path, documents(), progress=False)
    assert document.given["p"].tolist() == [False, False, True, False, False, False]


def test_offsets_that_may_count_utf16_units_are_noted(tmp_path):
    text = "\U0001f600\U0001f600 dull film , not good"
    data = Documents([Document("w", "w", tuple(text.split()), "NEG")], source="wide")

    def notes(**row):
        return load_predictions(write(tmp_path / "p.jsonl", [{"id": "w", **row}]), data).report.sentences[1:]

    (said,) = notes(char_spans=[[10, 14]])
    assert said.startswith(
        "1 documents have characters beyond U+FFFF (emoji) before the end of a character span"
    )
    assert "tools in browsers count UTF-16 code units" in said
    assert f"{tmp_path / 'p.jsonl'}:1" in said
    assert notes(char_spans=[10, 11, 12]) == (said,)
    assert notes(char_spans=[{"start": 5, "end": 9, "quote": "dull"}, [10, 14]]) == ()
    assert notes(char_spans=[]) == notes(spans=[[1, 2]]) == ()


def test_a_label_beside_other_probabilities_is_noted(tmp_path):
    sure = {"NEG": 0.9, "POS": 0.1}
    rows = [
        {"id": "a", "mask": MASK, "label": "NEG", "probabilities": sure},
        {"id": "b", "mask": MASK, "label": "pos", "probabilities": sure},
        {"id": "7", "mask": MASK, "label": "POS", "probabilities": sure},
    ]
    read = load_predictions(write(tmp_path / "p.jsonl", rows), documents())
    assert [document.predicted for document in read] == ["NEG", "POS", "POS"]
    assert read.report.notes == (
        "2 rows with another label than the most probable class; the label is used. The first is "
        f"{tmp_path / 'p.jsonl'}:2, with the label 'POS' and 'NEG' most probable.",
    )
    fine = [rows[0], {**rows[1], "probabilities": {"NEG": 0.5, "POS": 0.5}}, {**rows[2], "label": None}]
    assert load_predictions(write(tmp_path / "p.jsonl", fine), documents()).report.notes == ()


def test_nan_in_every_container(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"id": "a", "scores": [NaN, 0, 0, 0, 0, 0]}\n')
    assert refused(tmp_path / "p.jsonl").startswith("p.jsonl:1: not a JSON object (NaN is no number in JSON)")
    (tmp_path / "p.csv").write_text('id,scores\na,"[0, 0, NaN, 0, 0, 0]"\n')
    assert "p.csv:2: the column 'scores' holds '[0, 0, NaN, 0, 0, 0]', which is not JSON" in refused(
        tmp_path / "p.csv"
    )
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["a"], "scores": [[float("nan")] * 6]}), tmp_path / "p.parquet")
    assert refused(tmp_path / "p.parquet").startswith(
        "p.parquet, row 0 (counted from 0): entry 0 (counted from 0) of 'scores' is nan, expected a finite"
    )


def test_an_array_printed_by_numpy_is_explained(tmp_path):
    (tmp_path / "p.csv").write_text("id,scores\na,[0.1 0.2 0 0 0 0]\n")
    assert "Write lists with json.dumps: [0.1, 0.2]. A numpy array printed as text is none." in refused(
        tmp_path / "p.csv"
    )


def test_a_file_of_another_split(tmp_path):
    rows = [{"id": f"test{n}", "mask": MASK} for n in range(3)]
    said = (
        "p.jsonl:1: none of the 3 ids is in the data; the first is id 'test0'. The data are reviews.jsonl, "
        "split val, whose first id is 'a': is it another split?"
    )
    assert refused(write(tmp_path / "p.jsonl", rows)) == said
    assert refused(tmp_path / "p.jsonl", partial=True) == said


def test_half_the_ids(tmp_path):
    """Rows for half the data are fine and counted; half the rows beyond the data are not."""
    loaded = load_predictions(write(tmp_path / "p.jsonl", [{"id": "a", "mask": MASK}]), documents())
    assert "2 pairs of the data without a row: left out." in loaded.report.sentences
    rows = [{"id": "a", "mask": MASK}, {"id": "x", "mask": MASK}, {"id": "7", "mask": MASK}, {"id": "y"}]
    assert "p.jsonl:2: 2 of 4 ids are not in the data; the first is id 'x'." in refused(
        write(tmp_path / "p.jsonl", rows)
    )


def test_quotes_in_another_language(tmp_path):
    rows = [{"id": "a", "quotes": ["ein öder Film"]}, {"id": "b", "quotes": ["große Kunst", "viel Spaß"]}]
    assert refused(write(tmp_path / "p.jsonl", rows)) == (
        "p.jsonl:1: none of the 3 quotes is in its document; the first is 'ein öder Film' in p.jsonl:1. "
        "Quotes are copied from the words of the document: are these of another language, text or split?"
    )


def test_replies_without_a_quote(tmp_path):
    rows = [{"id": id_, "quotes": "I would rather not say."} for id_ in "ab"]
    assert refused(write(tmp_path / "p.jsonl", rows)) == (
        "p.jsonl:1: the file predicts nothing: none of 2 replies could be parsed. Quotes are a JSON list of "
        'strings, such as ["a dull plot"], also inside other text.'
    )
    assert "the column 'mask' is empty in every row" in refused(
        write(tmp_path / "p.csv", [{"id": "a", "mask": None}])
    )


def test_columns(tmp_path):
    both = write(tmp_path / "p.csv", [{"id": "a", "mask": MASK, "spans": [[0, 1]]}])
    assert refused(both) == "p.csv: 2 columns hold predictions: mask, spans. Choose one: --column mask."
    none = write(tmp_path / "q.csv", [{"id": "a", "shap": MASK}])
    assert refused(none).startswith(
        "q.csv: there is no column with predictions. Known: scores, token_scores,"
    )
    assert refused(none, column="scores=lime") == "q.csv: there is no column 'lime'. Columns found: id, shap."
    assert refused(none, column="shap").startswith("q.csv: 'shap' is no kind of prediction. Kinds: scores,")
    (tmp_path / "r.csv").write_text("id,mask,mask\na,[0],[0]\n")
    assert refused(tmp_path / "r.csv") == "r.csv:1: two columns are called 'mask'."


def test_a_threshold_in_some_rows_only(tmp_path):
    rows = [{"id": "a", "scores": [0] * 6, "threshold": 0.5}, {"id": "b", "scores": [0] * 6}]
    assert refused(write(tmp_path / "p.jsonl", rows)) == (
        "p.jsonl:2: there is no 'threshold' here, and other rows have one. Give one in every row."
    )


def test_probabilities_of_other_classes_in_a_later_row(tmp_path):
    rows = [
        {"id": "a", "mask": MASK, "probabilities": {"NEG": 0.5, "POS": 0.5}},
        {"id": "b", "mask": MASK, "probabilities": {"NEG": 0.5, "OTHER": 0.5}},
    ]
    assert "p.jsonl:2: probabilities of NEG, OTHER, expected those of NEG, POS." in refused(
        write(tmp_path / "p.jsonl", rows)
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.txt", "id,mask\n", "p.txt: the format of predictions is not known by the name 'p.txt'. Name it:"),
        ("p.csv", "", "p.csv: the file is empty."),
        ("p.csv", "id,mask\n", "p.csv: the file has no row."),
        ("p.csv", "id,mask\na\n", "p.csv:2: the row has 1 fields, the header 2."),
        ("p.jsonl", "", "p.jsonl: the file has no row."),
        ("p.jsonl", '{"id": "a"', "p.jsonl:1: not a JSON object"),
        ("p.json", "{}", "p.json: expected a list of objects."),
        ("p.parquet", "no", "p.parquet: cannot be read as Parquet"),
    ],
)
def test_files(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    assert refused(tmp_path / name).startswith(said)


def test_a_file_that_is_not_there(tmp_path):
    assert "gone.csv: cannot be read (No such file or directory)" in refused(tmp_path / "gone.csv")
    assert "cannot be read" in refused(tmp_path / "gone.parquet")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "xml"}, "format is 'xml' for predictions. Known: auto, eraser,"),
        ({"join": "median"}, "join is 'median' for predictions. Known: sum, mean, max."),
        ({"occurrence": "last"}, "occurrence is 'last' for predictions. Known: all, first, unique."),
        ({"missing": "zero"}, "missing is 'zero' for predictions. Known: left-out, empty."),
        ({"fuzzy": 80}, "fuzzy is 80, expected a ratio above 0 and up to 1."),
    ],
)
def test_options(options, said):
    with pytest.raises(DataError, match=re.escape(said)):
        PredictionOptions(**options)


@pytest.mark.slow
def test_ten_megabytes_of_replies_are_read(tmp_path):
    """Prose, brackets, fences and quotes; none of it takes more than linear time."""
    noise = "[{\"'`` ``` {[ , ,,  " * 400 + "Not good? " * 8_000
    words = documents()[0].words
    data = type(documents())(
        [type(documents()[0])(str(n), str(n), words, "NEG") for n in range(110)], source="many"
    )
    rows = [{"id": n, "quotes": noise + '```json\n["not good"]\n``` ' + noise[:3_000]} for n in range(110)]
    path = write(tmp_path / "p.jsonl", rows)
    assert path.stat().st_size > 9 << 20
    loaded = load_predictions(path, data, progress=False)
    assert loaded.report.predicted + loaded.report.unpredicted == 110


def test_code_is_not_evaluated(tmp_path):
    reply = json.dumps({"id": "a", "quotes": "[__import__('os').getcwd()]"})
    (tmp_path / "p.jsonl").write_text(reply + "\n")
    assert "none of 1 replies could be parsed" in refused(tmp_path / "p.jsonl")
