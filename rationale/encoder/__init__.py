"""Encoders: one small adapter a family, over packed sequences."""

from rationale.encoder import bert, distilbert, modernbert  # noqa: F401  (registers the families)
from rationale.encoder.attention import Received, head_mean, plain, reading, receiving
from rationale.encoder.base import FAMILIES, Attend, Encoder, Heads

__all__ = ["FAMILIES", "Attend", "Encoder", "Heads", "Received", "head_mean", "plain", "reading", "receiving"]
