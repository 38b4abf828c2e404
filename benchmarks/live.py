"""How long the page Try takes for a text of one's own: what it asks of a dropping model, from text to scores.

    python benchmarks/live.py --model ADAPLER --words 300

The model is loaded beforehand, as the page does; the text is that many words of the embedded sample.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from rationale.corpus import load_documents
from rationale.demo import sample_folder
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions, one_pass_methods, score_text

OWN = ("policy_score", "kept")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    classifier = load_classifier(given.model, device="cpu")
    words = [word for d in load_documents(str(sample_folder()), "val") for word in d.words][: given.words]
    for methods in (OWN, (*OWN, *one_pass_methods())):
        seconds = []
        for _ in range(given.rounds + 1):
            start = time.perf_counter()
            score_text(classifier, " ".join(words), options=ScoreOptions(methods))
            seconds.append(time.perf_counter() - start)
        told = f"{statistics.median(seconds[1:]):.2f} s ({min(seconds[1:]):.2f} to {max(seconds[1:]):.2f})"
        print(f"{len(words)} words, {len(methods)} methods, {torch.get_num_threads()} threads: {told}")


if __name__ == "__main__":
    main()
