"""Random numbers as a function of the seed and the input, without global state.

Each use creates a generator, so that results do not depend on threads, processes or the order of documents.
The global generators of ``random``, ``numpy`` and ``torch`` are neither read nor written.
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
    """The source of all random numbers for one seed and one input.

    Attributes:
        digest: SHA-256 of the seed and the input's parts.

    >>> first, second = Randomness.of(0, "review", "page 1"), Randomness.of(0, "review", "page 2")
    >>> float(first.numpy().random()) == float(first.numpy().random()), first == second
    (True, False)
    """

    digest: bytes

    @classmethod
    def of(cls, seed: int, *parts: str | bytes) -> Randomness:
        """The randomness of an input.

        Args:
            seed: The run's random seed.
            parts: The input: the ids of a document, or the token ids of a window as bytes.
        """
        texts = (part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts)
        return cls(hashlib.sha256(b"\x1f".join((str(seed).encode(), *texts))).digest())

    def numpy(self) -> np.random.Generator:
        """A new generator."""
        return np.random.default_rng(int.from_bytes(self.digest[:8], "big"))

    def legacy(self) -> np.random.RandomState:
        """A new generator of the kind that captum uses: equal seeds draw the same numbers as captum."""
        return np.random.RandomState(int.from_bytes(self.digest[:4], "big"))

    def torch(self) -> torch.Generator:
        """A new generator, on the CPU whatever the device: every device draws the same."""
        import torch

        return torch.Generator().manual_seed(int.from_bytes(self.digest[:8], "big") >> 1)
