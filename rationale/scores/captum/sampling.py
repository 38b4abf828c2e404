"""LIME and KernelSHAP over words: the subsets to read, and the regression over them.

captum draws from the process's global generators, which other threads use too. Here subsets are drawn in
captum's way from a generator of the window alone; the tests compare with captum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from rationale.randomness import Randomness

Value = Callable[[Tensor], Tensor]
"""Maps subsets (P, M) of 0 and 1 to values (P,)."""

_ENDS = 1_000_000.0  # captum's stand-in for the infinite weight of all words and of none


def lime(
    value: Value, words: int, samples: int, randomness: Randomness, *, kernel_width: float, penalty: float
) -> Tensor:
    """Coefficients (M,) of a ridge regression over random subsets; those near the full text weigh more.

    Args:
        value: The model's output for subsets of the words.
        words: M, at least 1.
        samples: Subsets to read; each word stays with probability one half.
        randomness: Decides the subsets.
        kernel_width: Width of exp(-distance^2 / (2 width^2)); the distance is 1 - the cosine with the full
            text.
        penalty: The penalty of the ridge regression.
    """
    generator, half = randomness.torch(), torch.full((1, words), 0.5)
    subsets = torch.cat([torch.bernoulli(half, generator=generator) for _ in range(samples)])
    distance = 1 - torch.cosine_similarity(torch.ones(1, words), subsets).double()
    weights = torch.exp(-(distance**2) / (2 * kernel_width**2))
    return _regression(subsets, value(subsets), weights, penalty, solver="auto")


def kernel_shap(
    value: Value, words: int, samples: int, penalty: float = 1.0, randomness: Randomness | None = None
) -> Tensor:
    """Shapley values (M,) of the words.

    Plain least squares is unstable where about as many subsets (or twice as many) are read as there are
    words, as is common here; the penalty corrects that and leaves the sum of the scores unchanged.

    Args:
        value: The model's output for subsets of the words.
        words: M, at least 1.
        samples: Subsets to read, besides all words and none.
        penalty: The penalty of the ridge regression, where not all subsets are read.
        randomness: Decides the subsets, where not all are read; None is that of seed 0.
    """
    everything = torch.ones(1, words)
    if words == 1:
        return value(everything) - value(1 - everything)
    if 2**words <= samples + 2:
        subsets = torch.tensor(list(product((0.0, 1.0), repeat=words)))
        return _regression(subsets, value(subsets), _kernel(subsets))
    subsets = _pairs(words, samples, randomness or Randomness.of(0))
    weights = torch.ones(len(subsets))
    weights[:2] = _ENDS
    return _regression(subsets, value(subsets), weights, penalty, solver="svd")


def _kernel(subsets: Tensor) -> Tensor:
    """The Shapley kernel's weight of each subset, (P,)."""
    words = subsets.shape[1]
    by_size = [0.0, *((words - 1) / (math.comb(words, k) * k * (words - k)) for k in range(1, words)), 0.0]
    weights = torch.tensor(by_size)
    weights[0] = weights[-1] = _ENDS
    return weights[subsets.sum(dim=1).long()]


def _pairs(words: int, samples: int, randomness: Randomness) -> Tensor:
    """All words, none, then subsets drawn by the Shapley kernel, each before its complement, (2 + P, M).

    Pairs remove the noise of interactions between two words.
    """
    generator, sizes = randomness.torch(), torch.arange(words, dtype=torch.float32)
    chances = torch.tensor(float(words - 1)) / (sizes * (words - sizes))
    chances[0] = 0.0
    chances = chances / chances.sum()
    subsets = [torch.ones(words), torch.zeros(words)]
    while len(subsets) < samples + 2:
        size = int(torch.multinomial(chances, 1, replacement=True, generator=generator))
        noise = torch.randn(1, words, generator=generator)[0]
        subset = (noise > torch.kthvalue(noise, words - size).values).float()
        subsets += [subset, 1 - subset]
    return torch.stack(subsets[: samples + 2])


def _regression(
    subsets: Tensor, values: Tensor, weights: Tensor, penalty: float | None = None, solver: str = "auto"
) -> Tensor:
    """Coefficients (M,) of a weighted regression with an intercept; a ridge regression with ``penalty``."""
    from sklearn.linear_model import LinearRegression, Ridge

    model = LinearRegression() if penalty is None else Ridge(alpha=penalty, solver=solver)
    model.fit(subsets.numpy(), values.float().numpy(), sample_weight=weights.float().numpy())
    return torch.from_numpy(model.coef_).float()
