"""Toy documents of one to a dozen windows, their scores in memory and on disk, ways to spoil these."""

import json

from rationale.artifacts.scores import old_digest
from rationale.corpus.document import Document, Documents, Span
from rationale.scores import Faithfulness, ScoreOptions, one_pass_methods, score
from tests.toys import toy_classifier, wordy

ALL = (*one_pass_methods(), "random", "lead", "word_length")


def documents_of(count=6, **more):
    """Documents of one to a dozen windows of 20 tokens, labels in turn, one with a query."""
    return Documents(
        [
            Document(
                f"a{i}",
                f"d{i}",
                wordy(3 + 25 * i, i),
                label=("NEG", "POS")[i % 2],
                query=("is", "it", "?") if i == 2 else (),
                spans=(Span(0, 2),),
                **more,
            )
            for i in range(count)
        ]
    )


def scored(documents, methods=ALL, classifier=None, **options):
    classifier = classifier or toy_classifier("bert", max_length=20)
    return score(classifier, documents, ScoreOptions(methods=methods, **options), progress=False)


METHODS = ("input_x_gradient", "attention.cls", "random")


def options(**more):
    return ScoreOptions(**{"methods": METHODS, "faithfulness": Faithfulness(0.3), "part_size": 4} | more)


def run(out, **more):
    classifier = toy_classifier("bert", max_length=20)
    overwrite = more.pop("overwrite", False)
    return score(classifier, documents_of(), options(**more), out=out, overwrite=overwrite, progress=False)


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def swap_parts(folder):
    (folder / "part-00000").rename(folder / "kept")
    (folder / "part-00001").rename(folder / "part-00000")
    (folder / "kept").rename(folder / "part-00001")


def add_a_file(folder):
    (folder / "part-00001" / "notes.txt").write_text("mine")


def unseal(folder):
    """The folder as earlier versions wrote it."""
    recipe = json.loads((folder / "recipe.json").read_text())
    del recipe["seal"]
    (folder / "recipe.json").write_text(json.dumps(recipe))
    parts = {part.name: old_digest(part) for part in sorted(folder.glob("part-*"))}
    for part in folder.glob("part-*"):
        (part / "seal.json").unlink()
    if (folder / "COMPLETE").exists():
        (folder / "COMPLETE").write_text(json.dumps({"parts": parts}))
