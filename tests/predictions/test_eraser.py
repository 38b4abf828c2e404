"""ERASER's prediction files: what `rationale export` writes comes back, and what others write is read."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rationale.agreement import agree
from rationale.corpus import Documents
from rationale.errors import DataError
from rationale.predictions import PredictionOptions, load_predictions
from rationale.report.eraser import export_eraser
from rationale.report.exports import Choice
from rationale.scores.store import MemoryScores
from tests.agreement.making import above
from tests.exporting import LABELS, SHARES, corpus, recipe, score
from tests.predictions.making import documents, write


@pytest.fixture(scope="module")
def data():
    """Documents of which the second annotation has a number for an id."""
    renamed = [replace(d, id="1", original_id=1) if d.id == "a1" else d for d in corpus()]
    return Documents(renamed, source="made", split="val")


@pytest.fixture(scope="module")
def scores(data):
    rng = np.random.default_rng(1)
    return MemoryScores(recipe(data), [score(document, rng) for document in data])


@pytest.mark.parametrize(("method", "layer"), [("input_x_gradient", 0), ("signed", 0)])
def test_an_export_comes_back(tmp_path, data, scores, method, layer):
    export_eraser(scores, data, tmp_path / "mine.jsonl", Choice(method, layer))
    loaded = load_predictions(tmp_path / "mine.jsonl", data)
    assert loaded.recipe.methods["mine"].gives == "both"
    assert loaded.recipe.methods["mine"].signed == (method == "signed")
    assert (loaded.keys, loaded.labels) == (scores.keys, LABELS)
    assert loaded.report.format == "eraser"
    for mine, scored in zip(loaded, scores, strict=True):
        assert np.array_equal(mine.words["mine"][0], scored.words[method][layer])
        assert np.array_equal(mine.given["mine"], above(scored, method, layer))
    alone = [key for key in loaded.keys if key[1].endswith(".0") and int(key[1][1:-2]) % 5]
    for mine, scored in ((loaded.get(key), scores.get(key)) for key in alone):
        assert mine.predicted == scored.predicted
        assert mine.probabilities == pytest.approx(scored.probabilities)
        given = {p.share: p for p in scored.perturbed if (p.method, p.layer) == (method, layer)}
        assert len(mine.perturbed) == len(SHARES)
        for number, perturbed in enumerate(mine.perturbed):
            expected = given[SHARES[number]]
            assert perturbed.without == pytest.approx(expected.without)
            assert perturbed.only == pytest.approx(expected.only)
    assert loaded.recipe.faithfulness.bins == SHARES[1:]


def test_an_export_has_the_same_records(tmp_path, data, scores):
    alone = Documents([d for d in data if d.docid[1:-2] == "1" or int(d.docid[1:-2]) % 5], source="made")
    some = MemoryScores(recipe(alone), [scores.get(document.key) for document in alone])
    export_eraser(some, alone, tmp_path / "mine.jsonl", Choice("input_x_gradient", 0, "top_k_gold"))
    loaded = load_predictions(tmp_path / "mine.jsonl", alone)
    assert not any(
        mine.given["mine"].sum() != d.rationale.sum() for mine, d in zip(loaded, alone, strict=True)
    )
    mine, theirs = agree(loaded, alone, resamples=1), agree(some, alone, resamples=1)
    for metric in ("ap", "auprc", "roc_auc", "comprehensiveness", "sufficiency", "aopc_sufficiency"):
        expected = theirs.record(metric, "input_x_gradient", 0)
        found = mine.record(metric, "mine", 0)
        assert (found.value, found.n) == (pytest.approx(expected.value), expected.n)
    for metric in ("precision", "recall", "token_f1", "iou_f1", "fpr"):
        expected = theirs.record(metric, "input_x_gradient", 0, "top_k_gold")
        assert mine.record(metric, "mine", 0, "top_k_gold").value == pytest.approx(expected.value)


def test_ids_keep_their_type_in_the_file(tmp_path, data, scores):
    export_eraser(scores, data, tmp_path / "mine.jsonl")
    ids = [json.loads(line)["annotation_id"] for line in (tmp_path / "mine.jsonl").read_text().splitlines()]
    assert {type(name) for name in ids} == {str, int}
    assert 1 in ids


def hard(*spans):
    return [{"start_token": start, "end_token": end} for start, end in spans]


def line(id_, docid=None, **content):
    return {"annotation_id": id_, "rationales": [{"docid": id_ if docid is None else docid, **content}]}


def load(tmp_path, lines, data=None, **options):
    path = write(tmp_path / "p.jsonl", lines)
    return load_predictions(path, data or documents(), PredictionOptions(**options))


def test_ids_match_as_numbers_and_as_text(tmp_path):
    spans = {"hard_rationale_predictions": hard((0, 2))}
    for id_ in (7, "7"):
        loaded = load(tmp_path, [line(id_, **spans)])
        assert loaded.keys == (("7", "7"),)
        assert loaded.recipe.methods["p"].gives == "selection"


def test_overlapping_and_empty_predictions(tmp_path):
    lines = [
        line("a", hard_rationale_predictions=hard((0, 2), (1, 3), (3, 4), (0, 2))),
        line("b", hard_rationale_predictions=[]),
        line("7", hard_rationale_predictions=None),
    ]
    loaded = load(tmp_path, lines)
    assert [scored.given["p"].astype(int).tolist() for scored in loaded] == [[1, 1, 1, 1, 0, 0], [0] * 6]
    assert loaded.report.unpredicted == 1


def test_scores_of_sentences_are_those_of_their_words(tmp_path):
    one = Documents([replace(documents()[0], sentences=((0, 4), (4, 6)))], source="one")
    loaded = load(tmp_path, [line("a", soft_sentence_predictions=[0.25, 0.75])], one)
    assert loaded.get(("a", "a")).words["p"][0].tolist() == [0.25] * 4 + [0.75] * 2
    with pytest.raises(DataError, match="'sentence_scores' has 1 entries for 2 sentences"):
        load(tmp_path, [line("a", soft_sentence_predictions=[1])], one)


def test_removal_of_a_share_that_the_file_does_not_state(tmp_path):
    both = {name: {"NEG": 0.5, "POS": 0.5} for name in (
        "classification_scores",
        "comprehensiveness_classification_scores",
        "sufficiency_classification_scores",
    )}  # fmt: skip
    loaded = load(tmp_path, [line("a", hard_rationale_predictions=hard((0, 3))) | both])
    assert (loaded.recipe.faithfulness.share, loaded.recipe.faithfulness.bins) == (0.5, ())
    assert [(p.share, p.without) for p in loaded.get(("a", "a")).perturbed] == [(0.5, (0.5, 0.5))]
    assert "does not state which share" in loaded.report.sentences[-1]
    del both["classification_scores"]
    with pytest.raises(DataError, match="needs 'classification_scores' beside it"):
        load(tmp_path, [line("a", hard_rationale_predictions=hard((0, 3))) | both])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line("a", soft_rationale_predictions=[1])], "p.jsonl:1: 'scores' has 1 entries for 6 words"),
        (
            [line("a", "b", soft_rationale_predictions=[1])],
            "none of the 1 ids is in the data; the first",
        ),
        ([line("a")], "p.jsonl: no line has a rationale. Expected 'hard_rationale_predictions'"),
        ([{"annotation_id": "a", "rationales": {}}], "p.jsonl:1: 'rationales' must be a list of objects"),
        ([{"annotation_id": "a", "rationales": [{}]}], "p.jsonl:1: the field 'docid' is missing"),
        (
            [line("a", hard_rationale_predictions=[[0, 1]])],
            "must be a list of objects, got [[0, 1]]. A span",
        ),
        ([line("a", hard_rationale_predictions=hard((4, 7)))], "[4, 7) lies outside the document of 6 words"),
        ([line("a", hard_rationale_predictions=[]) | {"classification": "x"}], "is no label of the data"),
        (
            [
                line("a", hard_rationale_predictions=[], soft_rationale_predictions=[0] * 6),
                line("b", hard_rationale_predictions=[]),
            ],
            "p.jsonl:2: there is no 'scores' here, and other rows have it.",
        ),
    ],
)
def test_lines_that_do_not_fit(tmp_path, lines, said):
    with pytest.raises(DataError) as caught:
        load(tmp_path, lines)
    assert said in str(caught.value)
