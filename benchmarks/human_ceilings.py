r"""How near do scores come to human rationales, between chance and one human against the others?

    rationale data convert DIR --reader fair-rationales --split SST --out fair-sst.jsonl
    python benchmarks/human_ceilings.py --corpus fair-sst --data fair-sst.jsonl --train sst2/train.jsonl \
        --model MODEL --work WORK --cells cells.jsonl
    rationale data convert DIR --reader hatexplain --out hatexplain.jsonl
    python benchmarks/human_ceilings.py --corpus hatexplain --data hatexplain.jsonl --model MODEL \
        --work WORK --cells cells.jsonl
    python benchmarks/human_ceilings.py --cells cells.jsonl --page docs/results/human-ceilings.md

With ``--train`` one classifier is trained on that file, without the texts of the corpus. Else five are, each
on four fifths of the corpus (by hash of the id), and each document is scored by the one that has not seen it.
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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import machine, parser
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
SLOW = ("integrated_gradients", "gradient_shap", "occlusion")
LABELS = {"fair-sst": ("negative", "positive"), "toxic-spans": ("not toxic", "toxic")}
"""Classes that the classifier knows; documents with another label are left out."""


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--corpus")
    made.add_argument("--data", type=Path, help="what `rationale data convert --reader` wrote")
    made.add_argument("--train", type=Path, help="training data of another source, with the same labels")
    made.add_argument("--train-limit", type=int, default=20_000)
    made.add_argument("--model", help="pretrained encoder")
    made.add_argument("--epochs", type=int, default=3)
    made.add_argument("--sample", type=int, default=200, help="documents for captum's methods; 0 for none")
    made.add_argument("--limit", type=int, help="a sample of the corpus, by hash of the id")
    made.add_argument("--work", type=Path)
    made.add_argument("--cells", type=Path, required=True)
    made.add_argument("--page", type=Path)
    given = made.parse_args()
    if given.page:
        given.page.write_text("\n".join(page(read(given.cells))) + "\n", encoding="utf-8")
        return
    work = given.work / given.corpus
    work.mkdir(parents=True, exist_ok=True)
    documents = chosen(given)
    folds = list(trained_folds(given, documents, work))
    fast = joined([scored(work, number, "fast", held) for number, held in enumerate(folds)])
    sources = [fast, tfidf(given, documents, work)]
    if given.sample:
        share = given.sample if given.train else given.sample // FOLDS
        name = f"slow-{given.sample}"
        sources.append(
            joined([scored(work, number, name, held, SLOW, share) for number, held in enumerate(folds)])
        )
    agreement = agree(Sources(tuple(sources)), documents)
    agreement.save(work / "agreement.json", overwrite=True)
    with given.cells.open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell(given, documents, agreement)) + "\n")


def chosen(given: argparse.Namespace) -> Documents:
    """The documents that are scored: those with a label that the classifier knows, and a rationale."""
    whole = load_documents(str(given.data))
    known = LABELS.get(given.corpus)
    kept = [d for d in whole if d.label is not None and d.asked and (known is None or d.label in known)]
    if given.limit:
        kept = sorted(kept, key=hashed)[: given.limit]
    return Documents(kept, source=given.data.name)


def hashed(document: Document) -> str:
    return hashlib.sha256(document.id.encode()).hexdigest()


def fold_of(document: Document) -> int:
    return int(hashed(document), 16) % FOLDS


def trained_folds(given: argparse.Namespace, documents: Documents, work: Path) -> Iterator[Path]:
    """Trains the classifier of each fold, and yields the file of the documents that it has not seen."""
    everything = list(load_documents(str(given.data)))
    known = LABELS.get(given.corpus)
    labelled = [d for d in everything if d.label is not None and (known is None or d.label in known)]
    for number in range(1 if given.train else FOLDS):
        held = [d for d in documents if given.train or fold_of(d) == number]
        path, model = work / f"held-{number}.jsonl", work / f"classifier-{number}"
        write_rows(held, path, overwrite=True)
        if given.train:
            read_by_some = {text_of(d) for d in everything}
            training = [d for d in load_documents(str(given.train)) if text_of(d) not in read_by_some]
        else:
            training = [d for d in labelled if fold_of(d) != number]
        if not model.exists():
            file = work / f"train-{number}.jsonl"
            write_rows(
                [replace(d, marks=(), spans=(), annotated=False) for d in training], file, overwrite=True
            )
            size = ["--limit", str(given.train_limit)] if given.train else []
            run("train", "classifier", "--model", given.model, "--data", file, "--out", model,
                "--epochs", str(given.epochs), "--max-length", "128", *size)  # fmt: skip
        yield path


def text_of(document: Document) -> str:
    return "".join(filter(str.isalnum, "".join(document.words).casefold()))


def scored(
    work: Path, number: int, name: str, held: Path, methods: Sequence[str] = (), share: int = 0
) -> StoredScores:
    """Scores of one fold; those of slow methods on a share of the sample."""
    out = work / f"{name}-{number}"
    if not (out / "COMPLETE").exists():
        given = [*(f"--method={one}" for one in methods), *([f"--limit={share}"] if methods else [])]
        run("score", "--model", work / f"classifier-{number}", "--data", held, "--out", out, *given)
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
    rows: list[tuple[str, str, str]] = []
    for number in range(1 if given.train else FOLDS):
        training = load_documents(str(work / f"train-{number}.jsonl"))
        texts, labels = [" ".join(d.words) for d in training], [d.label for d in training]
        vectorizer = TfidfVectorizer(tokenizer=str.split, token_pattern=None, lowercase=True)
        classifier = LogisticRegression(max_iter=1000).fit(vectorizer.fit_transform(texts), labels)
        for document in (d for d in documents if given.train or fold_of(d) == number):
            text = vectorizer.transform([" ".join(document.words)])
            label = str(classifier.predict(text)[0])
            scores = [weight(vectorizer, classifier, label, text, word) for word in document.words]
            rows.append((document.id, json.dumps(scores), label))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "scores", "label"])
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
        "corpus": given.corpus, "documents": len(documents), "machine": machine(), "epochs": given.epochs,
        "trained": trained(given),
        "accuracy": [found.accuracy, found.low, found.high], "majority": majority,
        "beaten": found.low is not None and found.low > majority,
        "human": list(human), "chance": list(chance), "alpha": counts.alpha if counts else None,
        "pairwise_f1": counts and counts.pairwise_f1, "left_out": counts and counts.left_out,
        "rows": rows,
    }  # fmt: skip


def trained(given: argparse.Namespace) -> str:
    if given.train:
        return f"{given.train_limit:,} rows of {given.train.parent.name} without these texts"
    return f"{FOLDS} folds, each document scored by the model that has not seen it"


def read(path: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def page(cells: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The page: a table a corpus, and none where the classifier does not beat the most frequent class."""
    yield "# Scores between chance and the human ceiling\n"
    yield (
        "Average precision against every annotator, averaged in the document and then over documents; 95 % "
        "bootstrap intervals over documents. *Human* is each annotator against the others (leave one out), "
        "and not an upper bound. *Way* is (AP - chance) / (human - chance). Each method in its best layer, "
        "chosen on these documents. Command: `python benchmarks/human_ceilings.py`; see its first lines.\n"
    )
    for one in cells:
        low, high = one["accuracy"][1:]
        yield f"## {one['corpus']}\n"
        yield (
            f"{one['documents']:,} documents; accuracy {one['accuracy'][0]:.3f} [{low:.3f}, {high:.3f}], the "
            f"most frequent class {one['majority']:.3f}. Human {shown(one['human'])}, chance "
            f"{one['chance'][0]:.3f}; Krippendorff's alpha {shown(one['alpha'])}, pairwise F1 "
            f"{one['pairwise_f1']:.3f}; {one['left_out']:,} masks of no word or of all left out. "
            f"Classifier: {one['trained']}, seed 0, epochs: {one['epochs']}. {one['machine']}.\n"
        )
        if not one["beaten"]:
            yield "The classifier does not beat the most frequent class: no table.\n"
            continue
        yield "| Method | Layer | AP | Way | n |\n|---|---:|---:|---:|---:|"
        for row in one["rows"]:
            way = f"{row['way']:.0%} | {row['n']:,}"
            yield f"| {row['method']} | {row['layer']} | {shown(row['ap'])} | {way} |"
        yield ""


def shown(interval: Sequence[float]) -> str:
    return f"{interval[0]:.3f} [{interval[1]:.3f}, {interval[2]:.3f}]"


if __name__ == "__main__":
    main()
