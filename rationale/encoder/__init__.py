"""Encoders: one small adapter a family, over packed sequences."""

from rationale.encoder import bert, distilbert, modernbert  # noqa: F401  (registers the families)
from rationale.encoder.attention import (
    ReceivedAttention,
    attend_and_report,
    attend_with_received,
    head_mean,
    plain_attention,
)
from rationale.encoder.base import FAMILIES, Attend, Encoder, Heads

__all__ = [
    "FAMILIES",
    "Attend",
    "Encoder",
    "Heads",
    "ReceivedAttention",
    "attend_and_report",
    "attend_with_received",
    "head_mean",
    "plain_attention",
]
