"""Scores made by hand: one token a word between two special tokens, one window a document."""

import numpy as np

from rationale.corpus.document import Document, Documents, Span
from rationale.scores.scored import Perturbed, ScoredDocument
from rationale.scores.store import MemoryScores

LABELS = ("NEG", "POS")
BINS = [0.01, 0.05, 0.1, 0.2, 0.5]


def document(id="a", words=4, spans=(), docid=None, **given):
    spans = tuple(Span(*span) for span in spans)
    text = tuple(f"w{number}" for number in range(words))
    return Document(id=id, docid=docid or id, words=text, spans=spans, **{"label": "POS", **given})


def scored(document, words, *, covered=None, perturbed=(), predicted="POS", probabilities=(0.25, 0.75)):
    """Scores of a document from ``{method: (layers, words)}``; token scores equal the words'."""
    words = {method: np.atleast_2d(np.asarray(values, dtype=np.float32)) for method, values in words.items()}
    count = len(document.words)
    return ScoredDocument(
        id=document.id,
        docid=document.docid,
        digest=document.digest,
        label=document.label,
        predicted=predicted,
        probabilities=probabilities,
        tokens=("[CLS]", *document.words, "[SEP]"),
        token_word=np.array([-1, *range(count), -1], dtype=np.int32),
        token_window=np.zeros(count + 2, dtype=np.int32),
        window_tokens=np.array([count + 2], dtype=np.int32),
        window_weight=np.ones(1, dtype=np.float32),
        covered=np.ones(count, dtype=bool) if covered is None else np.asarray(covered, dtype=bool),
        words=words,
        token_scores={method: np.pad(values, ((0, 0), (1, 1))) for method, values in words.items()},
        layers={method: tuple(range(len(values))) for method, values in words.items()},
        perturbed=tuple(Perturbed(*row) for row in perturbed),
    )


def scores_of(items, documents, *, signed=(), faithfulness=None):
    """Scores in memory of these scored documents."""
    recipe = {
        "kind": "scores",
        "model": {"name": "toy", "layers": 2},
        "data": {
            "source": documents.source,
            "split": documents.split,
            "fingerprint": documents.fingerprint,
            "documents": len(items),
        },
        "labels": list(LABELS),
        "methods": {
            name: {"signed": name in signed, "layers": list(layers), "title": name}
            for name, layers in items[0].layers.items()
        },
        "target": "predicted",
        "protocol": "document",
        "faithfulness": faithfulness,
    }
    return MemoryScores(recipe, list(items))


def above(scored, method, row, eta=1.0, absolute=False):
    """The words some token of which scores at least eta / n, token by token; n by its definition."""
    words = np.zeros(len(scored.covered), dtype=bool)
    layer = scored.layers[method][row]
    for token, (word, window) in enumerate(zip(scored.token_word, scored.token_window, strict=True)):
        there = scored.token_window == window
        if scored.kept is not None and layer > 0:
            there = there & scored.kept[layer - 1]
        value = scored.token_scores[method][row, token]
        value = abs(value) if absolute else value
        if word >= 0 and scored.covered[word] and value >= np.float32(eta) / np.float32(there.sum()):
            words[word] = True
    return words


def best(scored, method, row, k, absolute=False):
    """The k best covered words; of equal scores the earlier."""
    values = scored.words[method][row]
    values = np.where(scored.covered, np.abs(values) if absolute else values, -np.inf)
    words = np.zeros(len(values), dtype=bool)
    words[sorted(range(len(values)), key=lambda place: (-values[place], place))[:k]] = True
    return words


def random_corpus(seed=0, documents=12, layers=2, methods=("saliency", "attention.all"), longest=40):
    """Random documents with random spans, and random scores with ties; ``random`` has one layer."""
    rng = np.random.default_rng(seed)
    own, items = [], []
    for number in range(documents):
        words = int(rng.integers(2, longest))
        starts = rng.integers(0, words, rng.integers(0, 4))
        spans = [(int(s), int(rng.integers(s + 1, words + 1)), n) for n, s in enumerate(starts)]
        one = document(f"d{number}", words, spans, label=LABELS[number % 2])
        values = {m: rng.integers(-2, 12, (layers, words)) / 256 for m in methods}
        values["random"] = rng.random((1, words))
        probabilities = rng.dirichlet([1, 1])
        best = LABELS[int(np.argmax(probabilities))]
        own.append(one)
        items.append(scored(one, values, predicted=best, probabilities=tuple(probabilities.tolist())))
    own = Documents(own, source="made by hand", split="val")
    return scores_of(items, own), own
