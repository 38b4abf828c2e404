"""Scores made by hand are what the library writes and reads: a change of the format fails here first."""

from dataclasses import fields

import numpy as np
import pytest

from rationale.artifacts.record import to_json
from rationale.errors import ScoresError
from rationale.scores import ScoreOptions
from rationale.scores.recipe import make_recipe, read_recipe
from rationale.scores.store import MemoryScores
from rationale.scores.writer import ScoreWriter
from tests import exporting
from tests.agreement.making import random_corpus
from tests.handmade import recipe_of
from tests.report.making import make_run
from tests.scores.made import documents_of
from tests.toys import toy_classifier


def exported():
    documents, rng = exporting.corpus(), np.random.default_rng(1)
    items = [exporting.score(one, rng, covered=np.arange(len(one.words)) < 9) for one in documents]
    return MemoryScores(exporting.recipe(documents), items), documents


@pytest.mark.parametrize("make", [random_corpus, make_run, exported])
def test_what_is_made_is_read_back_from_disk_as_it_was(tmp_path, make):
    scores, documents = make()
    writer = ScoreWriter(tmp_path / "scores", scores.recipe)
    writer.write(0, list(scores))
    stored = writer.finish()
    assert read_recipe(tmp_path / "scores") == scores.recipe
    assert stored.keys == tuple(document.key for document in documents)
    for ours, theirs in zip(scores, stored, strict=True):
        for field in fields(ours):
            np.testing.assert_equal(getattr(ours, field.name), getattr(theirs, field.name), field.name)


def test_a_recipe_names_what_a_real_one_names():
    classifier, documents = toy_classifier("bert", max_length=20), documents_of()
    real = make_recipe(classifier, documents, ScoreOptions(methods=("input_x_gradient", "random")))
    ours = recipe_of(documents, {"input_x_gradient": (0, 1, 2), "random": (0,)})
    ours, real = to_json(ours), to_json(real)
    assert ours.keys() == real.keys()
    for part in ("model", "data"):
        assert ours[part].keys() == real[part].keys()
    assert ours["methods"]["input_x_gradient"].keys() == real["methods"]["input_x_gradient"].keys()


def test_a_recipe_that_no_reader_takes_is_not_made():
    with pytest.raises(ScoresError, match="the recipe is damaged"):
        recipe_of(documents_of(), {"input_x_gradient": (0,)}, labels=[])
