"""The embedded sample, and the two models trained on it: a classifier, and AdapLeR begun from that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from rationale.bundle import bundled
from rationale.corpus import Documents, load_documents, split_dev
from rationale.corpus.splits import sample
from rationale.demo.start import MAX_LENGTH, SHAPE, WHOLE, make_start
from rationale.training import train_dropping
from rationale.training.adapler import AdapLeROptions
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.prepare import prepare

SPLIT, REVIEWS = "val", 40
TRAINING = AdapLeROptions(
    max_length=MAX_LENGTH,
    epochs=7,
    learning_rate=2e-3,
    batch_size=16,
    weight_decay=0.05,
    warmup=0.1,
    phi=5e-3,
    warm_start=True,
)


def sample_folder() -> Path:
    """The embedded sample, an ERASER folder with train, val and test."""
    return bundled("eraser_data/sample")


def sample_reviews() -> Documents:
    """The reviews the demo looks at: a stratified sample of val, small enough for captum's methods."""
    return sample(load_documents(str(sample_folder()), SPLIT), REVIEWS)


def sample_classifier(cache: Path) -> Path:
    """A small ModernBERT trained from scratch on the sample's train split, in under a minute.

    Its layers are local but for the first of three, and it pools by the mean: 1,080 reviews teach it what
    they do not teach BERT's shape, that "not dull" praises and "my brother called it dull" says nothing.

    Args:
        cache: Where trained models are kept, by the hash of everything that made them.

    Returns:
        The model's folder; the second call with equal sample, recipe and versions trains nothing.
    """
    train, dev = _documents()
    out = cache / f"classifier-{_hash(train)}"
    if not out.exists():
        prepared = prepare(_start(cache, train), train, dev, TRAINING)
        return fine_tune(out, prepared, TRAINING, overwrite=False).best
    return out / "1"


def sample_adapler(cache: Path) -> Path:
    """AdapLeR, begun from :func:`sample_classifier` and its two next best epochs; about as long again.

    Args:
        cache: Where trained models are kept.

    Returns:
        The model's folder.
    """
    train, dev = _documents()
    fine_tuned = sample_classifier(cache).parent
    out = cache / f"adapler-{_hash(train)}"
    if not out.exists():
        train_dropping("adapler", _start(cache, train), train, dev, out, TRAINING, fine_tuned=fine_tuned)
    return out


def _documents() -> tuple[Documents, Documents]:
    return split_dev(load_documents(str(sample_folder()), "train"))


def _start(cache: Path, train: Documents) -> Path:
    start = cache / f"start-{_hash(train)}"
    if not start.exists():
        make_start(start, train)
    return start


def _hash(train: Documents) -> str:
    """Changes with the sample, the recipe and the libraries that decide the weights."""
    libraries = {name: version(name) for name in ("torch", "transformers", "tokenizers", "rationale")}
    made_of = [train.fingerprint, asdict(TRAINING), SHAPE, WHOLE, libraries]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
