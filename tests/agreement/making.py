"""Documents of numbered words, which of them a method selects by the definition, and random corpora."""

import numpy as np

from rationale.corpus.document import Document, Documents, Span
from tests.handmade import LABELS, scored, scores_of


def document(id="a", words=4, spans=(), docid=None, **given):
    spans = tuple(Span(*span) for span in spans)
    text = tuple(f"w{number}" for number in range(words))
    return Document(id=id, docid=docid or id, words=text, spans=spans, **{"label": "POS", **given})


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


def random_corpus(seed=0, documents=12, layers=2, methods=("input_x_gradient", "attention.all"), longest=40):
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
