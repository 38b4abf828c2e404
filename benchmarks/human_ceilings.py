r"""How near do scores come to human rationales, between chance and one human against the others?

    rationale data convert DIR --reader fair-rationales --split SST --out fair-sst.jsonl
    rationale data convert DIR --reader fair-rationales --split cose --out fair-cose.jsonl
    rationale data convert DIR --reader cose --true-false --out cose.jsonl
    rationale data convert DIR --reader hatexplain --out hatexplain.jsonl
    rationale data convert DIR --reader toxic-spans --split raw --out toxic.jsonl
    rationale data convert DIR --reader evidence-inference --split train --out ei-train.jsonl
    rationale data convert DIR --reader evidence-inference --split validation --out ei-val.jsonl

    python benchmarks/human_ceilings.py --model MODEL --work WORK --cells CELLS.jsonl ..., and for each corpus
        --corpus fair-sst --data fair-sst.jsonl --train sst2/train.jsonl --epochs 1
        --corpus hatexplain --data hatexplain.jsonl
        --corpus fair-cose --data fair-cose.jsonl --train cose.jsonl --balance
        --corpus toxic-spans --data toxic.jsonl --train toxic.jsonl --limit 2000 --train-limit 10000
            --epochs 1
        --corpus evidence-inference --data ei-val.jsonl --train ei-train.jsonl --max-length 512 --sample 0
    python benchmarks/human_ceilings.py --cells CELLS.jsonl --page docs/results/human-ceilings.md

With ``--train`` one classifier is trained on that file, without the texts that are scored. Else five are,
each on four fifths of the corpus (by hash of the id); each document is scored by the one that has not seen
it.
All one-pass methods score every document, three of captum's a sample; TF-IDF weights of a logistic
regression of scikit-learn come in as a CSV of predictions. Every step resumes after a kill.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import machine, parser
from human_ceilings_page import write
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from rationale.agreement import Agreement, agree
from rationale.corpus import load_documents
from rationale.corpus.document import Document, Documents
from rationale.corpus.named.convert import write_rows
from rationale.predictions import load_predictions
from rationale.predictions.options import PredictionOptions
from rationale.report.ceilings import share_of_the_way
from rationale.report.results import Results
from rationale.scores import StoredScores
from rationale.scores.families import CHANCE, is_baseline
from rationale.scores.sources import Sources
from rationale.scores.store import MemoryScores

FOLDS = 5
SHORT = 20
ORDERED = ("input_x_gradient", "input_x_gradient.sum", "attention.all", "rollout.all", "random")
SLOW = ("integrated_gradients", "gradient_shap", "occlusion")
LABELS = {"fair-sst": ("negative", "positive"), "toxic-spans": ("not toxic", "toxic")}
"""Classes that the classifier knows; documents with another label are left out."""


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--corpus")
    made.add_argument("--data", type=Path, help="what `rationale data convert --reader` wrote")
    made.add_argument("--train", type=Path, help="training data of another source, with the same labels")
    made.add_argument("--train-limit", type=int, default=20_000)
    made.add_argument("--balance", action="store_true", help="train on equally many rows of each label")
    made.add_argument("--max-length", type=int, default=128)
    made.add_argument("--model", help="pretrained encoder")
    made.add_argument("--epochs", type=int, default=3)
    made.add_argument("--sample", type=int, default=200, help="documents for captum's methods; 0 for none")
    made.add_argument("--naopc", type=int, help="short documents whose NAOPC is measured as well")
    made.add_argument("--limit", type=int, help="a sample of the corpus, by hash of the id")
    made.add_argument("--work", type=Path)
    made.add_argument("--cells", type=Path, required=True)
    made.add_argument("--page", type=Path)
    given = made.parse_args()
    if given.page:
        write(given.cells, given.page)
        return
    work = given.work / given.corpus
    work.mkdir(parents=True, exist_ok=True)
    documents = chosen(given)
    folds = list(trained_folds(given, documents, work))
    fast = joined([scored(work, number, "fast", held) for number, held in enumerate(folds)])
    sources = [fast, tfidf(given, documents, work)]
    if given.sample:
        options = [f"--limit={each(given, given.sample)}", *(f"--method={name}" for name in SLOW)]
        name = f"slow-{given.sample}"
        sources.append(
            joined([scored(work, number, name, held, options) for number, held in enumerate(folds)])
        )
    agreement = agree(Sources(tuple(sources)), documents)
    agreement.save(work / "agreement.json", overwrite=True)
    found = cell(given, documents, agreement)
    if given.naopc:
        found["naopc"] = removed(given, documents, work)
    with given.cells.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


def each(given: argparse.Namespace, documents: int) -> int:
    """Documents a fold."""
    return documents if given.train else documents // FOLDS


def removed(given: argparse.Namespace, documents: Documents, work: Path) -> list[dict[str, Any]]:
    """NAOPC of some methods on documents of at most 20 words, each by the model that has not seen it."""
    short = [document for document in sorted(documents, key=hashed) if len(document.words) <= SHORT]
    options = ["--faithfulness", "--faithfulness-share=0.3", "--faithfulness-layer=0", "--naopc",
               f"--naopc-words={SHORT}", "--naopc-exact=10", "--naopc-beam=2",
               *(f"--method={name}" for name in ORDERED)]  # fmt: skip
    folds = []
    for number in range(1 if given.train else FOLDS):
        held = [d for d in short if given.train or fold_of(d) == number][: each(given, given.naopc)]
        path = work / f"short-{number}.jsonl"
        write_rows(held, path, overwrite=True)
        folds.append(scored(work, number, f"naopc-{given.naopc}", path, options))
    results = Results(agree(Sources((joined(folds),)), documents))
    return [
        {"method": results.title(method), "metric": metric, "value": list(interval), "n": record.n}
        for method in results.methods
        for metric in ("naopc_comprehensiveness", "naopc_sufficiency", "comprehensiveness", "sufficiency")
        if (record := results.get(method, 0, metric)) and (interval := results.interval(method, 0, metric))
    ]


def chosen(given: argparse.Namespace) -> Documents:
    """The documents that are scored: those with a label that the classifier knows, and a rationale."""
    whole = load_documents(str(given.data))
    kept = [d for d in whole if d.asked and is_known(d, given.corpus)]
    if given.limit:
        kept = sorted(kept, key=hashed)[: given.limit]
    return Documents(kept, source=given.data.name)


def is_known(document: Document, corpus: str) -> bool:
    """Whether the classifier knows the document's label."""
    return document.label is not None and document.label in LABELS.get(corpus, (document.label,))


