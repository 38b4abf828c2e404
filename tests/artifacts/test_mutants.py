"""Edited results: with their seal always refused, without one or sealed anew never a traceback.

RATIONALE_MUTANTS multiplies the number of edits, RATIONALE_MUTANT_SEED tries others.
"""

import itertools
import json
import os
import random
import shutil
from pathlib import Path

import pytest

from rationale.agreement import Agreement, agree
from rationale.artifacts.scores import open_recipe, seal_part, seal_scores
from rationale.artifacts.seal import sealed
from rationale.errors import RationaleError
from rationale.report.comparison import comparison_page
from rationale.report.flat import records_table
from rationale.report.topk import topk_page
from rationale.report.write import report, report_markdown
from rationale.scores import StoredScores
from rationale.study.comparison import load_comparison
from rationale.study.topk.stored import StoredStudy
from tests.artifacts.mutants import mutate_json, mutate_parquet, write

pytestmark = pytest.mark.slow

MANY = int(os.environ.get("RATIONALE_MUTANTS", "1"))
SEED = int(os.environ.get("RATIONALE_MUTANT_SEED", "0"))


def attempt(use):
    """What using a result ends in: "used", or our own error; anything else is a traceback."""
    try:
        use()
    except RationaleError:
        return "refused"
    return "used"


def survive(path, content, kind, use, generator):
    """One edit, in three guises."""
    changed = mutate_json(content, generator)
    if changed == content:
        return
    write(path, changed)
    assert attempt(use) == "refused", (path.name, "accepted though its seal does not fit")
    body = {name: value for name, value in changed.items() if name != "seal"}
    for guise in (body, sealed(body, kind)):
        write(path, guise)
        attempt(use)


def test_an_edited_agreement(made, tmp_path):
    root, documents = made
    path = Path(shutil.copy(root / "agreement.json", tmp_path))
    content, scores = json.loads(path.read_text()), StoredScores(root / "scores")
    scores = MemoryLike(scores)
    generator, turns = random.Random(SEED), itertools.count()

    def use():
        agreement = Agreement.load(path)
        scores.recipe = agreement.recipe.of_scores
        report_markdown(agreement)
        records_table(agreement).to_csv()
        records_table(agreement).to_arrow()
        if next(turns) % 12 == 0:  # a page takes a second
            report(scores, documents, agreement, tmp_path / "page.html", overwrite=True)

    for _ in range(40 * MANY):
        survive(path, content, "agreement", use, generator)


class MemoryLike:
    """Scores whose recipe is what an edited agreement says, so that reports come to their tables."""

    def __init__(self, scores):
        self._scores, self.recipe = scores, scores.recipe

    def __getattr__(self, name):
        return getattr(self._scores, name)

    def __iter__(self):
        return iter(self._scores)

    def __len__(self):
        return len(self._scores)


def test_an_edited_comparison(made, tmp_path):
    path = Path(shutil.copy(made[0] / "comparison.json", tmp_path))
    content, generator = json.loads(path.read_text()), random.Random(SEED)

    def use():
        comparison_page(load_comparison(path), tmp_path / "page.html", overwrite=True)

    for _ in range(20 * MANY):
        survive(path, content, "comparison", use, generator)


def test_an_edited_study(made, tmp_path):
    path = Path(shutil.copy(made[0] / "study.json", tmp_path))
    shutil.copy(made[0] / "predictions.parquet", tmp_path)
    content, generator = json.loads(path.read_text()), random.Random(SEED)

    def use():
        topk_page(StoredStudy.load(tmp_path).results, tmp_path / "page.html", overwrite=True)

    for _ in range(20 * MANY):
        survive(path, content, "topk study", use, generator)


def test_edited_predictions_of_a_study(made, tmp_path):
    generator = random.Random(SEED)
    shutil.copy(made[0] / "study.json", tmp_path)
    for _ in range(10 * MANY):
        path = shutil.copy(made[0] / "predictions.parquet", tmp_path)
        mutate_parquet(Path(path), generator)
        attempt(lambda: StoredStudy.load(tmp_path))


def unsealed(folder):
    """Takes every seal off, and names the parts as earlier versions did."""
    from tests.scores.made import unseal

    unseal(folder)


def sealed_anew(folder):
    """Seals whatever is there."""
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe.pop("seal", None)
    write(folder / "recipe.json", sealed(recipe, "provenance of scores"))
    recipe, seal = open_recipe(folder)
    parts = sorted(folder.glob("part-*"))
    for number, part in enumerate(parts):
        seal_part(part, seal, number)
    seal_scores(folder, recipe, parts)


@pytest.mark.parametrize("what", ["recipe", "documents", "scores", "perturbed"])
def test_edited_scores(made, tmp_path, what):
    root, documents = made
    generator = random.Random(f"{SEED} {what}")

    def use():
        agree(StoredScores(folder), documents, resamples=5)

    for number in range(15 * MANY):
        folder = Path(shutil.copytree(root / "scores", tmp_path / str(number)))
        if what == "recipe":
            content = json.loads((folder / "recipe.json").read_text())
            changed = mutate_json(content, generator)
            write(folder / "recipe.json", changed)
        elif not mutate_parquet(folder / "part-00001" / f"{what}.parquet", generator):
            return
        if what != "recipe" or changed != content:
            assert attempt(use) == "refused", "accepted though its seal does not fit"
        for guise in (sealed_anew, unsealed):
            try:
                guise(folder)
            except (RationaleError, KeyError, AttributeError, TypeError):
                continue  # what no version of ours could have written
            attempt(use)
