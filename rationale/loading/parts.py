"""Reads the parts of a checkpoint, for scoring and training alike: config, weights, tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoTokenizer

from rationale.artifacts.model import check_model
from rationale.encoder.weights import LoadingReport
from rationale.loading.agreeing import check_padding, check_types
from rationale.loading.checks import check_tokenizer, place
from rationale.loading.hub import explained, quiet_transformers


def read_config(source: str | Path) -> tuple[str, Any]:
    """Reads the config of a checkpoint, with the checkpoint's name in messages; remote code stays off.

    Raises:
        ModelError: Where it cannot be read, or a file of a sealed folder was changed.
    """
    name = place(source)
    check_model(Path(name))
    with quiet_transformers(), explained(name):
        return name, AutoConfig.from_pretrained(name, trust_remote_code=False)


def read_weights(name: str, config: Any, kind: Any, arithmetic: torch.dtype) -> tuple[Any, LoadingReport]:
    """A model of class ``kind`` from safetensors, and the report of loading from transformers.

    Raises:
        ModelError: Where they cannot be read.
    """
    with quiet_transformers(), explained(name):
        loaded: tuple[Any, LoadingReport] = kind.from_pretrained(
            name,
            config=config,
            dtype=arithmetic,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # they are reported, and refused by the caller
            output_loading_info=True,
        )
    return loaded


def read_tokenizer(name: str, model: Any, config: Any) -> Any:
    """Reads the fast tokenizer and checks that it fits the model.

    Args:
        name: The checkpoint's name in messages.
        model: The model.
        config: Its config; of a dropping model, its backbone's.

    Raises:
        ModelError: Where the tokenizer is missing, slow, or belongs to another model.
    """
    with quiet_transformers(), explained(name):
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    check_tokenizer(tokenizer, model, name)
    with explained(name):
        check_padding(tokenizer, config, name)
        check_types(tokenizer, config, name, pair=False)
    return tokenizer
