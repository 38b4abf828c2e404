"""Every kind of prediction, from every container, becomes the scores or the selection that it states."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rationale
from rationale.corpus import Document, Documents
from rationale.errors import DataError
from rationale.predictions import PredictionOptions, Predictions, load_predictions
from tests.predictions.making import documents, write

SCORES = {"a": [0.1, 2, 0, 0, 1, 3], "b": [1, 2, 3, 0, 0, 0], "7": [0, 0, 0, 0, 1, 1]}
MASKS = {"a": [0, 1, 0, 0, 1, 1], "b": [0, 0, 1, 0, 0, 0], "7": [0, 0, 0, 0, 0, 0]}


def load(path, rows, **options):
    return load_predictions(write(path, rows), documents(), PredictionOptions(**options))


def rows_of(column, values):
    return [{"id": int(id_) if id_.isdigit() else id_, column: value} for id_, value in values.items()]


def masks(loaded):
    return {scored.id: scored.given[loaded.method].astype(int).tolist() for scored in loaded}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv"])
def test_scores(tmp_path, suffix):
    loaded = load(tmp_path / f"shap{suffix}", rows_of("scores", SCORES)[::-1])
    assert isinstance(loaded, Predictions)
    assert [scored.id for scored in loaded] == ["a", "b", "7"]  # the order of the data
    for scored in loaded:
        assert scored.words["shap"].dtype == np.float32
        assert scored.words["shap"].tolist() == [np.float32(SCORES[scored.id]).tolist()]
        assert scored.token_scores["shap"].sum() == pytest.approx(1)
        assert scored.given == {}
        assert (scored.predicted, scored.probabilities) == (None, ())
    method = loaded.recipe.methods["shap"]
    assert (method.gives, method.signed, method.family, method.layers) == ("scores", False, "imported", (0,))
    assert loaded.recipe.model.name == "no model (imported predictions)"
    assert loaded.recipe.data.documents == len(loaded) == 3
    assert loaded.recipe.data.fingerprint == documents().fingerprint
    assert loaded.labels == ("NEG", "POS")
    assert loaded.get(("7", "7")).label == "NEG"


def test_parquet_and_gzip(tmp_path):
    ids, values = list(SCORES), [[float(v) for v in row] for row in SCORES.values()]
    pq.write_table(pa.table({"id": ids, "scores": values}), tmp_path / "p.parquet")
    loaded = load_predictions(tmp_path / "p.parquet", documents())
    assert loaded.get(("b", "b")).words["p"][0].tolist() == [1, 2, 3, 0, 0, 0]
    import gzip

    text = write(tmp_path / "s.csv", rows_of("scores", SCORES)).read_bytes()
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(text))
    assert load_predictions(tmp_path / "s.csv.gz", documents()).method == "s"


def test_the_share_rule_is_that_of_the_threshold(tmp_path):
    """A normalised score of at least 1/words: ``threshold`` with eta 1."""
    loaded = load(tmp_path / "s.jsonl", rows_of("scores", {"a": [-1, 1, 1, 0, 0, 3]}))
    scored = loaded.get(("a", "a"))
    assert scored.token_scores["s"][0].tolist() == pytest.approx([-1 / 6, 1 / 6, 1 / 6, 0, 0, 1 / 2])
    assert scored.window_tokens.tolist() == [6]
    assert loaded.recipe.methods["s"].signed


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("mask", MASKS),
        ("mask", {id_: [bool(v) for v in mask] for id_, mask in MASKS.items()}),
        ("spans", {"a": [[1, 2], [4, 5], [5, 6]], "b": [[2, 3]], "7": []}),
        ("char_spans", {"a": [[2, 6], [15, 21]], "b": [[12, 15]], "7": []}),
        ("char_spans", {"a": [2, 3, 4, 5, 15, 18], "b": [13], "7": []}),
        ("quotes", {"a": ["dull", "not good"], "b": ["art"], "7": []}),
        ("quotes", {"a": '{"rationales": ["dull", "not good"]}', "b": "I say ```\n['art']\n```", "7": "[]"}),
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_selections(tmp_path, column, values, suffix):
    loaded = load(tmp_path / f"p{suffix}", rows_of(column, values))
    assert masks(loaded) == MASKS
    assert loaded.recipe.methods["p"].gives == "selection"
    assert not any(scored.words or scored.token_scores for scored in loaded)
    assert [scored.unmatched for scored in loaded] == [{"p": 0} if column == "quotes" else {}] * 3
    assert loaded.report.column == column


def test_characters_of_a_text_with_other_white_space(tmp_path):
    """White space in a span, and a word of punctuation only, count too."""
    text = "a  dull film, not\tgood"
    rows = [{"id": "a", "text": text, "char_spans": [[1, 4], [8, 13]]}]
    assert masks(load(tmp_path / "p.jsonl", rows)) == {"a": [0, 1, 1, 1, 0, 0]}


def test_tokens_are_joined_to_words(tmp_path):
    tokens = ["[CLS]", "A", "du", "##ll", "film", ",", "not", "good", "[SEP]"]
    rows = [{"id": "a", "tokens": tokens, "token_scores": [9, 1, 2, 3, 4, 0, 5, 6, 9]}]
    sums = load(tmp_path / "p.jsonl", rows).get(("a", "a")).words["p"][0]
    assert sums.tolist() == [1, 5, 4, 0, 5, 6]
    best = load(tmp_path / "p.jsonl", rows, join="max").get(("a", "a")).words["p"][0]
    assert best.tolist() == [1, 3, 4, 0, 5, 6]


def test_words_with_scores(tmp_path):
    words = documents()[0].words
    pairs = [{"id": "a", "words": [[word, n] for n, word in enumerate(words)]}]
    beside = [{"id": "a", "words": list(words), "scores": list(range(6))}]
    for rows in (pairs, beside):
        loaded = load(tmp_path / "p.jsonl", rows)
        assert loaded.get(("a", "a")).words["p"][0].tolist() == list(range(6))


def test_a_threshold_selects_by_score(tmp_path):
    rows = [{"id": "a", "scores": SCORES["a"], "threshold": 1}]
    loaded = load(tmp_path / "p.csv", rows)
    assert masks(loaded) == {"a": [0, 1, 0, 0, 1, 1]}
    assert loaded.recipe.methods["p"].gives == "both"


def test_a_column_by_another_name(tmp_path):
    rows = [{"id": "a", "mask": MASKS["a"], "scores": SCORES["a"], "reply": '["film"]'}]
    assert load(tmp_path / "p.jsonl", rows, column="mask").recipe.methods["p"].gives == "selection"
    assert masks(load(tmp_path / "p.jsonl", rows, column="quotes=reply")) == {"a": [0, 0, 1, 0, 0, 0]}


def test_null_is_no_prediction_and_an_empty_list_is_one_of_nothing(tmp_path):
    rows = rows_of("mask", MASKS | {"b": None})
    left_out = load(tmp_path / "p.jsonl", rows)
    assert [scored.id for scored in left_out] == ["a", "7"]
    assert (left_out.report.predicted, left_out.report.unpredicted, left_out.report.without_row) == (2, 1, 0)
    assert "1 row without a prediction: left out." in left_out.report.sentences
    empty = load(tmp_path / "p.jsonl", rows, missing="empty")
    assert masks(empty)["b"] == [0] * 6
    assert load(tmp_path / "p.csv", rows[:2], missing="left-out").report.without_row == 1
    scores = load(tmp_path / "s.csv", rows_of("scores", SCORES | {"b": None}), missing="empty")
    assert scores.get(("b", "b")).words["s"][0].tolist() == [0] * 6


def test_masks_count_as_scores_only_on_request(tmp_path):
    loaded = load(tmp_path / "p.jsonl", rows_of("mask", MASKS), masks_as_scores=True)
    assert loaded.recipe.methods["p"].gives == "both"
    assert loaded.get(("a", "a")).words["p"][0].tolist() == MASKS["a"]
    assert "recall x precision + (1 - recall) x base rate" in loaded.report.sentences[-1]


def test_labels(tmp_path):
    rows = [
        {"id": "a", "mask": MASKS["a"], "label": " neg ", "probabilities": {"pos": 0.25, "NEG": 0.75}},
        {"id": "b", "mask": MASKS["b"], "label": None, "probabilities": {"POS": 0.9, "NEG": 0.1}},
        {"id": "7", "mask": MASKS["7"], "label": "POS", "explained": "NEG"},
    ]
    loaded = load(tmp_path / "p.jsonl", rows)
    assert loaded.labels == ("POS", "NEG")  # the order of the probabilities
    assert loaded.predicted == ("NEG", "POS", "POS")
    assert [scored.probabilities for scored in loaded] == [(0.25, 0.75), (0.9, 0.1), ()]
    assert loaded.get(("7", "7")).explained == "NEG"
    assert {one.explained for one in loaded if one.id != "7"} == {None}
    assert loaded.report.labelled == 3


def test_data_without_labels(tmp_path):
    plain = Documents([Document("a", "a", ("a", "b"))], source="plain")
    path = write(tmp_path / "p.jsonl", [{"id": "a", "mask": [1, 0]}])
    assert load_predictions(path, plain).predicted == (None,)
    path = write(tmp_path / "p.jsonl", [{"id": "a", "mask": [1, 0], "label": "yes"}])
    assert load_predictions(path, plain).predicted == ("yes",)


def test_documents_of_one_annotation(tmp_path):
    pair = Documents([Document("a", "d1", ("x", "y")), Document("a", "d2", ("z",))], source="pairs")
    rows = [{"id": "a", "docid": "d2", "scores": [1]}, {"id": "a", "docid": "d1", "scores": [1, 0]}]
    loaded = load_predictions(write(tmp_path / "p.csv", rows), pair)
    assert loaded.keys == (("a", "d1"), ("a", "d2"))
    with pytest.raises(DataError, match=r"p\.jsonl:1: id 'a' is an annotation of 2 documents\. Add .*d1, d2"):
        load_predictions(write(tmp_path / "p.jsonl", [{"id": "a", "scores": [1]}]), pair)


def test_ids_beyond_a_sample_are_counted(tmp_path):
    rows = rows_of("mask", MASKS | {"z": [0]})
    loaded = load(tmp_path / "p.jsonl", rows, partial=True)
    assert (loaded.report.unknown, loaded.report.predicted, loaded.report.without_row) == (1, 3, 0)


def test_quotes_are_counted_beside_what_they_mark(tmp_path):
    replies = {
        "a": '["Dull  film", "not, good!", "never seen here", "", "film",]',
        "b": '{"quotes": ["great"], "label": "POS"}',
        "7": "I would rather not say.",
    }
    loaded = load(tmp_path / "gpt.jsonl", rows_of("quotes", replies))
    assert masks(loaded) == {"a": [0, 1, 1, 0, 1, 1], "b": [0, 1, 0, 0, 1, 0]}
    assert [scored.unmatched for scored in loaded] == [{"gpt": 3}, {"gpt": 0}]
    counts = loaded.report.quotes
    assert (counts.quotes, counts.exact, counts.folded, counts.bare, counts.fuzzy) == (6, 2, 1, 1, 0)
    assert (counts.unmatched, counts.empty, counts.ambiguous) == (1, 1, 1)
    assert (counts.words, counts.matched_words) == (9, 6)
    assert (counts.unparsed, counts.repaired, counts.ignored) == (1, 1, 1)
    assert loaded.report.unpredicted == 1
    text = " ".join(loaded.report.sentences)
    assert "6 quotes: 2 exact, 1 folded, 1 bare, 1 unmatched; 66.7% of the quoted words match." in text
    assert "the first is 'never seen here' in " in text
    first = load(tmp_path / "gpt.jsonl", rows_of("quotes", {"b": ["great"]}), occurrence="first")
    assert masks(first) == {"b": [0, 1, 0, 0, 0, 0]}


def test_the_provenance_says_what_was_read(tmp_path):
    loaded = load(tmp_path / "gpt.jsonl", rows_of("quotes", {"a": ["film", "nowhere"]}), fuzzy=0.8)
    settings = loaded.recipe.methods["gpt"].settings
    assert json.loads(json.dumps(settings)) == settings
    assert (settings["file"], settings["column"], settings["rows"]) == ("gpt.jsonl", "quotes", 1)
    assert (settings["options"]["fuzzy"], settings["options"]["occurrence"]) == (0.8, "all")
    assert settings["quotes"]["unmatched"] == 1
    assert len(settings["sha256"]) == 64
    assert str(tmp_path) not in json.dumps(settings)


def test_it_is_a_public_function(tmp_path):
    path = write(tmp_path / "p.jsonl", rows_of("mask", MASKS))
    named = rationale.load_predictions(path, documents(), PredictionOptions(name="my method"))
    assert named.methods == ("my method",)
