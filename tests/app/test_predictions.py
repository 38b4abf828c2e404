"""Predictions of somebody else in the app: opened by their file, without a model and without scores."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from rationale.agreement import agree
from rationale.corpus import load_documents
from rationale.predictions import load_predictions
from rationale.scores import StoredScores
from tests.patience import PAGE
from tests.places import APPS

pytestmark = pytest.mark.slow


@pytest.fixture
def quotes(material, tmp_path):
    """Where the scores' documents are, their split, and a file that quotes words of each."""
    recipe = StoredScores(material / "scores" / "val").recipe.data
    documents = load_documents(recipe.source, recipe.split)
    file = tmp_path / "gpt.jsonl"
    rows = ({"id": d.id, "docid": d.docid, "quotes": [" ".join(d.words[:2])]} for d in documents)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return recipe.source, recipe.split, file


@pytest.fixture
def opened(quotes, monkeypatch):
    source, split, file = quotes

    def open_app(page, *more):
        given = ["--predictions", str(file), "--data", source, "--split", split, *map(str, more)]
        monkeypatch.setattr("sys.argv", ["app.py", *given])
        at = AppTest.from_file(str(APPS / "app.py"), default_timeout=PAGE).run()
        return at if page == "explore" else at.switch_page(f"screens/{page}.py").run()

    return open_app


@pytest.mark.parametrize("page", ["explore", "compare", "corpus", "export"])
def test_every_page_opens(opened, page):
    at = opened(page)
    assert not at.exception
    assert not at.error


def test_the_quoted_words_are_the_chosen_ones(opened):
    sent = json.loads(opened("explore").get("bidi_component")[0].proto.json)
    text = json.dumps(sent)
    assert "gpt" in text
    assert "no label predicted" in text or "no gold label" in text


def test_an_agreement_with_predictions_opens_with_the_scores_alone(quotes, material, opened, tmp_path):
    source, split, file = quotes
    documents = load_documents(source, split)
    both = [StoredScores(material / "scores" / "val"), load_predictions(file, documents, progress=False)]
    agree(both, documents, resamples=100).save(tmp_path / "both.json")
    at = opened("compare", "--scores", material / "scores" / "val", "--agreement", tmp_path / "both.json")
    assert not at.exception
    assert not at.error
