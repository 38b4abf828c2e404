"""The score folder: what is read is what was scored, and nothing else is ever taken for it."""

import json
import random
import shutil
from dataclasses import fields, replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from rationale.artifacts.record import to_json
from rationale.corpus.document import Document, Documents
from rationale.errors import ModelError, OutputError, RationaleError, ScoresError
from rationale.loading.classifier import load_classifier
from rationale.scores import Faithfulness, StoredScores, score
from rationale.scores.documents import DocumentScorer
from rationale.scores.recipe import make_recipe
from rationale.scores.writer import ScoreWriter
from tests.scores.made import METHODS, add_a_file, content, documents_of, options, run, scored, swap_parts
from tests.toys import save_model, toy_classifier


def test_predicted_labels_stand_in_the_order_of_the_keys(finished):
    stored = StoredScores(finished)
    assert stored.predicted == tuple(one.predicted for one in stored)
    assert stored.keys == tuple(one.key for one in stored)


def equal(one, other):
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, dict):
            assert list(left) == list(right), field.name
            for key, value in left.items():
                np.testing.assert_array_equal(value, right[key], err_msg=field.name)
        else:
            np.testing.assert_array_equal(left, right, err_msg=field.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype
    return True


def test_what_is_read_is_what_was_scored(finished):
    memory = scored(documents_of(), METHODS, faithfulness=Faithfulness(0.3), part_size=4)
    stored = StoredScores(finished)
    assert len(stored) == len(memory) == 6
    assert all(equal(one, other) for one, other in zip(memory, stored, strict=True))
    assert stored.recipe == memory.recipe
    assert stored.keys == memory.keys == tuple(document.key for document in documents_of())
    assert (stored.methods, stored.labels) == (METHODS, ("NEG", "POS"))
    assert (stored.layers("input_x_gradient"), stored.layers("random")) == ((0, 1, 2), (0,))
    for scores in (memory, stored):
        assert equal(scores.get(("a5", "d5")), list(memory)[5])
        with pytest.raises(ScoresError, match=r"document 'd9' of annotation 'a9' was not scored.*--limit"):
            scores.get(("a9", "d9"))
        with pytest.raises(
            ScoresError, match=r"no scores of method 'lime'.*input_x_gradient, attention.cls, random"
        ):
            scores.layers("lime")


def test_documents_without_words_are_kept_too(tmp_path):
    documents = Documents([Document("a", "a", ()), Document("b", "b", ("\u200b", "film"), label=None)])
    classifier = toy_classifier("bert", max_length=20)
    memory = score(classifier, documents, options(), progress=False)
    stored = score(classifier, documents, options(), out=tmp_path / "scores", progress=False)
    assert all(equal(one, other) for one, other in zip(memory, stored, strict=True))


def test_finished_scores_are_not_written_over_by_accident(folder):
    before = content(folder)
    with pytest.raises(OutputError, match=r"scores: finished scores exist here already.*--overwrite"):
        run(folder)
    with pytest.raises(OutputError, match="finished scores exist here already"):
        run(folder, seed=1)
    assert content(folder) == before
    run(folder, seed=1, overwrite=True)
    assert StoredScores(folder).recipe.seed == 1
    assert [path.name for path in folder.parent.iterdir()] == ["scores"]


def test_a_folder_with_something_else_is_never_written_to(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    for overwrite in (False, True):
        with pytest.raises(
            OutputError, match=r"this folder holds something other than scores.*another --out"
        ):
            run(tmp_path, overwrite=overwrite)
        with pytest.raises(OutputError, match="this is a file, and scores are a folder"):
            run(tmp_path / "thesis.tex", overwrite=overwrite)
    assert content(tmp_path) == {"thesis.tex": b"years"}


def test_an_unfinished_run_of_another_recipe_is_named(folder):
    (folder / "COMPLETE").unlink()
    with pytest.raises(
        ScoresError, match=r"another recipe exists here \(differs in: protocol, seed\).*--overwrite"
    ):
        run(folder, seed=1, protocol="truncate")
    run(folder, seed=1, overwrite=True)
    assert StoredScores(folder).recipe.seed == 1


def test_a_resumed_run_scores_only_what_is_missing(folder, monkeypatch):
    before = content(folder)
    (folder / "COMPLETE").unlink()
    shutil.rmtree(folder / "part-00001")
    (folder / ".part-00001.77.tmp").mkdir()
    (folder / ".part-00001.77.tmp" / "documents.parquet").write_bytes(b"half")
    seen = []
    call = DocumentScorer.__call__
    monkeypatch.setattr(
        DocumentScorer, "__call__", lambda self, part: seen.extend(d.id for d in part) or call(self, part)
    )
    run(folder)
    assert seen == ["a4", "a5"]
    assert content(folder) == before


def test_what_a_kill_at_the_very_start_left_is_no_obstacle(tmp_path):
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / ".recipe.json.77.tmp").write_text("{")
    assert len(run(tmp_path / "scores")) == 6
    assert not list((tmp_path / "scores").glob(".*"))


def test_unfinished_scores_are_not_read(folder):
    (folder / "COMPLETE").unlink()
    with pytest.raises(
        ScoresError, match=r"scores: the scores are unfinished.*same `rationale score` command"
    ):
        StoredScores(folder)


def lose_a_part(folder):
    shutil.rmtree(folder / "part-00000")


def lose_a_table(folder):
    (folder / "part-00001" / "scores.parquet").unlink()


def halve_a_table(folder):
    path = folder / "part-00001" / "documents.parquet"
    path.write_bytes(path.read_bytes()[:700])


def empty_a_table(folder):
    (folder / "part-00001" / "perturbed.parquet").write_bytes(b"")


def rename_a_column(folder):
    path = folder / "part-00001" / "documents.parquet"
    table = pq.read_table(path)
    names = ["identifier" if name == "id" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names), path)


