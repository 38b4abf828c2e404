"""What a dropping model is called with, as transformers passes it: checked, and packed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature

import torch
from torch import Tensor

from rationale.errors import ModelError
from rationale.tokens.packing import Packed

_OF_PLAIN_MODELS = (
    "cache_position",
    "encoder_attention_mask",
    "encoder_hidden_states",
    "head_mask",
    "inputs_embeds",
    "output_attentions",
    "output_hidden_states",
    "past_key_values",
    "position_ids",
    "use_cache",
)
"""Arguments of plain models that a dropping model cannot support."""

_MASK = "Expected shape (batch, tokens), 1 for tokens and 0 for padding, as a tokenizer returns it."


def packed(ids: Tensor, mask: Tensor | None = None, types: Tensor | None = None) -> Packed:
    """Packs a padded batch end to end; padding may be on either side.

    Args:
        ids: int64 (B, n), token ids.
        mask: (B, n) of any dtype, 1 for tokens and 0 for padding; None where nothing is padding.
        types: int64 (B, n), token type ids; None for 0.

    Raises:
        ModelError: For other shapes, a mask of other values (such as one that is added to logits), or an
            input without tokens.
    """
    if ids.ndim != 2:
        raise ModelError(
            f"input_ids has shape {tuple(ids.shape)}, expected (batch, tokens)",
            remedy="Pass one input as a batch of one: input_ids[None].",
        )
    present = torch.ones_like(ids, dtype=torch.bool) if mask is None else _present(ids, mask)
    if types is not None and types.shape != ids.shape:
        raise ModelError(
            f"token_type_ids has shape {tuple(types.shape)}, input_ids {tuple(ids.shape)}",
            remedy="Pass one token type id for each token, as a tokenizer returns them.",
        )
    positions = present.long().cumsum(dim=1) - 1
    type_ids = torch.zeros_like(ids) if types is None else types
    lengths = present.sum(dim=1).tolist()
    if 0 in lengths:
        raise ModelError(
            f"input {lengths.index(0)} of the batch has no tokens: "
            + ("input_ids is empty" if mask is None else "its attention_mask is all 0"),
            remedy="Pass at least its special tokens." if mask is None else _MASK,
        )
    return Packed(ids[present], type_ids[present], positions[present], tuple(lengths))


def _present(ids: Tensor, mask: Tensor) -> Tensor:
    """Bool (B, n), True at tokens."""
    if mask.shape != ids.shape:
        raise ModelError(
            f"attention_mask has shape {tuple(mask.shape)}, input_ids {tuple(ids.shape)}", remedy=_MASK
        )
    present = mask == 1
    unknown = ~present & (mask != 0)
    if bool(unknown.any()):
        raise ModelError(f"attention_mask holds {mask[unknown][0].item():g}", remedy=_MASK)
    return present


def refuse(asked: Mapping[str, object], forward: Callable[..., object]) -> None:
    """Refuses the arguments ``asked`` that ``forward`` does not name, where they are not None or False.

    Raises:
        ModelError: Naming them: unknown ones with the known, or those that only a plain model supports.
    """
    refused = [name for name, value in asked.items() if value is not None and value is not False]
    unknown = [name for name in refused if name not in _OF_PLAIN_MODELS]
    if unknown:
        named = signature(forward).parameters.values()
        known = [parameter.name for parameter in named if parameter.kind is not Parameter.VAR_KEYWORD]
        raise ModelError(
            f"a dropping model does not take {', '.join(unknown)}: no argument has this name",
            remedy=f"Known arguments: {', '.join(known)}.",
        )
    if refused:
        raise ModelError(
            f"a dropping model does not take {', '.join(refused)}: its rows differ from layer to layer",
            remedy="Leave it out. `rationale trace` and `rationale score` show each layer.",
        )
