"""Toy inputs of several lengths, packed, with and without gaps, and the heads of every layer."""

import numpy as np
import torch

from rationale.corpus.document import Document
from rationale.encoder import plain_attention
from rationale.tokens import Windower, pack, pack_windows
from tests.toys import toy_classifier, wordy


def windows_of(name, *, outputs=2):
    """Inputs of several lengths, up to the longest, among them pairs in both orders and no words at all."""
    classifier = toy_classifier(name, outputs=outputs)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    query = ("is", "the", "film", "better", "?")
    documents = [
        Document("0", "0", wordy(3)),
        Document("1", "1", wordy(100, 1)),
        Document("2", "2", wordy(8, 2), query=query),
        Document("3", "3", wordy(6, 3), query=query, query_first=False),
        Document("4", "4", ()),
        Document("5", "5", wordy(100, 5), query=query),
    ]
    return [windower(document).windows[0] for document in documents]


def packed_of(windows, keeps=None):
    if keeps is None:
        return pack_windows(windows)
    places = [np.asarray(keep, dtype=np.int32) for keep in keeps]
    return pack(
        [w.ids[p] for w, p in zip(windows, places, strict=True)],
        [w.types[p] for w, p in zip(windows, places, strict=True)],
        places,
    )


def gaps(windows, seed=0):
    """For each window the tokens that stay: the first, the last, and about half of the others."""
    generator = np.random.default_rng(seed)
    chosen = [generator.random(len(w.ids)) < 0.5 for w in windows]
    for kept in chosen:
        kept[[0, -1]] = True
    return [np.flatnonzero(kept) for kept in chosen]


def close(ours, theirs, within=1e-5):
    torch.testing.assert_close(ours, theirs, atol=within, rtol=within)


def heads_of(name):
    """Every layer's heads of one batch, and the batch."""
    kept = []

    def attend(layer, heads, packed):
        kept.append(heads)
        return plain_attention(layer, heads, packed)

    packed = packed_of(windows_of(name))
    with torch.no_grad():
        toy_classifier(name).mask(packed, attend)
    return kept, packed
