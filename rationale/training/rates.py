"""Default learning rate and number of epochs of a fine-tuning, from the model and the documents."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeVar

from rationale.training.options import TrainingOptions

Options = TypeVar("Options", bound=TrainingOptions)

_RATE, _WIDTH, _STEPS = 2e-5, 768, 3000  # the papers' fine-tuning of BERT-base
_MAX_FACTOR = 5.0  # of the learning rate in a short run
_CEILING = 2e-3
_MIN_STEPS, _MAX_EPOCHS = 1000, 20


def usual_rate(width: int, steps: int) -> float:
    """The default peak learning rate for a model of ``width`` in a run of ``steps``.

    Narrower models and shorter runs take larger rates. The power of 1.5 is close to rates tuned by hand:
    2e-3 at width 64 (the demo), 1e-4 at 384 (docs/results).

    >>> [usual_rate(768, 10_000), usual_rate(768, 120), usual_rate(384, 204), usual_rate(128, 10_000)]
    [2e-05, 0.0001, 0.000217, 0.000294]
    """
    factor = min(math.sqrt(max(_STEPS / max(steps, 1), 1.0)), _MAX_FACTOR)
    return min(float(f"{_RATE * (_WIDTH / width) ** 1.5 * factor:.3g}"), _CEILING)


def enough_epochs(options: TrainingOptions, documents: int) -> int:
    """The number of epochs of a plain fine-tuning: that of the options, and more on few documents.

    At least 1,000 steps, in at most 20 epochs: fine-tuning on few documents stays at chance for its first
    few hundred steps (Mosbach et al. 2021 advise 20 epochs there).

    >>> [enough_epochs(TrainingOptions(epochs=3, batch_size=16), count) for count in (100, 1080, 67_349)]
    [20, 15, 3]
    """
    steps = _steps_per_epoch(options, documents)
    return max(options.epochs, min(math.ceil(_MIN_STEPS / steps), _MAX_EPOCHS))


def settled(options: Options, config: Any, documents: int) -> Options:
    """The same options with the default learning rate as a number.

    Args:
        options: Options whose ``learning_rate`` may be None.
        config: Configuration of the model.
        documents: Number of training documents.
    """
    if options.learning_rate is not None:
        return options
    steps = options.epochs * _steps_per_epoch(options, documents)
    return replace(options, learning_rate=usual_rate(int(config.hidden_size), steps))


def _steps_per_epoch(options: TrainingOptions, documents: int) -> int:
    return max(math.ceil(documents / (options.batch_size * options.grad_accumulation)), 1)
