"""One result of every kind on disk."""

import json
import shutil
from dataclasses import replace

import pytest

from rationale.agreement import agree
from rationale.artifacts.provenance import Perturbing
from rationale.artifacts.seal import sealed
from rationale.scores.scored import Perturbed
from rationale.scores.writer import ScoreWriter
from tests.agreement.making import random_corpus
from tests.artifacts.mutants import write
from tests.handmade import BINS
from tests.places import RESULTS


def perturbed(one):
    shares = (0.3, *BINS)
    return tuple(
        Perturbed(name, 0, share, (0.5, 0.5), (0.25, 0.75)) for name in one.words for share in shares
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Scores, agreement, comparison and study on disk, each sealed."""
    root = tmp_path_factory.mktemp("made")
    scores, documents = random_corpus(documents=6, longest=9)
    writer = ScoreWriter(
        root / "scores",
        replace(
            scores.recipe, part_size=3, faithfulness=Perturbing(share=0.3, bins=tuple(BINS), layers=(0,))
        ),
    )
    scored = [replace(one, perturbed=perturbed(one)) for one in scores]
    writer.write(0, scored[:3])
    writer.write(1, scored[3:])
    stored = writer.finish()
    agree(stored, documents, resamples=20).save(root / "agreement.json")
    for kind, source in (("comparison", "systems/movies"), ("topk study", "study/multirc")):
        name = "comparison.json" if kind == "comparison" else "study.json"
        content = json.loads((RESULTS / source / name).read_text(encoding="utf-8"))
        content.pop("seal", None)
        write(root / name, sealed(content, kind))
    shutil.copy(RESULTS / "study/multirc/predictions.parquet", root)
    return root, documents
