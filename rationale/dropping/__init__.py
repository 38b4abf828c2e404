"""Dropping: systems that drop tokens layer by layer, and the one loop that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rationale.lazy import lazy_attributes

if TYPE_CHECKING:
    from rationale.dropping.flops import Costs, speedup
    from rationale.dropping.model import DroppingForSequenceClassification, wrap
    from rationale.dropping.system import SYSTEMS, Decision, System
    from rationale.dropping.trace import DropTrace
    from rationale.dropping_config import DroppingConfig

__all__ = [
    "SYSTEMS",
    "Costs",
    "Decision",
    "DropTrace",
    "DroppingConfig",
    "DroppingForSequenceClassification",
    "System",
    "speedup",
    "wrap",
]

__getattr__ = lazy_attributes(
    __name__,
    {
        "Costs": "rationale.dropping.flops",
        "Decision": "rationale.dropping.system",
        "DropTrace": "rationale.dropping.trace",
        "DroppingConfig": "rationale.dropping_config",
        "DroppingForSequenceClassification": "rationale.dropping.model",
        "SYSTEMS": "rationale.dropping.system",
        "System": "rationale.dropping.system",
        "speedup": "rationale.dropping.flops",
        "wrap": "rationale.dropping.model",
    },
)
