"""Training and prediction on parts of documents, every kept token at its own position."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rationale.dropping.run import run_full
from rationale.encoder import FAMILIES
from rationale.loading.classifier import Classifier
from rationale.scores.removal import Reduced
from rationale.tokens.batches import run_windows
from rationale.tokens.packing import Packed
from rationale.training.encoding import Encoded
from rationale.training.task import mean_loss
from rationale.training.trainer import ClassifierTrainer

_BATCH = 32


class Parts(Encoded):
    """A dataset of the kept parts of documents.

    Args:
        parts: One part per document.
        labels: Label id of each document.
    """

    def __init__(self, parts: Sequence[Reduced], labels: Sequence[int]) -> None:
        super().__init__([], [], typed=True)
        self.parts, self.labels = parts, labels
        self.lengths = [part.ids.size for part in parts]
        self.by_length = sorted(range(len(parts)), key=lambda i: -self.lengths[i])

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, position: int) -> dict[str, Any]:
        """The part, its label id and its position in the dataset."""
        return {"part": self.parts[position], "labels": self.labels[position], "position": position}


def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Pads a batch to tensors (B, n), which the trainer packs; ``position_ids`` are -1 in padding."""
    parts = [row["part"] for row in rows]
    longest = max(part.ids.size for part in parts)

    def pad(values: Sequence[Any], fill: int) -> Tensor:
        padded = [np.pad(v.astype(np.int64), (0, longest - v.size), constant_values=fill) for v in values]
        return torch.from_numpy(np.stack(padded))

    return {
        "input_ids": pad([p.ids for p in parts], 0),
        "token_type_ids": pad([p.types for p in parts], 0),
        "position_ids": pad([p.positions for p in parts], -1),
        "labels": torch.tensor([row["labels"] for row in rows]),
        "position": torch.tensor([row["position"] for row in rows]),
    }


class PartsTrainer(ClassifierTrainer):
    """Fine-tunes on :class:`Parts`, packed without padding, each token at its own position.

    Args:
        smoothing: Label smoothing: the probability mass spread evenly over all labels.
        **settings: Arguments of :class:`ClassifierTrainer`.
    """

    def __init__(self, *, smoothing: float, **settings: Any) -> None:
        super().__init__(**settings)
        self._smoothing = smoothing

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The cross-entropy of the packed batch; with ``return_outputs`` also the logits."""
        unwrapped: Any = self.accelerator.unwrap_model(model)
        present = inputs["position_ids"] >= 0
        batch = Packed(
            inputs["input_ids"][present],
            inputs["token_type_ids"][present],
            inputs["position_ids"][present],
            tuple(present.sum(dim=1).tolist()),
        )
        logits = run_full(FAMILIES.get(unwrapped.config.model_type)(unwrapped), batch).logits
        outputs = {"logits": logits}
        loss = mean_loss(outputs, inputs["labels"], num_items_in_batch, smoothing=self._smoothing)
        loss = self.of_all(loss, num_items_in_batch)
        return (loss, outputs) if return_outputs else loss


def predict_parts(classifier: Classifier, parts: Sequence[Reduced]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Predicts the class probabilities of each part, float64 (D, C).

    Raises:
        ModelError: Where the model yields NaN.
    """
    run = partial(_probabilities, classifier)
    return np.stack(list(run_windows(parts, _BATCH, run, device=classifier.device)))


def _probabilities(classifier: Classifier, packed: Packed, indices: list[int]) -> list[Any]:
    del indices
    logits = classifier.finite(classifier.hard(packed).logits)
    return list(classifier.probabilities(logits).cpu().numpy())
