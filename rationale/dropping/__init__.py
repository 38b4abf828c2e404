"""Dropping: systems that remove tokens layer by layer, and the one loop that runs them."""

from rationale.dropping.encoder import Dropping
from rationale.dropping.flops import Costs, speedup
from rationale.dropping.model import DroppingForSequenceClassification, wrap
from rationale.dropping.system import SYSTEMS, Decision, System
from rationale.dropping.trace import DropTrace, trace
from rationale.dropping_config import DroppingConfig

__all__ = [
    "SYSTEMS",
    "Costs",
    "Decision",
    "DropTrace",
    "Dropping",
    "DroppingConfig",
    "DroppingForSequenceClassification",
    "System",
    "speedup",
    "trace",
    "wrap",
]
