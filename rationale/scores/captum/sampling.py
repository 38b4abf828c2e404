"""Which subsets of words KernelSHAP reads. Importing this imports captum, which takes a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import comb
from typing import Any

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import KernelShap
from torch import Tensor


class _EverySubset(KernelShap):  # type: ignore[misc]
    """Reads every subset once and weighs it by the Shapley kernel: exact."""

    def kernel_shap_perturb_generator(self, original_inp: Tensor, **_: Any) -> Iterator[Tensor]:
        """All subsets, (1, M) each."""
        for subset in product((0, 1), repeat=original_inp.shape[1]):
            yield torch.tensor([subset])

    def kernel_shap_similarity_kernel(self, _: Any, __: Any, subset: Tensor, **___: Any) -> Tensor:
        """The kernel's weight of a subset; captum's stand-in for infinity at the two ends."""
        words, size = subset.shape[1], int(subset.sum())
        if size in (0, words):
            return torch.tensor([self.inf_weight])
        return torch.tensor([(words - 1) / (comb(words, size) * size * (words - size))])


class _Pairs(KernelShap):  # type: ignore[misc]
    """Reads each subset drawn and its complement, which takes out the noise of pairs of words.

    Plain least squares breaks down where about as many subsets (or twice as many) are read as there are
    words, as is common here; the penalty mends that and leaves the sum of the scores alone.
    """

    def __init__(self, value: Callable[[Tensor], Tensor], penalty: float) -> None:
        super().__init__(value)
        self.interpretable_model = SkLearnRidge(alpha=penalty, solver="svd")

    def kernel_shap_perturb_generator(self, original_inp: Tensor, **given: Any) -> Iterator[Tensor]:
        """All words, none, then pairs, (1, M) each."""
        drawn = super().kernel_shap_perturb_generator(original_inp, **given)
        yield next(drawn)
        yield next(drawn)
        for subset in drawn:
            yield subset
            yield 1 - subset


def kernel_shap(value: Callable[[Tensor], Tensor], words: int, samples: int, penalty: float = 1.0) -> Tensor:
    """Shapley values (M,) of a game.

    Args:
        value: Takes subsets (P, M) of 0 and 1, gives values (P,).
        words: M, at least 1.
        samples: Subsets to read, besides all words and none.
        penalty: Of the ridge regression, where not all subsets are read.
    """
    everything = torch.ones(1, words)
    if words == 1:
        return value(everything) - value(1 - everything)
    every = 2**words <= samples + 2
    count = 2**words if every else samples + 2
    method = _EverySubset(value) if every else _Pairs(value, penalty)
    scores: Tensor = method.attribute(
        everything, n_samples=count, perturbations_per_eval=count, return_input_shape=False
    )
    return scores
