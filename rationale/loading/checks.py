"""What a checkpoint must have to be read, and what is said of one that has it not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rationale.encoder.base import FAMILIES, Encoder
from rationale.errors import ModelError
from rationale.files import home
from rationale.tokens.backend import require_fast

_SHORTEST = 8


def place(source: str | Path) -> str:
    """The hub id or folder; a file or a path to nothing would be taken for something else."""
    path = home(source)
    looks_local = isinstance(source, Path) or path.is_absolute() or path.parts[:1] in [(".",), ("..",)]
    if path.is_file() or (looks_local and not path.is_dir()):
        raise ModelError(
            "a model is a folder, and this is " + ("a file" if path.is_file() else "not there"),
            where=path,
            remedy="Pass a hub id, or the folder that holds config.json and model.safetensors.",
        )
    return str(path) if str(source)[:1] == "~" else str(source)


def family_of(config: Any, name: str) -> type[Encoder]:
    """The adapter of a checkpoint's family.

    Raises:
        ModelError: Where there is none, or the model decodes, or gives several labels to one text.
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


def check_weights(report: Mapping[str, Any], model: Any, name: str) -> None:
    """Refuses weights that are not all there, or not this model's.

    Args:
        report: What transformers tells of loading.
        model: What was loaded.
        name: What messages call it.

    Raises:
        ModelError: Where a weight is missing, of another shape, or of another dropping system.
    """
    missing = sorted(report["missing_keys"])
    own = [key for key in missing if key.startswith("system.")]
    if own:
        raise ModelError(
            f"the dropping model lacks weights ({', '.join(own[:3])})",
            where=name,
            remedy="The weights were cut short, or config.json is of another system.",
        )
    foreign = sorted(key for key in report["unexpected_keys"] if key.startswith("system."))
    if foreign:
        raise ModelError(
            f"the weights hold what the system of config.json has no place for ({', '.join(foreign[:3])})",
            where=name,
            remedy="They are another system's: take config.json from where the model was saved.",
        )
    if any(not key.startswith(f"{model.base_model_prefix}.") for key in missing):
        raise ModelError(
            f"the checkpoint has no classification head (missing {', '.join(missing[:3])})",
            where=name,
            remedy=f"Fine-tune it first: rationale train classifier --model {name} --data DIR --out DIR.",
        )
    if missing:
        raise ModelError(f"the checkpoint lacks weights ({', '.join(missing[:3])})", where=name)
    for key, stored, expected in sorted(report["mismatched_keys"]):
        raise ModelError(
            f"{key} is stored with shape {tuple(stored)}, and config.json asks for {tuple(expected)}",
            where=name,
            remedy="The number of labels or the sizes in config.json do not belong to these weights.",
        )


def check_tokenizer(tokenizer: Any, model: Any, name: str) -> None:
    """Refuses a tokenizer that is slow, empty, or knows more tokens than the model.

    Raises:
        ModelError: Where it is.
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
            f"the tokenizer knows {len(tokenizer)} tokens (the highest id of the tokenizer is {highest}, "
            f"and the model has embeddings for {rows})",
            where=name,
            remedy="Save the tokenizer the model was trained with into the folder.",
        )


def longest_input(positions: int, tokenizer: Any, asked: int | None, name: str) -> int:
    """Tokens of the longest input: what is asked for, or what positions and tokenizer allow.

    Raises:
        ModelError: Where more is asked for than there are positions, or fewer than 8; where the tokenizer
            allows fewer than 8.
    """
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
    return asked or allowed
