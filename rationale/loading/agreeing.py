"""Whether a model's config and its tokenizer speak of the same inputs."""

from __future__ import annotations

from typing import Any

from rationale.errors import ModelError
from rationale.tokens.template import read_template


def check_types(tokenizer: Any, config: Any, name: str, *, pair: bool) -> None:
    """Refuses token types that the model has no embedding for.

    Args:
        tokenizer: A fast tokenizer.
        config: The model's; of a dropping model, its backbone's.
        name: What messages call the model.
        pair: Whether two texts are read, instead of one.

    Raises:
        ModelError: Naming the type that the tokenizer gives and how many the model knows.
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
    """Refuses another padding token in config.json than the tokenizer's, where positions depend on it.

    Raises:
        ModelError: Naming both.
    """
    if config.model_type != "roberta":
        return  # inputs are packed: no other family looks at padding
    own, theirs = config.pad_token_id, tokenizer.pad_token_id
    if own is None or own != theirs:
        raise ModelError(
            f"config.json says padding is token {own}, the tokenizer says {theirs}; a RoBERTa counts its "
            "positions from that number",
            where=name,
            remedy="Set pad_token_id in config.json, or pad_token in tokenizer_config.json, to what the "
            "model was trained with.",
        )
