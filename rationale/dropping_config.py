"""The config of a token-dropping model, which transformers needs to recognise one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from rationale.errors import ModelError

Keywords = dict[str, Any]
"""Keyword arguments as config.json holds them: of the backbone's config, of the system's constructor."""

_FROM_BACKBONE = ("id2label", "label2id", "problem_type", "pad_token_id", "max_position_embeddings")


_CALLBACKS: list[Callable[[], object]] = []


class DroppingConfig(PreTrainedConfig):
    """The backbone's config, and the dropping system with its settings.

    Args:
        backbone: The backbone's config as a dictionary; None only where transformers builds an empty config.
        system: A name in :data:`rationale.dropping.SYSTEMS`.
        settings: The arguments of the system's constructor besides layers and width.
        bits: The bits to which the backbone's layers round their numbers; None for no rounding.
        **more: Arguments of every transformers config; labels come from the backbone.
    """

    model_type = "token-dropping"

    def __init__(
        self,
        backbone: Keywords | None = None,
        system: str = "adapler",
        settings: Keywords | None = None,
        bits: int | None = None,
        **more: Any,
    ) -> None:
        self.backbone, self.system, self.settings, self.bits = backbone or {}, system, settings or {}, bits
        for name in _FROM_BACKBONE:
            if name in self.backbone:
                more.setdefault(name, self.backbone[name])
        super().__init__(**more)
        for callback in _CALLBACKS:
            callback()

    @property
    def vocab_size(self) -> int:
        """The rows of the backbone's input embeddings."""
        if "vocab_size" not in self.backbone:
            raise AttributeError("config.json names no vocab_size of the backbone")
        return int(self.backbone["vocab_size"])

    @vocab_size.setter
    def vocab_size(self, size: int) -> None:
        self.backbone["vocab_size"] = size

    def backbone_config(self) -> PreTrainedConfig:
        """The backbone's config as an object of its own class."""
        if "model_type" not in self.backbone:
            raise ModelError(
                "config.json names no backbone", remedy="Save the model again with save_pretrained."
            )
        config: PreTrainedConfig = AutoConfig.for_model(**self.backbone)
        return config


def register(on_config: Callable[[], object] | None = None) -> None:
    """Registers the config with transformers' ``Auto`` classes and pipelines; may be called again.

    Args:
        on_config: Called when such a config is created: imports the models, which register themselves.
    """
    if on_config is not None:
        _CALLBACKS[:] = [on_config]
    AutoConfig.register(DroppingConfig.model_type, DroppingConfig, exist_ok=True)
