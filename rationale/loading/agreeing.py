"""Checks that a model's config and its tokenizer describe the same inputs."""

from __future__ import annotations

from typing import Any

from rationale.errors import ModelError
from rationale.tokens.template import read_template


def check_types(tokenizer: Any, config: Any, name: str, *, pair: bool) -> None:
    """Refuses token types for which the model has no embedding.

    Args:
        tokenizer: A fast tokenizer.
        config: The model's config; of a dropping model, its backbone's.
        name: The model's name in messages.
        pair: Whether the model reads two texts, instead of one.

    Raises:
        ModelError: Naming the highest type of the tokenizer and the number of types of the model.
    """
    known = getattr(config, "type_vocab_size", None)
    if not known:  # a family without token types ignores them
        return
    highest = read_template(tokenizer).highest_type(pair=pair)
    if highest >= known:
        raise ModelError(
            f"the tokenizer gives {'the second text' if pair else 'a text'} token type {highest}, and the "
            f"model has embeddings for {known} (type_vocab_size in config.json)",
            where=name,
            remedy="Use the tokenizer the model was trained with, or take token_type_ids out of "
            "model_input_names in tokenizer_config.json if it was trained without.",
        )


def check_padding(tokenizer: Any, config: Any, name: str) -> None:
    """Refuses a padding token in config.json that differs from the tokenizer's, where positions depend on it.

    Raises:
        ModelError: Naming both.
    """
    if config.model_type != "roberta":
        return  # inputs are packed: no other family looks at padding
    config_token, tokenizer_token = config.pad_token_id, tokenizer.pad_token_id
    if config_token is None or config_token != tokenizer_token:
        raise ModelError(
            f"config.json says padding is token {config_token}, the tokenizer says "
            f"{tokenizer_token}; a RoBERTa counts its positions from that number",
            where=name,
            remedy="Set pad_token_id in config.json, or pad_token in tokenizer_config.json, to what the "
            "model was trained with.",
        )
