"""Loads the checkpoint that a training starts from: tokenizer, encoder, and a head for the labels."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    AutoModel,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from rationale.dropping_config import DroppingConfig
from rationale.encoder.base import ATTENTION_DROPOUT
from rationale.encoder.weights import check_shapes, check_weights, require_all
from rationale.errors import ModelError
from rationale.loading.checks import adapter_of
from rationale.loading.hub import explained, quiet_transformers
from rationale.loading.identity import settings_hash, weights_hash
from rationale.loading.parts import read_config, read_tokenizer, read_weights
from rationale.metrics.names import Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A classifier ready for training.

    Attributes:
        model: The model, with float32 weights on the CPU.
        tokenizer: A fast tokenizer.
        labels: Class names in the order of the logits.
        fresh_head: Whether the head was newly initialised.
        digest: The hash of all weights as they were before training, a fresh head included.
        settings: The hash of config and tokenizer.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    fresh_head: bool
    digest: str
    settings: str


def load_checkpoint(
    source: str,
    labels: Sequence[str],
    *,
    reinit_head: bool = False,
    attention_dropout: float | None = None,
    task: Task = "classes",
) -> Checkpoint:
    """Loads a local folder or a hub id as a classifier of ``labels``; only safetensors, no remote code.

    A checkpoint without a classification head gets a fresh one (seed torch before the call). A head is kept
    where it has the same labels (in its own order) or default names for them.

    Raises:
        ModelError: Where the checkpoint cannot be loaded, the tokenizer has no fast version or does not fit
            the config, or the head is for other labels.
    """
    source, config = read_config(source)
    if isinstance(config, DroppingConfig):
        raise ModelError(
            "this is a token-dropping model already",
            where=source,
            remedy="Start from a plain model: that of phase 1 is the folder OUT.fine-tuned/1.",
        )
    suffix = "ForQuestionAnswering" if task == "answers" else "ForSequenceClassification"
    has_head = any(name.endswith(suffix) for name in config.architectures or ())
    keep_head = has_head and not reinit_head
    head_labels = _head_order(source, config, labels) if keep_head else tuple(labels)
    _set_labels(config, head_labels, task)
    _set_attention_dropout(source, config, attention_dropout)
    is_qa = task == "answers"
    auto_class: Any = AutoModelForQuestionAnswering if is_qa else AutoModelForSequenceClassification
    adapter_of(config, source)
    load = _with_own_head if keep_head else _with_fresh_head
    model = load(source, config, auto_class)
    tokenizer = read_tokenizer(source, model, config)
    if not keep_head:
        log.info("%s: a fresh classification head for %s", source, ", ".join(head_labels))
    settings = settings_hash(model, tokenizer)
    return Checkpoint(model, tokenizer, head_labels, not keep_head, weights_hash(model), settings)


def _head_order(source: str, config: Any, labels: Sequence[str]) -> tuple[str, ...]:
    named = tuple(str(config.id2label[i]) for i in range(config.num_labels))
    unnamed = all(name == f"LABEL_{i}" for i, name in enumerate(named))
    if len(named) == len(labels) and unnamed:
        return tuple(labels)
    if set(named) == set(labels):
        return named
    raise ModelError(
        f"the checkpoint's head has {len(named)} labels ({', '.join(named)}), "
        f"the training documents have {len(labels)} ({', '.join(labels)})",
        where=source,
        remedy="Pass --reinit-head to replace the head with a fresh one.",
    )


def _set_labels(config: Any, labels: Sequence[str], task: Task) -> None:
    config.id2label, config.label2id = dict(enumerate(labels)), {name: i for i, name in enumerate(labels)}
    config.problem_type = {"classes": "single_label_classification", "number": "regression"}.get(task)


def _set_attention_dropout(source: str, config: Any, value: float | None) -> None:
    if value is None:
        return
    names = [name for name in ATTENTION_DROPOUT if hasattr(config, name)]
    if not names:
        raise ModelError(
            f"a {config.model_type} model has no attention dropout to set",
            where=source,
            remedy="Leave out --attention-dropout.",
        )
    for name in names:
        setattr(config, name, value)


def _with_own_head(source: str, config: Any, head: Any) -> Any:
    model, report = read_weights(source, config, head, torch.float32)
    check_weights(report, model, source)
    return model


def _with_fresh_head(source: str, config: Any, head: Any) -> Any:
    encoder, report = read_weights(source, config, AutoModel, torch.float32)
    check_shapes(report, source)
    require_all([name for name in report["missing_keys"] if "pooler" not in name], source)
    with quiet_transformers(), explained(source):
        model = head.from_config(config, dtype=torch.float32, trust_remote_code=False)
        result = getattr(model, model.base_model_prefix).load_state_dict(encoder.state_dict(), strict=False)
    require_all(result.missing_keys, source)
    return model
