"""A random corpus with several documents an annotation, queries and three labels, and scores to export."""

import numpy as np

from rationale.corpus import Document, Documents, Span
from tests import handmade
from tests.handmade import recipe_of

LABELS = ("NEG", "POS", "MIXED")
SHARES = (0.15, 0.01, 0.05, 0.1, 0.2, 0.5)
LAYERS = {"input_x_gradient": (0, 1, 2), "signed": (0,)}


def corpus(seed=0, annotations=20):
    """Random documents; every fifth annotation has two of them, with a query of its own."""
    rng = np.random.default_rng(seed)
    documents = []
    for number in range(annotations):
        for part in range(1 + (number % 5 == 0)):
            words = tuple(f"w{i}" for i in range(int(rng.integers(3, 40))))
            starts = rng.integers(0, len(words), int(rng.integers(0, 4)))
            spans = tuple(Span(int(s), int(rng.integers(s, len(words))) + 1, g) for g, s in enumerate(starts))
            documents.append(
                Document(
                    f"a{number}",
                    f"d{number}.{part}",
                    words,
                    label=LABELS[number % 3],
                    query=("which", "?") if number % 5 == 0 else (),
                    spans=spans,
                    sentences=((0, len(words)),),
                )
            )
    return Documents(documents, source="made", split="val")


def score(document, rng, *, covered=None, perturb=True):
    """Random scores: one token a word, plus two special ones; layer 2 selects nothing by the threshold."""
    count = len(document.words)
    covered = np.ones(count, dtype=bool) if covered is None else covered
    words = {
        "input_x_gradient": (rng.random((3, count)) * covered).astype(np.float32),
        "signed": (rng.normal(size=(1, count)) * covered).astype(np.float32),
    }
    words["input_x_gradient"][:2] *= 2.5 / count
    words["input_x_gradient"][2] *= 1e-3 / count
    probabilities = tuple(rng.dirichlet(np.ones(3)).tolist())
    perturbed = tuple(
        (method, layer, share, tuple(rng.dirichlet(np.ones(3))), tuple(rng.dirichlet(np.ones(3))))
        for method, layer in (("input_x_gradient", 0), ("signed", 0))
        for share in SHARES
    )
    return handmade.scored(
        document,
        words,
        covered=covered,
        predicted=LABELS[int(np.argmax(probabilities))],
        probabilities=probabilities,
        perturbed=perturbed if perturb else (),
    )


def recipe(documents, **changes):
    faithfulness = {"share": SHARES[0], "bins": list(SHARES[1:]), "layers": [0]}
    return recipe_of(
        documents,
        LAYERS,
        signed=["signed"],
        **{"labels": list(LABELS), "faithfulness": faithfulness} | changes,
    )