def reverse_a_table(folder):
    path = folder / "part-00001" / "scores.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), path)


def double_a_part(folder):
    shutil.copytree(folder / "part-00001", folder / "part-00002")


def lose_a_seal(folder):
    (folder / "part-00000" / "seal.json").unlink()


def reverse_the_layers(folder):
    methods = json.loads((folder / "recipe.json").read_text())["methods"]
    methods["input_x_gradient"]["layers"].reverse()
    change_the_recipe(folder, methods=methods)


def unseal_the_recipe(folder):
    path = folder / "recipe.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "seal"}))


def change_the_recipe(folder, **parts):
    path = folder / "recipe.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lose_a_part, r"1 parts are here, and COMPLETE names 2; part-00000 is missing.*repeat"),
        (lose_a_table, r"part-00001/scores\.parquet: .*cannot be read.*Remove this part's folder"),
        (halve_a_table, r"part-00001/documents\.parquet: it was changed after it was written"),
        (empty_a_table, r"part-00001/perturbed\.parquet: it was changed"),
        (rename_a_column, r"part-00001/documents\.parquet: it was changed"),
        (reverse_a_table, r"part-00001/scores\.parquet: it was changed"),
        (double_a_part, r"3 parts are here, and COMPLETE names 2; part-00002 does not belong here"),
        (swap_parts, r"part-00000: .*its seal is not the one that was written"),
        (add_a_file, r"part-00001/notes\.txt: this file does not belong to the result"),
        (lose_a_seal, r"part-00000: a part of the scores is damaged \(it has no seal\.json\)"),
        (lambda f: (f / "COMPLETE").write_text("half"), "the saved result is damaged"),
        (lambda f: (f / "COMPLETE").write_text("{}"), "the scores are damaged: parts: expected an object"),
        (lambda f: change_the_recipe(f, data=7), r"recipe\.json: it was changed after it was written"),
        (reverse_the_layers, r"recipe\.json: it was changed after it was written"),
        (lambda f: unseal_the_recipe(f), r"recipe\.json: it was changed after it was written"),
        (lambda f: (f / "recipe.json").write_text("{"), r"recipe\.json:1: the saved result is damaged"),
        (lambda f: (f / "recipe.json").write_text("[]"), r"recipe\.json: .*expected an object, found list"),
        (lambda f: (f / "recipe.json").write_text('{"kind": "topics"}'), "expected the recipe of scores"),
        (
            lambda f: (f / "recipe.json").write_text('{"kind": "scores"}'),
            "the whole: 'model' is missing",
        ),
        (lambda f: (f / "recipe.json").write_bytes(b"\xff"), "the saved result is damaged"),
        (lambda f: (f / "recipe.json").unlink(), r"no score folder: it has no recipe\.json"),
        (shutil.rmtree, r"no score folder: it has no recipe\.json"),
    ],
)
def test_damage_is_told_with_its_place_and_remedy(folder, damage, message):
    damage(folder)
    with pytest.raises(ScoresError, match=message):
        list(StoredScores(folder))


