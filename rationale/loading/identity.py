"""Which model it is: hashes that are equal wherever the weights were loaded from."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch


def weights_hash(model: torch.nn.Module) -> str:
    """16 hex digits of a SHA-256 over the weights by name: the same wherever they were loaded from."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def whole_hash(model: Any, tokenizer: Any) -> str:
    """16 hex digits over all that decides the numbers: weights, config and tokenizer."""
    return _joined(weights_hash(model), *_settings(model, tokenizer))


def settings_hash(model: Any, tokenizer: Any) -> str:
    """16 hex digits over config and tokenizer."""
    return _joined(*_settings(model, tokenizer))


def _settings(model: Any, tokenizer: Any) -> tuple[str, str]:
    passing = ("dtype", "torch_dtype", "transformers_version")
    config = {k: v for k, v in model.config.to_dict().items() if k[0] != "_" and k not in passing}
    return json.dumps(config, sort_keys=True, default=str), tokenizer.backend_tokenizer.to_str()


def _joined(*parts: str) -> str:
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:16]
