"""Identifies a model by hashes that do not depend on where it was loaded from."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import torch

from rationale.errors import ModelError


def weights_hash(model: torch.nn.Module) -> str:
    """16 hex digits of a SHA-256 over the weights by name, independent of where they were loaded from."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def whole_hash(model: Any, tokenizer: Any) -> str:
    """16 hex digits over everything that decides the outputs: weights, config and tokenizer."""
    return _joined(weights_hash(model), *_settings(model, tokenizer))


def settings_hash(model: Any, tokenizer: Any) -> str:
    """16 hex digits over config and tokenizer."""
    return _joined(*_settings(model, tokenizer))


def _settings(model: Any, tokenizer: Any) -> tuple[str, str]:
    volatile = ("dtype", "torch_dtype", "transformers_version")
    config = {k: v for k, v in model.config.to_dict().items() if k[0] != "_" and k not in volatile}
    return json.dumps(config, sort_keys=True, default=str), tokenizer.backend_tokenizer.to_str()


def _joined(*parts: str) -> str:
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:16]


def own_eta(model: Any) -> tuple[float, ...] | None:
    """What the scores of the model's policy are compared with, one a layer; None where it compares nothing.

    Raises:
        ModelError: Where eta in config.json differs from that of the weights.
    """
    eta = getattr(getattr(model, "system", None), "eta", None)
    if eta is None:
        return None
    held, told = eta.detach().float().tolist(), model.config.to_dict().get("eta", ())
    if not _alike(told, held):
        raise ModelError(
            f"config.json says eta is {told}, and the weights hold {[round(value, 4) for value in held]}",
            where=model.config.name_or_path,
            remedy="One of the two files was changed; take both from where the model was saved.",
        )
    return tuple(held)


def _alike(configured: Any, stored: list[float]) -> bool:
    all_numbers = isinstance(configured, list) and all(isinstance(value, int | float) for value in configured)
    return all_numbers and len(configured) == len(stored) and bool(np.allclose(configured, stored, atol=1e-6))
