"""The embedded sample, and the two models trained on it: a classifier, and AdapLeR begun from that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import torch

from rationale.bundle import bundled
from rationale.corpus import Documents, load_documents, split_dev
from rationale.corpus.splits import sample
from rationale.demo.start import MAX_LENGTH, SHAPE, WHOLE, make_start
from rationale.training import train_dropping
from rationale.training.adapler import AdapLeROptions
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.dropping.stages import TrainedDropping
from rationale.training.prepare import prepare

SPLIT, REVIEWS = "val", 40
TRAINING = AdapLeROptions(
    max_length=MAX_LENGTH,
    epochs=4,
    fine_tune_epochs=4,
    learning_rate=2e-3,
    batch_size=16,
    weight_decay=0.05,
    warmup=0.1,
    phi=0.1,
    target_speedup=2.3,
    warm_start=True,
    device="cpu",
)
TRAININGS = (
    TRAINING,
    replace(TRAINING, threshold_rate=2.5e-3, epochs=5),
    replace(TRAINING, threshold_rate=1.7e-3, epochs=7),
)
"""What is tried in turn until the dev accuracy is :data:`ENOUGH`: thresholds that move fast drop words before
the predictors know which, and some seeds do not recover from that. benchmarks/demo_robustness.py counts them.
"""
ENOUGH, FASTER = 0.90, 2.1
"""The dev accuracy and speedup that the demo's AdapLeR is to have."""


def sample_folder() -> Path:
    """The embedded sample, an ERASER folder with train, val and test."""
    return bundled("eraser_data/sample")


def sample_reviews() -> Documents:
    """The reviews the demo looks at: a stratified sample of val, small enough for captum's methods."""
    return sample(load_documents(str(sample_folder()), SPLIT), REVIEWS)


def sample_classifier(cache: Path, *, seed: int = 0) -> Path:
    """A small ModernBERT trained from scratch on the sample's train split, in about two minutes.

    Its layers are local but for the first of three, and it pools by the mean: 2,160 reviews teach it what
    they do not teach BERT's shape, that "not dull" praises and "my brother called it dull" says nothing.

    Args:
        cache: Where trained models are kept, by the hash of everything that made them.
        seed: Of the order of the reviews, dropout and the head.

    Returns:
        The model's folder; the second call with equal sample, recipe and versions trains nothing.
    """
    train, dev = _documents()
    options = replace(TRAINING, seed=seed)
    out = cache / f"classifier-{_hash(train, options)}"
    if not out.exists():
        with _one_thread():
            prepared = prepare(_start(cache, train), train, dev, options)
            return fine_tune(out, prepared, options, overwrite=False).best
    return out / "1"


def sample_adapler(cache: Path, *, seed: int = 0) -> Path:
    """AdapLeR, begun from :func:`sample_classifier` and its two next best epochs; about as long again.

    Trained anew with slower thresholds where the first one loses too much on dev (see :data:`TRAININGS`).

    Args:
        cache: Where trained models are kept.
        seed: As of :func:`sample_classifier`.

    Returns:
        The model's folder: of the first training that is good enough on dev, else of the best there.
    """
    finetuned_dir = sample_classifier(cache, seed=seed).parent
    found: list[tuple[float, Path]] = []
    for training in TRAININGS:
        out = _adapler(cache, replace(training, seed=seed), finetuned_dir)
        best = TrainedDropping(out, finetuned_dir).best
        found.append((best["dev_accuracy"], out))
        if best["dev_accuracy"] >= ENOUGH and best["dev_speedup"] >= FASTER:
            return out
    return max(found)[1]


def _adapler(cache: Path, options: AdapLeROptions, finetuned_dir: Path) -> Path:
    train, dev = _documents()
    out = cache / f"adapler-{_hash(train, options)}"
    if not out.exists():
        with _one_thread():
            start = _start(cache, train)
            train_dropping("adapler", start, train, dev, out, options, finetuned_dir=finetuned_dir)
    return out


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums depend on how threads share them, and training amplifies that; afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _documents() -> tuple[Documents, Documents]:
    return split_dev(load_documents(str(sample_folder()), "train"))


def _start(cache: Path, train: Documents) -> Path:
    start = cache / f"start-{_hash(train, TRAINING)}"
    if not start.exists():
        make_start(start, train)
    return start


def _hash(train: Documents, options: AdapLeROptions) -> str:
    """Changes with the sample, the recipe and the libraries that decide the weights."""
    libraries = {name: version(name) for name in ("torch", "transformers", "tokenizers", "rationale")}
    made_of = [train.fingerprint, asdict(options), SHAPE, WHOLE, libraries]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
