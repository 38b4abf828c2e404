"""Computes several score methods from one forward and one backward pass of each batch of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from rationale.arrays import Float32, Float64
from rationale.dropping.trace import DropTrace
from rationale.encoder.attention import attend_and_report, plain_attention
from rationale.encoder.base import Attend
from rationale.loading.classifier import Classifier
from rationale.scores.methods import (
    AttentionMethod,
    AttentionReader,
    DecisionMethod,
    GradientMethod,
    LayeredMethod,
    normalise,
)
from rationale.tokens.batches import run_windows
from rationale.tokens.packing import Packed
from rationale.tokens.windows import Window


@dataclass(frozen=True)
class Reading:
    """The results of one pass for one window of n tokens.

    Attributes:
        probabilities: float64 (C,).
        target: The logit that was differentiated.
        scores: Per method, float32 (L, n), normalised inside the window.
        trace: Which tokens were dropped in which layer; None for a model that drops none.
    """

    probabilities: Float64
    target: int
    scores: Mapping[str, Float32]
    trace: DropTrace | None = None


class OnePass:
    """Computes all layered methods together.

    Gradients flow through SDPA; head-mean probabilities are computed beside it and reduced inside the layer,
    so that nothing of size layers x heads x n x n exists. Rows are packed: padding is never read, and a
    window's scores do not depend on its batch.

    Args:
        classifier: The model.
        methods: Gradient, attention and decision methods; probabilities are computed without any, too.
        batch_size: Windows a batch; halved automatically when memory runs out.
    """

    def __init__(self, classifier: Classifier, methods: Sequence[LayeredMethod], batch_size: int) -> None:
        self.classifier, self.batch_size = classifier, batch_size
        self._gradient = [m for m in methods if isinstance(m, GradientMethod)]
        self._attention = [m for m in methods if isinstance(m, AttentionMethod)]
        self._decision = [m for m in methods if isinstance(m, DecisionMethod)]
        self._signed = {method.name: method.signed for method in methods}
        for method in methods:
            method.require_fit(classifier)

    @property
    def differentiates(self) -> bool:
        """Whether the scores depend on a target."""
        return bool(self._gradient)

    def __call__(self, windows: Sequence[Window], targets: Sequence[int | None]) -> list[Reading]:
        """Computes one reading a window, in order.

        Args:
            windows: Any number, any lengths.
            targets: The logit to differentiate for each window; None for its own prediction.

        Raises:
            ModelError: Where the model yields NaN, or one window does not fit in memory.
        """
        run = partial(self._batch, targets)
        return list(run_windows(windows, self.batch_size, run, device=self.classifier.device))

    def _batch(self, targets: Sequence[int | None], packed: Packed, numbers: list[int]) -> list[Reading]:
        readers = {method.name: method.reader() for method in self._attention}
        states = list[Tensor]()
        hidden = self.classifier.encoder.embed(packed)
        hidden.requires_grad_(self.differentiates)
        with torch.set_grad_enabled(self.differentiates):
            run = self.classifier.mask(packed, _attend_for(list(readers.values())), hidden, states)
            logits = self.classifier.per_class(self.classifier.finite(run.logits))
            predicted = logits.argmax(dim=-1).tolist()
            requested = [targets[number] for number in numbers]
            chosen_targets = [
                prediction if target is None else target
                for prediction, target in zip(predicted, requested, strict=True)
            ]
            scores = self._gradient_scores(states, logits, chosen_targets)
        scores |= {name: packed_rows(reader.finish(), packed) for name, reader in readers.items()}
        probabilities = self.classifier.probabilities(logits).cpu().numpy()
        return self._split(packed, probabilities, chosen_targets, scores, run.traces())

    def _gradient_scores(self, states: list[Tensor], logits: Tensor, targets: list[int]) -> dict[str, Tensor]:
        """Per gradient method, scores (L, N)."""
        if not self.differentiates:
            return {}
        total = logits.gather(1, torch.tensor(targets, device=logits.device)[:, None]).sum()
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
        probabilities: Float64,
        targets: list[int],
        scores: Mapping[str, Tensor],
        traces: Sequence[DropTrace],
    ) -> list[Reading]:
        rows = {m: self.classifier.finite(s).float().cpu().numpy() for m, s in scores.items()}
        ends = np.cumsum(packed.lengths)
        readings = []
        for number, (length, end) in enumerate(zip(packed.lengths, ends, strict=True)):
            trace = traces[number] if traces else None
            window_scores = {m: row[:, end - length : end] for m, row in rows.items()}
            if trace is not None:
                window_scores |= {method.name: method.reduce(trace) for method in self._decision}
            shares = {m: normalise(row, signed=self._signed[m]) for m, row in window_scores.items()}
            readings.append(Reading(probabilities[number], targets[number], shares, trace))
        return readings


def packed_rows(padded: Tensor, packed: Packed) -> Tensor:
    """(L, B, n) -> (L, N)."""
    return packed.padding.unpad(padded.permute(1, 2, 0)).T


def _attend_for(readers: Sequence[AttentionReader]) -> Attend:
    if not readers:
        return plain_attention

    def read(layer: int, attention: Tensor) -> None:
        for reader in readers:
            reader.read(layer, attention)

    return attend_and_report(read)