def test_the_remedy_for_a_damaged_part_works(folder):
    before = content(folder)
    halve_a_table(folder)
    shutil.rmtree(folder / "part-00001")
    (folder / "COMPLETE").unlink()
    run(folder)
    assert content(folder) == before


@pytest.mark.parametrize("table", ["documents", "scores", "perturbed"])
def test_a_flipped_bit_in_the_data_never_becomes_another_score(folder, table):
    path = folder / "part-00000" / f"{table}.parquet"
    intact, expected = path.read_bytes(), list(StoredScores(folder))
    generator = random.Random(0)
    caught = 0
    for _ in range(30):
        damaged = bytearray(intact)
        damaged[generator.randrange(len(intact) // 2)] ^= 1 << generator.randrange(8)
        path.write_bytes(bytes(damaged))
        try:
            read = list(StoredScores(folder))
        except ScoresError:
            caught += 1
        else:
            assert all(equal(one, other) for one, other in zip(read, expected, strict=True))
    assert caught > 15


def test_a_damaged_recipe_is_no_obstacle_to_overwriting(folder):
    before = content(folder)
    (folder / "recipe.json").write_text("{")
    run(folder, overwrite=True)
    assert content(folder) == before


def test_a_model_that_yields_nan_writes_nothing(tmp_path, folder):
    broken = save_model(tmp_path / "broken", "bert")
    classifier = load_classifier(broken, device="cpu", max_length=20)
    with torch.no_grad():
        classifier.encoder.model.classifier.bias[0] = float("nan")
    for faithfulness in (None, Faithfulness(0.3)):
        with pytest.raises(
            ModelError, match=r"broken: the model yields NaN or infinite numbers.*nothing was written"
        ):
            score(
                classifier,
                documents_of(),
                options(faithfulness=faithfulness),
                out=tmp_path / "new",
                progress=False,
            )
    assert not (tmp_path / "new").exists()
    before = content(folder)
    with pytest.raises(ModelError):
        score(classifier, documents_of(), options(), out=folder, overwrite=True, progress=False)
    assert content(folder) == before
    assert not list(folder.parent.glob("*unfinished*"))


def test_equal_runs_have_equal_recipes_and_each_choice_shows():
    classifier, documents = toy_classifier("bert", max_length=20), documents_of()
    plain = make_recipe(classifier, documents, options())
    assert plain == make_recipe(classifier, documents_of(), options())
    changes = [
        {"methods": ("input_x_gradient",)},
        {"target": "gold"},
        {"protocol": "truncate"},
        {"seed": 1},
        {"batch_size": 3},
        {"part_size": 5},
        {"faithfulness": None},
        {"faithfulness": Faithfulness(0.3, layers=(0,))},
        {"faithfulness": Faithfulness(0.3, layers=(1,))},
    ]
    recipes = [make_recipe(classifier, documents, options(**change)) for change in changes]
    recipes += [
        make_recipe(toy_classifier("bert", max_length=19), documents, options()),
        make_recipe(toy_classifier("bert", max_length=20, seed=1), documents, options()),
        make_recipe(toy_classifier("bert", max_length=20, dtype="float64"), documents, options()),
        make_recipe(classifier, documents[:5], options()),
        make_recipe(classifier, Documents([replace(d, label="NEG") for d in documents]), options()),
    ]
    told = [json.dumps(to_json(recipe), sort_keys=True) for recipe in [plain, *recipes]]
    assert len(set(told)) == len(changes) + 6


def test_scores_without_a_recipe_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError):
        ScoreWriter(tmp_path / "scores")


def test_a_notebook_shows_escaped_text(finished, tmp_path):
    scores = StoredScores(finished)
    assert "6 documents" in scores._repr_html_()
    model = replace(scores.recipe.model, name="<script>alert(1)</script>")
    scores.recipe = replace(scores.recipe, model=model)
    assert "<script>" not in scores._repr_html_()


def test_every_error_is_one_a_user_meets(folder):
    """Whatever a folder holds, reading ends in our own error and never in a traceback."""
    (folder / "COMPLETE").write_text('{"parts": "two"}')
    with pytest.raises(RationaleError):
        StoredScores(folder)