def hashed(document: Document) -> str:
    return hashlib.sha256(document.id.encode()).hexdigest()


def fold_of(document: Document) -> int:
    return int(hashed(document), 16) % FOLDS


def trained_folds(given: argparse.Namespace, documents: Documents, work: Path) -> Iterator[Path]:
    """Trains the classifier of each fold, and yields the file of the documents that it has not seen."""
    everything = list(load_documents(str(given.data)))
    for number in range(1 if given.train else FOLDS):
        held = [d for d in documents if given.train or fold_of(d) == number]
        path, model = work / f"held-{number}.jsonl", work / f"classifier-{number}"
        write_rows(held, path, overwrite=True)
        if given.train:
            scored_texts = {text_of(d) for d in documents}
            others = [d for d in load_documents(str(given.train)) if text_of(d) not in scored_texts]
            labelled = [d for d in others if is_known(d, given.corpus)]
            training = balanced(labelled) if given.balance else labelled
        else:
            training = [d for d in everything if is_known(d, given.corpus) and fold_of(d) != number]
        if not model.exists():
            file = work / f"train-{number}.jsonl"
            write_rows(
                [replace(d, marks=(), spans=(), annotated=False) for d in training], file, overwrite=True
            )
            size = ["--limit", str(given.train_limit)] if given.train else []
            run("train", "classifier", "--model", given.model, "--data", file, "--out", model,
                "--epochs", str(given.epochs), "--max-length", str(given.max_length), *size)  # fmt: skip
        yield path


def balanced(documents: Sequence[Document]) -> list[Document]:
    """As many documents of every label as the rarest has, by hash of the id."""
    by_label: dict[str | None, list[Document]] = {}
    for document in sorted(documents, key=hashed):
        by_label.setdefault(document.label, []).append(document)
    rarest = min(map(len, by_label.values()))
    return sorted((d for group in by_label.values() for d in group[:rarest]), key=hashed)


def text_of(document: Document) -> str:
    return "".join(filter(str.isalnum, "".join(document.words).casefold()))


