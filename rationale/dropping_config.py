"""The config of a token-dropping model: all that transformers needs to know before it meets one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from rationale.errors import ModelError

Keywords = dict[str, Any]
"""Keyword arguments as config.json holds them: of the backbone's config, of the system's constructor."""

_FROM_BACKBONE = ("id2label", "label2id", "problem_type", "pad_token_id", "max_position_embeddings")


_WHEN_MET: list[Callable[[], object]] = []


class DroppingConfig(PreTrainedConfig):
    """The backbone's own config, and which system drops with which settings.

    Args:
        backbone: The backbone's config as a dictionary; None only where transformers makes an empty one.
        system: A name in :data:`rationale.dropping.SYSTEMS`.
        settings: What the system's constructor takes besides layers and width.
        bits: To how many the backbone's layers round their numbers; None for not at all.
        **more: What every transformers config takes; labels come from the backbone.
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
        for meet in _WHEN_MET:
            meet()

    def backbone_config(self) -> PreTrainedConfig:
        """The backbone's config as an object of its own class."""
        if "model_type" not in self.backbone:
            raise ModelError("config.json names no backbone", remedy="Save it with save_pretrained.")
        made: PreTrainedConfig = AutoConfig.for_model(**self.backbone)
        return made


def register(when_met: Callable[[], object] | None = None) -> None:
    """Makes transformers' ``Auto`` classes and pipelines know token-dropping models; twice is once.

    Args:
        when_met: Called when somebody has such a config: imports the models, which register themselves.
    """
    if when_met is not None:
        _WHEN_MET[:] = [when_met]
    AutoConfig.register(DroppingConfig.model_type, DroppingConfig, exist_ok=True)
