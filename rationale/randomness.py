"""Random numbers of one document and one method: a function of the seed and the input, with no global state.

Whoever draws makes a generator of its own, so that threads, processes and the order of documents change
nothing, and the generators of ``random``, ``numpy`` and ``torch`` are neither read nor written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Randomness:
    """Where all random numbers of one seed and one input come from.

    Attributes:
        digest: SHA-256 of the seed and the input's parts.

    >>> one, other = Randomness.of(0, "review", "page 1"), Randomness.of(0, "review", "page 2")
    >>> float(one.numpy().random()) == float(one.numpy().random()), one == other
    (True, False)
    """

    digest: bytes

    @classmethod
    def of(cls, seed: int, *parts: str | bytes) -> Randomness:
        """The randomness of an input.

        Args:
            seed: The run's random seed.
            parts: What the input is: the ids of a document, or the token ids of a window as bytes.
        """
        texts = (part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts)
        return cls(hashlib.sha256(b"\x1f".join((str(seed).encode(), *texts))).digest())

    def numpy(self) -> np.random.Generator:
        """A new generator."""
        return np.random.default_rng(int.from_bytes(self.digest[:8], "big"))

    def legacy(self) -> np.random.RandomState:
        """A new generator of the kind captum draws from: equal seeds give what captum would draw."""
        return np.random.RandomState(int.from_bytes(self.digest[:4], "big"))

    def torch(self) -> torch.Generator:
        """A new generator, on the CPU whatever the device: every device draws the same."""
        import torch

        return torch.Generator().manual_seed(int.from_bytes(self.digest[:8], "big") >> 1)
