"""The embedded sample, and the two models trained on it: a classifier, and AdapLeR trained from it."""

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
"""The dev accuracy and speedup that the demo's AdapLeR should reach."""


def sample_folder() -> Path:
    """The embedded sample, an ERASER folder with train, val and test."""
    return bundled("eraser_data/sample")


def sample_reviews() -> Documents:
    """The reviews that the demo scores: a stratified sample of val, small enough for captum's methods."""
    return sample(load_documents(str(sample_folder()), SPLIT), REVIEWS)


def sample_classifier(cache: Path, *, seed: int = 0, command: str | None = None) -> Path:
    """Trains a small ModernBERT from scratch on the sample's train split, in about two minutes.

    Of its three layers only the first attends globally, and it pools by the mean. From 2,160 reviews it
    learns that "not dull" praises and "my brother called it dull" says nothing; BERT's architecture does not.

    Args:
        cache: The folder of trained models, named by the hash of their inputs.
        seed: Random seed of the order of the reviews, dropout and the head.
        command: The command that was typed, as shell text; None from Python.

    Returns:
        The model's folder; a second call with equal sample, options and versions trains nothing.
    """
    train, dev = _documents()
    options = replace(TRAINING, seed=seed)
    out = cache / f"classifier-{_hash(train, options)}"
    if not out.exists():
        with _one_thread():
            prepared = prepare(_start(cache, train), train, dev, options, command)
            return fine_tune(out, prepared, options, overwrite=False).best
    return out / "1"


def sample_adapler(cache: Path, *, seed: int = 0, command: str | None = None) -> Path:
    """Trains AdapLeR from :func:`sample_classifier` and its two next best epochs, in about the same time.

    Trained anew with slower thresholds where the first one loses too much on dev (see :data:`TRAININGS`).

    Args:
        cache: The folder of trained models.
        seed: The random seed, as in :func:`sample_classifier`.
        command: The same.

    Returns:
        The folder of the first model that is good enough on dev, else of the best one.
    """
    finetuned_dir = sample_classifier(cache, seed=seed, command=command).parent
    results: list[tuple[float, Path]] = []
    for training in TRAININGS:
        out = _adapler(cache, replace(training, seed=seed), finetuned_dir, command)
        best = TrainedDropping(out, finetuned_dir).best
        results.append((best["dev_accuracy"], out))
        if best["dev_accuracy"] >= ENOUGH and best["dev_speedup"] >= FASTER:
            return out
    return max(results)[1]


def _adapler(cache: Path, options: AdapLeROptions, finetuned_dir: Path, command: str | None) -> Path:
    train, dev = _documents()
    out = cache / f"adapler-{_hash(train, options)}"
    if not out.exists():
        with _one_thread():
            start = _start(cache, train)
            train_dropping(
                "adapler", start, train, dev, out, options, finetuned_dir=finetuned_dir, command=command
            )
    return out


@contextmanager
def _one_thread() -> Iterator[None]:
    """Uses one thread inside the block: sums depend on the threads, and training amplifies differences."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _documents() -> tuple[Documents, Documents]:
    return split_dev(load_documents(str(sample_folder()), "train"))


def _start(cache: Path, train: Documents) -> Path:
    start = cache / f"start-{_hash(train, TRAINING)}"
    if not start.exists():
        make_start(start, train)
    return start


def _hash(train: Documents, options: AdapLeROptions) -> str:
    """12 hex digits over everything that decides the weights: sample, options, libraries."""
    libraries = {name: version(name) for name in ("torch", "transformers", "tokenizers", "rationale")}
    inputs = [train.fingerprint, asdict(options), SHAPE, WHOLE, libraries]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]
