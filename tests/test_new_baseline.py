"""A baseline that somebody registers is one everywhere: nothing keeps a list of its own."""

from pathlib import Path

import numpy as np
import pytest

from rationale.agreement import Agreement, agree
from rationale.corpus.document import Document, Documents, Span
from rationale.dropping.baselines import FixedShare
from rationale.dropping.system import SYSTEMS, is_uninformed
from rationale.report.comparison import systems_table
from rationale.report.figures.planes import faithfulness_plane
from rationale.report.figures.systems import look
from rationale.report.flat import comparisons_table, records_table
from rationale.report.palette import GREY, strokes
from rationale.report.tables import agreement_table
from rationale.scores import METHODS, Faithfulness, ScoreOptions, StoredScores, default_methods, score
from rationale.scores.methods import Baseline
from rationale.study.uninformed import against_uninformed
from tests.study.made import evaluation, grid_cell
from tests.toys import toy_classifier, wordy


class Vowels(Baseline):
    def words(self, document, seed):
        del seed
        return np.array([sum(c in "aeiou" for c in word) for word in document.words], dtype=np.float32)


class Last(FixedShare):
    name, title, symbol = "last", "Last tokens", "bowtie"


@pytest.fixture
def registered(monkeypatch):
    """Both baselines, for one test."""
    monkeypatch.setitem(METHODS._items, "vowels", Vowels("vowels", "Vowels", "The vowels of the word"))
    monkeypatch.setitem(SYSTEMS._items, "last", Last)


@pytest.fixture
def documents():
    return Documents(
        [Document(str(n), str(n), wordy(12, n), label="POS", spans=(Span(2, 5),)) for n in range(12)]
    )


@pytest.fixture
def scored(registered, documents, tmp_path):
    options = ScoreOptions(("input_x_gradient", "vowels"), faithfulness=Faithfulness(0.3))
    return score(toy_classifier("bert"), documents, options, out=tmp_path / "scores", progress=False)


def test_a_score_method_is_a_default_and_is_compared_with_in_every_layer(registered, scored, documents):
    assert "vowels" in default_methods()
    assert "vowels" in ScoreOptions().methods
    agreement = agree(scored, documents, resamples=20)
    pairs = {(c.method, c.layer, c.other) for c in agreement.comparisons if c.metric == "ap"}
    assert pairs == {("input_x_gradient", layer, "vowels") for layer in scored.layers("input_x_gradient")}
    assert "each baseline (vowels)" in agreement.recipe.agreement.comparison


@pytest.mark.parametrize("known", [True, False], ids=["registered", "by another process"])
def test_tables_charts_and_exports_show_it_as_one(scored, documents, tmp_path, monkeypatch, known):
    """Also where its code is not: the scores say what it is."""
    agree(scored, documents, resamples=20).save(tmp_path / "agreement.json")
    if not known:
        monkeypatch.delitem(METHODS._items, "vowels")
    assert len(StoredScores(tmp_path / "scores")) == len(documents)
    agreement = Agreement.load(tmp_path / "agreement.json")
    table = agreement_table(agreement)
    assert [row[0] for row in table.rows] == ["InputXGradient", "Vowels"]
    assert table.rules == {1}
    drawn = strokes(["input_x_gradient", "vowels"], agreement.recipe)
    assert (drawn["vowels"].colour, drawn["input_x_gradient"].colour == GREY) == (GREY, False)
    assert {row[1] for row in records_table(agreement).rows if row[0] == "vowels"} == {None}
    assert {row[5] for row in comparisons_table(agreement).rows} == {None}
    widths = {trace.name: trace.line.width for trace in faithfulness_plane(agreement).data}
    assert widths == {"InputXGradient": 1.6, "Vowels": 1}


def test_the_app_shows_it_as_a_method_that_no_dropping_model_decides_by(scored, documents, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "apps"))
    from workbench.collection import Collection
    from workbench.dropping import drops

    collection = Collection("toy", scored, documents, agree(scored, documents, resamples=20))
    document, one = collection.open(collection.keys[0])
    assert not drops("vowels", one)
    assert collection.layered(document, one, "vowels", "top_k_gold").title == "Vowels"


def test_a_system_is_what_others_are_held_against_and_drawn_as_one(registered):
    assert is_uninformed("last")
    assert not is_uninformed("ltp")
    assert not is_uninformed("nobody's")
    assert look("last") == (GREY, "bowtie")
    evaluated = [evaluated_cell("plain", 80), evaluated_cell("ltp", 70), evaluated_cell("last", 60)]
    found = against_uninformed(*evaluated[1], evaluated, resamples=20)
    assert found is not None
    assert found.cell == "last"
    assert against_uninformed(*evaluated[2], evaluated, resamples=20) is None
    assert "the best run of last that saves" in systems_table([record for record, _ in evaluated]).caption


def evaluated_cell(system, right):
    return grid_cell(system, value=right / 100), evaluation(right)
