"""What one classifier says of documents without some of their words: nothing is trained.

    python benchmarks/complements.py --model MODEL --data DATA --split val --out complements.json

MODEL is a classifier that read the documents in full, e.g. ``cells/full-seed0/model`` of a top-k study.
Conditions are those of the study that need no scores; documents without a rationale in the window leave, as
there.
"""

from __future__ import annotations

import numpy as np
from common import leave, model_parser

import rationale
from rationale.loading.classifier import load_classifier
from rationale.metrics.statistics import bootstrap_intervals
from rationale.study.topk.budget import Budget
from rationale.study.topk.conditions import Condition
from rationale.study.topk.predict import predict_parts
from rationale.study.topk.retained import AnnotatedSplit, cuts
from rationale.tokens import Windower

CONDITIONS = ("full", "not-human", "not-random", "human", "random")


def main() -> None:
    """Asks, prints and writes."""
    given = model_parser(__doc__, split="val", seed=0).parse_args()
    classifier = load_classifier(given.model, device="cpu")
    documents, longest = rationale.load_documents(given.data, given.split), classifier.max_length
    split = AnnotatedSplit.of(documents, Windower(classifier.tokenizer, longest, "truncate"))
    gold = np.array([classifier.labels.index(str(document.label)) for document in split.documents])
    found = {}
    for name in CONDITIONS:
        left = cuts(split, Condition.parse(name), Budget(), None, given.seed, longest, "original")
        right = (predict_parts(classifier, [one.part for one in left]).argmax(axis=1) == gold).astype(
            np.float64
        )
        low, high = bootstrap_intervals(right[None, None], resamples=10_000, seed=0)
        found[name] = {"accuracy": right.mean(), "low": low[0], "high": high[0], "n": len(right)}
    about = {"model": classifier.identity.hash, "seed": given.seed, "fingerprint": documents.fingerprint}
    leave({**about, "conditions": found}, given.out)


if __name__ == "__main__":
    main()
