"""Learning rate and length of a fine-tuning where none is given: what suits the model and the documents."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeVar

from rationale.training.options import TrainingOptions

Options = TypeVar("Options", bound=TrainingOptions)

_RATE, _WIDTH, _STEPS = 2e-5, 768, 3000  # what the papers fine-tune BERT-base with
_MOST = 5.0  # times that, for a short run
_CEILING = 2e-3
_ENOUGH, _EPOCHS = 1000, 20


def usual_rate(width: int, steps: int) -> float:
    """The peak learning rate for a model of ``width`` in a run of ``steps``.

    Narrower models take larger rates, and a run of fewer steps has to go as far in them. The power of 1.5
    lies near what was tuned by hand: 2e-3 at width 64 (the demo), 1e-4 at 384 (docs/results).

    >>> [usual_rate(768, 10_000), usual_rate(768, 120), usual_rate(384, 204), usual_rate(128, 10_000)]
    [2e-05, 0.0001, 0.000217, 0.000294]
    """
    longer = min(math.sqrt(max(_STEPS / max(steps, 1), 1.0)), _MOST)
    return min(float(f"{_RATE * (_WIDTH / width) ** 1.5 * longer:.3g}"), _CEILING)


def enough_epochs(options: TrainingOptions, documents: int) -> int:
    """Epochs of a plain fine-tuning on ``documents``: those of the options, and in small sets more.

    At least 1,000 steps, in at most 20 epochs: fine-tuning on few documents stays at chance for its first
    few hundred steps (Mosbach et al. 2021, who advise 20 epochs there).

    >>> [enough_epochs(TrainingOptions(epochs=3, batch_size=16), count) for count in (100, 1080, 67_349)]
    [20, 15, 3]
    """
    steps = _steps_each(options, documents)
    return max(options.epochs, min(math.ceil(_ENOUGH / steps), _EPOCHS))


def settled(options: Options, config: Any, documents: int) -> Options:
    """The same options, the learning rate said as a number.

    Args:
        options: Where ``learning_rate`` may be None.
        config: Of the model.
        documents: To train on.
    """
    if options.learning_rate is not None:
        return options
    steps = options.epochs * _steps_each(options, documents)
    return replace(options, learning_rate=usual_rate(int(config.hidden_size), steps))


def _steps_each(options: TrainingOptions, documents: int) -> int:
    return max(math.ceil(documents / (options.batch_size * options.grad_accumulation)), 1)