def scored(work: Path, number: int, name: str, held: Path, options: Sequence[str] = ()) -> StoredScores:
    """Scores of one fold."""
    out = work / f"{name}-{number}"
    if not (out / "COMPLETE").exists():
        run("score", "--model", work / f"classifier-{number}", "--data", held, "--out", out, *options)
    return StoredScores(out)


def joined(folds: Sequence[StoredScores]) -> MemoryScores:
    """The scores of all folds as one: the same methods over documents that no two of them share."""
    documents = [document for fold in folds for document in fold]
    recipe = folds[0].recipe
    data = replace(recipe.data, documents=len(documents), fingerprint=None, sampled_from=None)
    return MemoryScores(replace(recipe, data=data), documents)


def tfidf(given: argparse.Namespace, documents: Documents, work: Path) -> MemoryScores:
    """TF-IDF x weight of the predicted class, word by word, as a user writes it with scikit-learn."""
    out = work / "tfidf.csv"
    rows: list[tuple[str, str]] = []
    for number in range(1 if given.train else FOLDS):
        training = load_documents(str(work / f"train-{number}.jsonl"))
        texts, labels = [" ".join(d.words) for d in training], [d.label for d in training]
        vectorizer = TfidfVectorizer(tokenizer=str.split, token_pattern=None, lowercase=True)
        classifier = LogisticRegression(max_iter=1000).fit(vectorizer.fit_transform(texts), labels)
        for document in (d for d in documents if given.train or fold_of(d) == number):
            text = vectorizer.transform([" ".join(document.words)])
            label = str(classifier.predict(text)[0])
            scores = [weight(vectorizer, classifier, label, text, word) for word in document.words]
            rows.append((document.id, json.dumps(scores)))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "scores"])
        writer.writerows(rows)
    return load_predictions(out, documents, PredictionOptions(name="tfidf"), progress=False)


def weight(vectorizer: Any, classifier: Any, label: str, text: Any, word: str) -> float:
    column = vectorizer.vocabulary_.get(word.lower())
    if column is None:
        return 0.0
    classes = list(classifier.classes_)
    if len(classes) == 2:
        sign = 1.0 if label == classes[1] else -1.0
        return float(sign * classifier.coef_[0, column] * text[0, column])
    return float(classifier.coef_[classes.index(label), column] * text[0, column])


def run(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "rationale", *map(str, arguments)], check=True)


def cell(given: argparse.Namespace, documents: Documents, agreement: Agreement) -> dict[str, Any]:
    results, found = Results(agreement), agreement.classification
    human, chance = results.interval("human", 0, "ap"), results.interval("chance", 0, "ap")
    counted = Counter(document.label for document in documents)
    majority = max(counted.values()) / len(documents)
    rows = []
    baselines = [
        (name, 0) for name in results.methods if is_baseline(name, agreement.recipe) and name != CHANCE
    ]
    for method, layer in [*results.ranked(), *baselines]:
        value, record = results.interval(method, layer, "ap"), results.get(method, layer, "ap")
        way = share_of_the_way(value.value, chance.value, human.value)
        rows.append({"method": results.title(method), "layer": layer, "ap": list(value), "way": way,
                     "n": record.n if record else 0})  # fmt: skip
    counts = agreement.recipe.agreement.annotators
    return {
        "corpus": given.corpus, "command": command(given), "documents": len(documents),
        "machine": machine(), "epochs": given.epochs,
        "trained": trained(given),
        "accuracy": [found.accuracy, found.low, found.high], "majority": majority,
        "beaten": found.low is not None and found.low > majority,
        "human": list(human), "chance": list(chance), "alpha": counts.alpha if counts else None,
        "pairwise_f1": counts and counts.pairwise_f1, "left_out": counts and counts.left_out,
        "rows": rows,
    }  # fmt: skip


def command(given: argparse.Namespace) -> str:
    """The options that name the corpus and change its numbers."""
    skipped = {"model", "work", "cells", "page", "out"}
    options = {
        name: value
        for name, value in vars(given).items()
        if name not in skipped and value is not None and value is not False
    }
    shown = ((name, value.name if isinstance(value, Path) else value) for name, value in options.items())
    parts = (f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}") for name, value in shown)
    return " ".join(parts)


def trained(given: argparse.Namespace) -> str:
    if given.train:
        balance = ", equally many of each label" if given.balance else ""
        return f"at most {given.train_limit:,} rows of {given.train.name}{balance}, without these texts"
    return f"{FOLDS} folds, each document scored by the model that has not seen it"


if __name__ == "__main__":
    main()
