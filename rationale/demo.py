"""The whole road on the embedded sample: a small model from scratch, every score, agreement, report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import ModernBertConfig, ModernBertForSequenceClassification, PreTrainedTokenizerFast

from rationale.agreement import Agreement, agree
from rationale.bundle import bundled
from rationale.corpus import Documents, load_documents, split_dev
from rationale.corpus.splits import sample
from rationale.encoder.hub import quiet_transformers
from rationale.encoder.loading import load_classifier
from rationale.files import atomic_path
from rationale.report.write import report
from rationale.scores import METHODS, ONE_PASS, Faithfulness, ScoreOptions, Scores, StoredScores, score
from rationale.training import TrainingOptions, train_classifier

SPLIT, REVIEWS = "val", 40
MAX_LENGTH = 192
WHOLE = 4  # a word seen so often is one token
TRAINING = TrainingOptions(
    max_length=MAX_LENGTH, epochs=7, learning_rate=2e-3, batch_size=16, weight_decay=0.05, warmup=0.1
)
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 256,
    "local_attention": 8,
    "global_attn_every_n_layers": 3,
    "classifier_pooling": "mean",
    "embedding_dropout": 0.1,
    "mlp_dropout": 0.1,
    "classifier_dropout": 0.1,
    "attention_dropout": 0.0,
    "initializer_range": 0.05,
}
_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


@dataclass(frozen=True)
class Demo:
    """Where the demo's results lie.

    Attributes:
        data: The sample, an ERASER folder.
        model: The trained classifier.
        scores: The score folder.
        agreement: The agreement.json.
        report: The report.
    """

    data: Path
    model: Path
    scores: Path
    agreement: Path
    report: Path


def sample_folder() -> Path:
    """The embedded sample, an ERASER folder with train, val and test."""
    return bundled("eraser_data/sample")


def sample_classifier(cache: Path) -> Path:
    """A small ModernBERT trained from scratch on the sample's train split, in under a minute.

    Its layers are local but for the first of three, and it pools by the mean: 1,080 reviews teach it what
    they do not teach BERT's shape, that "not dull" praises and "my brother called it dull" says nothing.

    Args:
        cache: Where trained models are kept, by the hash of everything that made them.

    Returns:
        The model's folder; the second call with equal sample, recipe and versions trains nothing.
    """
    train, dev = split_dev(load_documents(str(sample_folder()), "train"))
    out = cache / f"classifier-{_hash(train)}"
    if not out.exists():
        start = cache / f"start-{_hash(train)}"
        if not start.exists():
            _make_start(start, train)
        train_classifier(start, train, dev, out, TRAINING)
    return out


def sample_reviews() -> Documents:
    """The reviews the demo looks at: a stratified sample of val, small enough for captum's methods."""
    return sample(load_documents(str(sample_folder()), SPLIT), REVIEWS)


def score_sample(model: Path, out: Path | None = None, methods: tuple[str, ...] | None = None) -> Scores:
    """Scores of :func:`sample_reviews` with every method, faithfulness included.

    Args:
        model: A classifier of the sample's labels.
        out: A folder to write, or None for memory.
        methods: Names of score methods; None takes all there are.
    """
    train = load_documents(str(sample_folder()), "train")
    share = sum(float(d.rationale.mean()) for d in train) / len(train)
    classifier = load_classifier(model)
    fitting = [name for name, method in METHODS.items() if method.fits(classifier.encoder)]
    options = ScoreOptions(
        methods=methods or tuple(dict.fromkeys((*ONE_PASS, *fitting))),
        faithfulness=Faithfulness(share),
        batch_size=32,
    )
    return score(classifier, sample_reviews(), options, out=out)


def run_demo(out: Path) -> tuple[Demo, Agreement]:
    """Trains, scores, compares, reports; what is there already, made by equal inputs, is kept.

    Args:
        out: The folder for all results.
    """
    model = sample_classifier(out)
    scores_folder = out / f"scores-{model.name.removeprefix('classifier-')}"
    finished = (scores_folder / "COMPLETE").exists()
    demo = Demo(sample_folder(), model, scores_folder, out / "agreement.json", out / "report.html")
    if not finished:
        score_sample(model, scores_folder)
    scores = StoredScores(scores_folder)
    documents = sample_reviews()
    agreement = agree(scores, documents)
    agreement.save(demo.agreement, overwrite=True)
    report(scores, documents, agreement, demo.report, overwrite=True)
    return demo, agreement


def _hash(train: Documents) -> str:
    """Changes with the sample, the recipe and the libraries that decide the weights."""
    libraries = {name: version(name) for name in ("torch", "transformers", "tokenizers", "rationale")}
    made_of = [train.fingerprint, asdict(TRAINING), SHAPE, WHOLE, libraries]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]


def _make_start(folder: Path, train: Documents) -> None:
    """Writes the untrained model and a WordPiece tokenizer learnt from ``train``."""
    tokenizer = _tokenizer(train)
    ids: dict[str, Any] = {f"{name}_id": tokenizer.convert_tokens_to_ids(t) for name, t in _SPECIAL.items()}
    own: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": ids["pad_token_id"],
        "cls_token_id": ids["cls_token_id"],
        "sep_token_id": ids["sep_token_id"],
        "bos_token_id": ids["cls_token_id"],
        "eos_token_id": ids["sep_token_id"],
        "id2label": dict(enumerate(train.labels)),
        "label2id": {label: i for i, label in enumerate(train.labels)},
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = ModernBertConfig(**SHAPE, **own)
        model = ModernBertForSequenceClassification(config)
    with quiet_transformers(), atomic_path(folder, overwrite=True) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)


def _tokenizer(train: Documents) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordPiece(_vocabulary(train), unk_token=_SPECIAL["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pair = [("[CLS]", backend.token_to_id("[CLS]")), ("[SEP]", backend.token_to_id("[SEP]"))]
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=pair
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=MAX_LENGTH, **_SPECIAL)


def _vocabulary(train: Documents) -> dict[str, int]:
    """Frequent words whole, the others in pieces of three letters, and every letter alone.

    The library's own trainer breaks ties by chance; this gives every machine the same ids.
    """
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    counts = Counter(w.lower() for d in train for w, _ in split(" ".join(d.words)))
    whole = {word for word, count in counts.items() if count >= WHOLE}
    rest = counts.keys() - whole
    pieces = {f"{'##' * bool(i)}{word[i : i + 3]}" for word in rest for i in range(0, len(word), 3)}
    letters = {f"{mark}{letter}" for word in counts for letter in word for mark in ("", "##")}
    return {token: i for i, token in enumerate([*_SPECIAL.values(), *sorted(whole | pieces | letters)])}
