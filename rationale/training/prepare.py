"""The inputs of a training: the checkpoint, the encoded documents, and a recipe of both."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import set_seed

from rationale.corpus.document import Documents, Key
from rationale.errors import DataError
from rationale.extras import optional
from rationale.loading.agreeing import check_types
from rationale.loading.checkpoint import Checkpoint, load_checkpoint
from rationale.loading.checks import USUAL, longest_input
from rationale.training.answering import POINTS, ask
from rationale.training.encoding import Encoded, encode_documents
from rationale.training.options import TrainingOptions
from rationale.training.rates import settled
from rationale.training.recipe import training_recipe
from rationale.training.record import TrainingProvenance
from rationale.training.task import NUMBER

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A checkpoint and encoded documents, ready for training.

    Attributes:
        start: The classifier before training; the ``model_max_length`` of its tokenizer is the length of the
            training, so that scoring reads windows of that length.
        keys: Keys of the training documents, in the order of ``rows``.
        rows: The encoded training documents.
        dev_rows: The encoded validation documents for checkpoint selection, if any.
        recipe: All inputs and options of the training, and the command that was typed.
    """

    start: Checkpoint
    keys: tuple[Key, ...]
    rows: Encoded
    dev_rows: Encoded | None
    recipe: TrainingProvenance

    def reloaded(self, source: str | Path, options: TrainingOptions) -> Prepared:
        """The same documents with a fresh copy of ``source``, because training changes its weights."""
        start = _load(source, self.start.labels, options)
        start.tokenizer.model_max_length = self.start.tokenizer.model_max_length
        return replace(self, start=start)


def prepare(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    options: TrainingOptions,
    command: str | None = None,
) -> Prepared:
    """Loads ``model`` with a head for the labels of ``train`` and encodes the documents.

    Args:
        model: A local folder or a hub id.
        train: Labelled documents.
        dev: Those that the epoch is chosen by, if any.
        options: How to train.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        RationaleError: Where accelerate is not installed.
        DataError: On documents without label or words, fewer than two labels, a dev label not in train, or a
            label that is not a number in regression.
        ModelError: Where the checkpoint cannot be loaded or does not fit.
    """
    optional("accelerate")  # the Trainer needs it
    start = starting_point(model, train, options)
    length = longest_input(start.model.config, start.tokenizer, options.max_length, str(model), usual=USUAL)
    start.tokenizer.model_max_length = length
    rows = _rows(start, train, length, options)
    dev_rows = None if dev is None else _rows(start, dev, length, options)
    if dev is not None and len(dev.labels) == 1:
        log.warning("all %d dev documents are %s: they cannot rank epochs", len(dev), dev.labels[0])
    options = settled(options, start.model.config, len(train))
    recipe = training_recipe(str(model), start, train, dev, length, options, command)
    return Prepared(start, tuple(document.key for document in train), rows, dev_rows, recipe)


def starting_point(model: str | Path, train: Documents, options: TrainingOptions) -> Checkpoint:
    """Loads ``model`` with a head for the labels of ``train``.

    Raises:
        DataError: On fewer than two labels.
        ModelError: Where the checkpoint cannot be loaded or does not fit.
    """
    outputs = {"number": NUMBER, "answers": POINTS}.get(options.task) or _labels(train)
    start = _load(model, outputs, options)
    if any(document.query for document in train):
        check_types(start.tokenizer, start.model.config, str(model), pair=True)
    return start


def _rows(start: Checkpoint, documents: Documents, length: int, options: TrainingOptions) -> Encoded:
    if options.task == "answers":
        return ask(start.tokenizer, documents, length)
    ids = None if options.task == "number" else {name: i for i, name in enumerate(start.labels)}
    return encode_documents(start.tokenizer, documents, ids, length)


def _load(model: str | Path, labels: tuple[str, ...], options: TrainingOptions) -> Checkpoint:
    set_seed(options.seed)
    return load_checkpoint(
        str(model),
        labels,
        reinit_head=options.reinit_head,
        attention_dropout=options.attention_dropout,
        task=options.task,
    )


def _labels(train: Documents) -> tuple[str, ...]:
    if len(train.labels) < 2:
        raise DataError(
            f"the {len(train)} training documents have {len(train.labels)} label(s): "
            f"{', '.join(train.labels) or 'none'}",
            where=train.source,
            remedy="A classifier needs documents of at least two labels.",
        )
    return train.labels
