"""Several score methods from one forward and one backward of each batch of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rationale.dropping.encoder import Dropping
from rationale.dropping.system import Decision
from rationale.encoder.attention import plain, reading
from rationale.encoder.base import Attend
from rationale.errors import ModelError
from rationale.loading.classifier import Classifier, finite
from rationale.scores.methods import (
    AttentionMethod,
    AttentionReader,
    DecisionMethod,
    FloatArray,
    GradientMethod,
    LayeredMethod,
    decision_methods,
    normalise,
)
from rationale.tokens.batches import in_batches
from rationale.tokens.packing import Packed, pack_windows
from rationale.tokens.windows import Window


@dataclass(frozen=True)
class Reading:
    """What one pass gave for one window of n tokens.

    Attributes:
        probabilities: float64 (C,).
        target: The logit that was differentiated.
        scores: Per method, float32 (L, n), normalised inside the window.
        kept: bool (L, n), whether each token passes each layer; None for a model that drops none.
    """

    probabilities: npt.NDArray[np.float64]
    target: int
    scores: Mapping[str, FloatArray]
    kept: npt.NDArray[np.bool_] | None = None


class OnePass:
    """Computes all layered methods together.

    The attention that gradients flow through is SDPA; head-mean probabilities are read beside it and
    reduced inside the layer, so nothing of size layers x heads x n x n exists. Rows are packed: padding
    is never read, and a window scores the same alone and in any batch.

    Args:
        classifier: The model.
        methods: Gradient and attention methods; an empty list still gives probabilities.
        batch_size: Windows a batch; halved on its own where memory runs out.
    """

    def __init__(self, classifier: Classifier, methods: Sequence[LayeredMethod], batch_size: int) -> None:
        self.classifier, self.batch_size = classifier, batch_size
        self._gradient = [m for m in methods if isinstance(m, GradientMethod)]
        self._attention = [m for m in methods if isinstance(m, AttentionMethod)]
        self._decision = [m for m in methods if isinstance(m, DecisionMethod)]
        misfit = next((m for m in methods if not m.fits(classifier.encoder)), None)
        if misfit is not None:
            own = ", ".join(decision_methods(classifier.encoder))
            lacks = f"this one has {own}" if own else "this one drops none"
            remedy = f"Ask for {own}." if own else "Train one with `rationale train`, or ask for another."
            raise ModelError(
                f"{misfit.name} is what a token-dropping model decides, and {lacks}",
                where=classifier.identity["name"],
                remedy=remedy,
            )

    @property
    def differentiates(self) -> bool:
        """Whether the scores depend on a target."""
        return bool(self._gradient)

    def __call__(self, windows: Sequence[Window], targets: Sequence[int | None]) -> list[Reading]:
        """One reading a window, in order.

        Args:
            windows: Any number, any lengths.
            targets: The logit to differentiate for each window; None for its own prediction.

        Raises:
            ModelError: Where the model yields NaN, or one window does not fit in memory.
        """
        lengths = [len(window.ids) for window in windows]
        return in_batches(
            lengths,
            self.batch_size,
            lambda batch: self._batch([windows[i] for i in batch], [targets[i] for i in batch]),
        )

    def _batch(self, windows: Sequence[Window], targets: Sequence[int | None]) -> list[Reading]:
        packed = pack_windows(windows, self.classifier.device)
        readers = {method.name: method.reader() for method in self._attention}
        states, logits, made = self._forward(packed, _feeding(list(readers.values())))
        chosen = torch.tensor(
            [int(row.argmax()) if t is None else t for row, t in zip(logits.detach(), targets, strict=True)],
            device=logits.device,
        )
        scores = self._gradient_scores(states, logits, chosen)
        scores |= {name: packed_rows(reader.finish(), packed) for name, reader in readers.items()}
        scores |= {m.name: m.reduce([d.scores for d in made], [d.keep for d in made]) for m in self._decision}
        probabilities = self.classifier.probabilities(logits).cpu().numpy()
        kept = torch.stack([d.keep for d in made]).cpu().numpy() if made else None
        return self._split(packed, probabilities, chosen.tolist(), scores, kept)

    def _forward(self, packed: Packed, attend: Attend) -> tuple[list[Tensor], Tensor, list[Decision]]:
        """What enters each layer, L tensors (N, d); the logits (B, C); a dropping model's decisions."""
        encoder, made = self.classifier.encoder, list[Decision]()
        with torch.no_grad():
            hidden = encoder.embed(packed)
        hidden.requires_grad_(self.differentiates)
        with torch.set_grad_enabled(self.differentiates):
            if isinstance(encoder, Dropping):
                states, logits = encoder.walk(hidden, packed, attend, made)
            else:
                states, logits = encoder.walk(hidden, packed, attend)
        logits = self.classifier.per_class(finite(logits, self.classifier.identity["name"]))
        return states, logits, made

    def _gradient_scores(self, states: list[Tensor], logits: Tensor, chosen: Tensor) -> dict[str, Tensor]:
        """Per gradient method, scores (L, N)."""
        if not self.differentiates:
            return {}
        total = logits.gather(1, chosen[:, None]).sum()
        gradients = torch.autograd.grad(total, states)
        with torch.no_grad():
            return {
                method.name: torch.stack(
                    [method.reduce(h, g) for h, g in zip(states, gradients, strict=True)]
                )
                for method in self._gradient
            }

    def _split(
        self,
        packed: Packed,
        probabilities: npt.NDArray[np.float64],
        targets: list[int],
        scores: Mapping[str, Tensor],
        kept: npt.NDArray[np.bool_] | None,
    ) -> list[Reading]:
        name = self.classifier.identity["name"]
        signed = {m.name: m.signed for m in (*self._gradient, *self._attention, *self._decision)}
        rows = {m: finite(s, name).float().cpu().numpy() for m, s in scores.items()}
        ends = np.cumsum(packed.lengths)
        return [
            Reading(
                probabilities[number],
                targets[number],
                {m: normalise(row[:, end - length : end], signed=signed[m]) for m, row in rows.items()},
                None if kept is None else kept[:, end - length : end],
            )
            for number, (length, end) in enumerate(zip(packed.lengths, ends, strict=True))
        ]


def packed_rows(padded: Tensor, packed: Packed) -> Tensor:
    """(L, B, n) -> (L, N)."""
    return packed.padding.unpad(padded.permute(1, 2, 0)).T


def _feeding(readers: Sequence[AttentionReader]) -> Attend:
    if not readers:
        return plain

    def read(layer: int, attention: Tensor) -> None:
        for reader in readers:
            reader.read(layer, attention)

    return reading(read)
