"""Checks what a checkpoint needs to be used, and explains what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rationale.encoder.base import FAMILIES, Encoder
from rationale.errors import ModelError
from rationale.files import home
from rationale.tokens.backend import require_fast

_SHORTEST = 8
USUAL = 512
"""The default longest input of a training, in tokens."""


def place(source: str | Path) -> str:
    """The hub id or folder as text.

    Raises:
        ModelError: For a file or a missing path, which transformers would take for a hub id.
    """
    path = home(source)
    looks_local = isinstance(source, Path) or path.is_absolute() or path.parts[:1] in [(".",), ("..",)]
    if path.is_file() or (looks_local and not path.is_dir()):
        raise ModelError(
            "a model is a folder, and this is " + ("a file" if path.is_file() else "not there"),
            where=path,
            remedy="Pass a hub id, or the folder that holds config.json and model.safetensors.",
        )
    return str(path) if str(source)[:1] == "~" else str(source)


def adapter_of(config: Any, name: str) -> type[Encoder]:
    """The adapter of a checkpoint's family.

    Raises:
        ModelError: Where there is none, or the model is a decoder, or gives several labels to one text.
    """
    if config.model_type not in FAMILIES:
        raise ModelError(
            f"there is no adapter for the encoder family {config.model_type!r}",
            where=name,
            remedy=f"Known families: {', '.join(FAMILIES)}.",
        )
    if getattr(config, "is_decoder", False):
        raise ModelError("this checkpoint is configured as a decoder", where=name)
    if config.problem_type == "multi_label_classification":
        raise ModelError(
            "this model gives several labels to one text, and a score needs one target",
            where=name,
            remedy="Use a single-label or one-logit model.",
        )
    return FAMILIES.get(config.model_type)


def check_tokenizer(tokenizer: Any, model: Any, name: str) -> None:
    """Refuses a tokenizer that is slow, empty, or has more tokens than the model.

    Raises:
        ModelError: Where the tokenizer is any of these.
    """
    require_fast(tokenizer)
    rows = model.get_input_embeddings().num_embeddings
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ModelError(
            "there is no tokenizer beside the model: transformers made one without a vocabulary",
            where=name,
            remedy="Save the tokenizer the model was trained with (tokenizer.json) into the folder.",
        )
    highest = max(tokenizer.get_vocab().values())
    if highest >= rows:
        raise ModelError(
            f"the tokenizer has {len(tokenizer)} tokens (the highest id of the tokenizer is {highest}, "
            f"and the model has embeddings for {rows})",
            where=name,
            remedy="Save the tokenizer the model was trained with into the folder.",
        )


def longest_input(
    config: Any, tokenizer: Any, asked: int | None, name: str, *, usual: int | None = None
) -> int:
    """Tokens of the longest input, special tokens included: the rule for training and inference.

    It is the requested length, from 8 tokens to what the positions allow. By default it is what positions and
    tokenizer both allow, and at most ``usual``. Training passes :data:`USUAL` as this default and writes its
    length into the tokenizer, so that later uses of the folder have the same windows.

    Args:
        config: The model's config.
        tokenizer: Its tokenizer.
        asked: The requested length in tokens; None for the default.
        name: The model's name in messages.
        usual: The greatest default; None for no limit.

    Raises:
        ModelError: Where the requested length exceeds the positions or is below 8, or the tokenizer allows
            fewer than 8 tokens.
        RationaleError: For an encoder family without an adapter.
    """
    positions = FAMILIES.get(config.model_type).max_length(config)
    if asked is not None and not _SHORTEST <= asked <= positions:
        raise ModelError(
            f"a maximum length of {asked} does not fit",
            where=name,
            remedy=f"Its positions allow {_SHORTEST} to {positions} tokens.",
        )
    allowed = int(min(tokenizer.model_max_length, positions))
    if asked is None and allowed < _SHORTEST:
        raise ModelError(
            f"model_max_length of the tokenizer is {tokenizer.model_max_length}, and the model has positions "
            f"for {positions} tokens",
            where=name,
            remedy="Correct model_max_length in tokenizer_config.json, or pass --max-length.",
        )
    return asked or min(allowed, usual or allowed)


def usable_device(device: str) -> torch.device:
    """The device of that name, for training and inference; ``auto`` is CUDA if available, else the CPU.

    Raises:
        ModelError: Where the device is not available.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=device).cpu()
        return torch.device(device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"device {device!r} cannot be used", remedy="Pass --device cpu, or an available device."
        ) from error
