"""What one classifier says of documents without some of their words: nothing is trained.

    python benchmarks/complements.py --model MODEL --data DATA --split val --out complements.json

MODEL is a classifier that read the documents in full, e.g. ``cells/full-seed0/model`` of a top-k study. Arms
are those of the study that need no scores; documents without a rationale in the window leave, as there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import rationale
from rationale.agreement.statistics import bootstrap_intervals
from rationale.encoder.loading import load_classifier
from rationale.files import atomic_json
from rationale.study.topk.arms import Arm
from rationale.study.topk.cuts import Split, cut
from rationale.study.topk.reading import read
from rationale.tokens import Windower

ARMS = ("full", "not-human", "not-random", "human", "random")


def main() -> None:
    """Asks, prints and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    classifier = load_classifier(given.model, device="cpu")
    documents = rationale.load_documents(given.data, given.split)
    split = Split.of(documents, Windower(classifier.tokenizer, classifier.max_length, "truncate"))
    gold = np.array([classifier.labels.index(str(document.label)) for document in split.documents])
    found = {}
    for name in ARMS:
        parts = []
        for document, window, covered in zip(split.documents, split.windows, split.covered, strict=True):
            k = int((document.rationale & covered).sum())
            kept = Arm.parse(name).words(document, covered, k, None, given.seed)
            parts.append(cut(window, kept, classifier.max_length, "original").part)
        right = (read(classifier, parts).argmax(axis=1) == gold).astype(np.float64)
        low, high = bootstrap_intervals(right[None, None], resamples=10_000, seed=0)
        found[name] = {"accuracy": right.mean(), "low": low[0], "high": high[0], "n": len(right)}
        print(name, {key: round(float(value), 3) for key, value in found[name].items()}, flush=True)
    hashed = {"model": classifier.identity["hash"], "seed": given.seed, "fingerprint": documents.fingerprint}
    atomic_json(given.out, {**hashed, "arms": found}, overwrite=True)


if __name__ == "__main__":
    main()
