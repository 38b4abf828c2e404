"""A small invented run: documents with rationales, and scores of every kind of method."""

import numpy as np

from rationale.corpus.document import Document, Documents, Span
from rationale.scores.scored import Perturbed, ScoredDocument
from rationale.scores.store import MemoryScores

LAYERS = 6
LABELS = ("NEG", "POS")


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
    "saliency": (False, LAYERS, np.linspace(0.9, 0.3, LAYERS)),
    "saliency.l1": (False, LAYERS, np.linspace(0.85, 0.25, LAYERS)),
    "saliency.sum": (True, LAYERS, np.linspace(0.2, 0.1, LAYERS)),
    "sensitivity": (False, LAYERS, np.linspace(0.6, 0.5, LAYERS)),
    "attention.all": (False, LAYERS, np.linspace(-0.1, 0.25, LAYERS)),
    "attention.cls": (False, LAYERS, np.linspace(-0.2, 0.6, LAYERS)),
    "rollout.all": (False, LAYERS, np.linspace(-0.1, 0.0, LAYERS)),
    "rollout.cls": (False, LAYERS, np.linspace(-0.2, 0.1, LAYERS)),
    "integrated_gradients": (True, 1, np.array([0.7])),
    "occlusion": (True, 1, np.array([0.45])),
    "random": (False, 1, np.array([0.0])),
    "position": (False, 1, np.array([0.0])),
}
TITLES = {
    "saliency": "Saliency",
    "attention.all": "Attention ALL",
    "attention.cls": "Attention CLS",
    "rollout.all": "Rollout ALL",
    "rollout.cls": "Rollout CLS",
    "saliency.l1": "Saliency (L1)",
    "saliency.sum": "Saliency (signed sum)",
    "sensitivity": "Sensitivity",
    "occlusion": "Occlusion",
    "integrated_gradients": "Integrated gradients",
    "random": "Random",
    "position": "Position",
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
    token_word = np.concatenate([[-1], np.arange(read), [-1]]).astype(np.int32)
    words, tokens, layers = {}, {}, {}
    for name, (signed, rows, strength) in METHODS.items():
        raw = rng.gamma(2.0, 0.5, (rows, read)) + strength[:, None] * document.rationale[:read] * 1.6
        if name == "position":
            raw = np.arange(read, 0, -1)[None].astype(float)
        raw = np.maximum(raw, 0.01) - (0.9 if signed else 0.0)
        full = np.concatenate([np.full((rows, 1), 1.0), raw, np.full((rows, 1), 1.0)], axis=1)
        full /= np.abs(full).sum(axis=1, keepdims=True)
        tokens[name] = full.astype(np.float32)
        words[name] = np.pad(full[:, 1:-1], ((0, 0), (0, unread))).astype(np.float32)
        layers[name] = tuple(range(rows))
    predicted = document.label if rng.random() < 0.85 and document.label else "NEG"
    p = float(rng.uniform(0.6, 0.99))
    probabilities = (p, 1 - p) if predicted == "NEG" else (1 - p, p)
    return ScoredDocument(
        id=document.id,
        docid=document.docid,
        digest=document.digest,
        label=document.label,
        predicted=predicted,
        probabilities=probabilities,
        tokens=("[CLS]", *document.words[:read], "[SEP]"),
        token_word=token_word,
        token_window=np.zeros(read + 2, np.int32),
        window_tokens=np.array([read + 2], np.int32),
        window_weight=np.ones(1, np.float32),
        covered=np.arange(n) < read,
        words=words,
        token_scores=tokens,
        layers=layers,
        perturbed=tuple(_perturbed(layers, LABELS.index(predicted), p, rng)),
    )


def _perturbed(layers, best, p, rng):
    for method, rows in layers.items():
        weight = float(METHODS[method][2].mean())
        for layer in {rows[0], rows[-1]}:
            for share in (0.2, 0.01, 0.05, 0.1, 0.5):
                left = p * (1 - min(0.95, max(0.02, share * (0.4 + weight) + rng.normal(0, 0.03))))
                only = p * min(1.0, 0.6 + share * (0.3 + weight))
                yield Perturbed(method, layer, share, _both(left, best), _both(only, best))


def _both(p, best):
    return (p, 1 - p) if best == 0 else (1 - p, p)


def make_recipe(documents: Documents) -> dict:
    return {
        "kind": "scores",
        "model": {
            "name": "models/movies <tiny>",
            "revision": None,
            "hash": "0123456789abcdef",
            "family": "bert",
            "layers": LAYERS,
            "max_length": 512,
        },
        "data": {
            "source": documents.source,
            "split": documents.split,
            "fingerprint": documents.fingerprint,
            "documents": len(documents),
        },
        "labels": list(LABELS),
        "methods": {
            name: {
                "title": TITLES[name],
                "definition": f"Definition of {name}: x < y & z",
                "signed": signed,
                "layers": list(range(rows)),
                "settings": {},
            }
            for name, (signed, rows, _) in METHODS.items()
        },
        "target": "predicted",
        "protocol": "truncate",
        "normalisation": "divided by the sum over the window's tokens, special ones included",
        "special_tokens": "scored in the window's sum, never part of a word; so is the query",
        "aggregation": "sum",
        "dtype": "float32",
        "device": "cpu",
        "batch_size": 8,
        "part_size": 32,
        "seed": 0,
        "faithfulness": {"share": 0.2, "bins": [0.01, 0.05, 0.1, 0.2, 0.5], "layers": None},
        "versions": {"python": "3.11", "rationale": "0.1.0", "torch": "2.13.0", "transformers": "5.23.0"},
    }


def make_run(count: int = 30) -> tuple[MemoryScores, Documents]:
    rng = np.random.default_rng(7)
    items = [make_document(number, rng) for number in range(count)]
    whole = Document("all", "all", ("superb", "acting"), label="POS", spans=(Span(0, 2),))
    nobody = Document("nobody", "nobody", tuple(PLOT[:20]), label="POS", annotated=False)
    documents = Documents([*items, whole, nobody], source="reviews", split="val")
    scored = [make_scored(d, rng, unread=9 if d.id == "review-1" else 0) for d in documents]
    return MemoryScores(make_recipe(documents), scored), documents
