"""The learning rate where none is given: what suits the width of the model and the length of the run."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeVar

from rationale.training.options import TrainingOptions

Options = TypeVar("Options", bound=TrainingOptions)

_RATE, _WIDTH, _STEPS = 2e-5, 768, 3000  # what the papers fine-tune BERT-base with
_MOST = 5.0  # times that, for a short run


def usual_rate(width: int, steps: int) -> float:
    """The peak learning rate for a model of ``width`` in a run of ``steps``.

    Narrower models take larger rates, and a run of fewer steps has to go as far in each of them.

    >>> [usual_rate(768, 10_000), usual_rate(768, 120), usual_rate(384, 204)]
    [2e-05, 0.0001, 0.000153]
    """
    longer = min(math.sqrt(max(_STEPS / max(steps, 1), 1.0)), _MOST)
    return float(f"{_RATE * _WIDTH / width * longer:.3g}")


def settled(options: Options, config: Any, documents: int) -> Options:
    """The same options, the learning rate said as a number.

    Args:
        options: Where ``learning_rate`` may be None.
        config: Of the model.
        documents: To train on.
    """
    if options.learning_rate is not None:
        return options
    each = options.batch_size * options.grad_accumulation
    steps = options.epochs * math.ceil(documents / each)
    return replace(options, learning_rate=usual_rate(int(config.hidden_size), steps))
