"""A small invented run: documents with rationales, and scores of every kind of method."""

import numpy as np

from rationale.corpus.document import Document, Documents, Span
from rationale.scores.scored import ScoredDocument
from rationale.scores.store import MemoryScores
from tests.handmade import BINS, LABELS, recipe_of, scored

LAYERS = 6


def split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PLOT = split("""
    the heist is staged with real patience , and for half an hour nobody speaks . a courier crosses
    the harbour at night while her brother counts the boats from the roof . in the second act the family
    moves inland , and the camera follows them through fields and stations . an old friend returns with
    a map that may be false .
""")
OPINION = {
    "NEG": split("the script forgets what it was doing , the dialogue turns to mush , the end is tedious"),
    "POS": split("the acting is superb , every scene earns its place and the end is quietly devastating"),
}
# method: (signed, layers, strength of the rationale by layer)
METHODS = {
    "input_x_gradient": (False, LAYERS, np.linspace(0.9, 0.3, LAYERS)),
    "input_x_gradient.l1": (False, LAYERS, np.linspace(0.85, 0.25, LAYERS)),
    "input_x_gradient.sum": (True, LAYERS, np.linspace(0.2, 0.1, LAYERS)),
    "gradient_norm": (False, LAYERS, np.linspace(0.6, 0.5, LAYERS)),
    "attention.all": (False, LAYERS, np.linspace(-0.1, 0.25, LAYERS)),
    "attention.cls": (False, LAYERS, np.linspace(-0.2, 0.6, LAYERS)),
    "rollout.all": (False, LAYERS, np.linspace(-0.1, 0.0, LAYERS)),
    "rollout.cls": (False, LAYERS, np.linspace(-0.2, 0.1, LAYERS)),
    "integrated_gradients": (True, 1, np.array([0.7])),
    "occlusion": (True, 1, np.array([0.45])),
    "random": (False, 1, np.array([0.0])),
    "lead": (False, 1, np.array([0.0])),
}
TITLES = {
    "input_x_gradient": "Saliency",
    "attention.all": "Attention ALL",
    "attention.cls": "Attention CLS",
    "rollout.all": "Rollout ALL",
    "rollout.cls": "Rollout CLS",
    "input_x_gradient.l1": "Saliency (L1)",
    "input_x_gradient.sum": "Saliency (signed sum)",
    "gradient_norm": "Sensitivity",
    "occlusion": "Occlusion",
    "integrated_gradients": "Integrated gradients",
    "random": "Random",
    "lead": "Position",
}


def make_document(number: int, rng: np.random.Generator) -> Document:
    label = LABELS[number % 2]
    words, spans = [], []
    for _ in range(int(rng.integers(1, 4))):
        words += list(rng.permutation(PLOT)[: int(rng.integers(8, 40))])
        start = len(words)
        words += OPINION[label][: int(rng.integers(5, 17))]
        spans.append(Span(start, len(words)))
    return Document(f"review-{number}", f"review-{number}", tuple(words), label=label, spans=tuple(spans))


def make_scored(document: Document, rng: np.random.Generator, *, unread: int = 0) -> ScoredDocument:
    n = len(document.words)
    read = n - unread
    words = {}
    for name, (signed, rows, strength) in METHODS.items():
        raw = rng.gamma(2.0, 0.5, (rows, read)) + strength[:, None] * document.rationale[:read] * 1.6
        if name == "lead":
            raw = np.arange(read, 0, -1)[None].astype(float)
        raw = np.maximum(raw, 0.01) - (0.9 if signed else 0.0)
        raw /= np.abs(raw).sum(axis=1, keepdims=True) + 2.0  # two special tokens of weight 1
        words[name] = np.pad(raw, ((0, 0), (0, unread)))
    predicted = document.label if rng.random() < 0.85 and document.label else "NEG"
    p = float(rng.uniform(0.6, 0.99))
    return scored(
        document,
        words,
        covered=np.arange(n) < read,
        predicted=predicted,
        probabilities=_both(p, LABELS.index(predicted)),
        perturbed=tuple(_perturbed(LABELS.index(predicted), p, rng)),
    )


def _perturbed(best, p, rng):
    for method, (_, rows, strength) in METHODS.items():
        weight = float(strength.mean())
        for layer in {0, rows - 1}:
            for share in (0.2, *(one for one in BINS if one != 0.2)):
                left = p * (1 - min(0.95, max(0.02, share * (0.4 + weight) + rng.normal(0, 0.03))))
                only = p * min(1.0, 0.6 + share * (0.3 + weight))
                yield method, layer, share, _both(left, best), _both(only, best)


def _both(p, best):
    return (p, 1 - p) if best == 0 else (1 - p, p)


def make_recipe(documents: Documents) -> dict:
    return recipe_of(
        documents,
        {name: range(rows) for name, (_, rows, _) in METHODS.items()},
        signed=[name for name, (signed, *_) in METHODS.items() if signed],
        titles=TITLES,
        model={
            "name": "models/movies <tiny>",
            "revision": None,
            "hash": "0123456789abcdef",
            "family": "bert",
            "layers": LAYERS,
            "max_length": 512,
        },
        protocol="truncate",
        faithfulness={"share": 0.2, "bins": BINS, "layers": None},
    )


def make_run(count: int = 30) -> tuple[MemoryScores, Documents]:
    rng = np.random.default_rng(7)
    items = [make_document(number, rng) for number in range(count)]
    whole = Document("all", "all", ("superb", "acting"), label="POS", spans=(Span(0, 2),))
    nobody = Document("nobody", "nobody", tuple(PLOT[:20]), label="POS", annotated=False)
    documents = Documents([*items, whole, nobody], source="reviews", split="val")
    items = [make_scored(d, rng, unread=9 if d.id == "review-1" else 0) for d in documents]
    return MemoryScores(make_recipe(documents), items), documents
