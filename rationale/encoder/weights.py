"""Checks that a checkpoint's weights are complete and belong to the model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypedDict

from rationale.errors import ModelError


class LoadingReport(TypedDict):
    """What transformers tells of loading.

    Attributes:
        missing_keys: Weights that the checkpoint has not.
        unexpected_keys: Weights that the model has not.
        mismatched_keys: Name, stored shape and expected shape of weights of another shape.
    """

    missing_keys: Collection[str]
    unexpected_keys: Collection[str]
    mismatched_keys: Collection[tuple[str, Sequence[int], Sequence[int]]]


def check_weights(report: LoadingReport, model: Any, name: str) -> None:
    """Refuses weights that are incomplete or belong to another model.

    Args:
        report: The report of loading from transformers.
        model: The loaded model.
        name: Its name in messages.

    Raises:
        ModelError: Where a weight is missing, of another shape, or of another dropping system.
    """
    missing = sorted(report["missing_keys"])
    missing_of_system = [key for key in missing if key.startswith("system.")]
    if missing_of_system:
        raise ModelError(
            f"the dropping model lacks weights ({', '.join(missing_of_system[:3])})",
            where=name,
            remedy="The weights were cut short, or config.json is of another system.",
        )
    foreign = sorted(key for key in report["unexpected_keys"] if key.startswith("system."))
    if foreign:
        raise ModelError(
            f"the weights hold what the system of config.json has no place for ({', '.join(foreign[:3])})",
            where=name,
            remedy="They belong to another system: use the config.json saved with them.",
        )
    if any(not key.startswith(f"{model.base_model_prefix}.") for key in missing):
        raise ModelError(
            f"the checkpoint has no classification head (missing {', '.join(missing[:3])})",
            where=name,
            remedy=f"Fine-tune it first: rationale train classifier --model {name} --data DIR --out DIR.",
        )
    require_all(missing, name)
    check_shapes(report, name)


def require_all(missing: Iterable[str], name: str) -> None:
    """Refuses missing weights.

    Args:
        missing: The names of the missing weights.
        name: The model's name in messages.

    Raises:
        ModelError: Naming the first three.
    """
    names = sorted(missing)
    if names:
        raise ModelError(
            f"the checkpoint lacks weights ({', '.join(names[:3])})",
            where=name,
            remedy="The weights belong to another architecture than config.json says, or were cut short.",
        )


def check_shapes(report: LoadingReport, name: str) -> None:
    """Refuses weights of another shape than config.json requires.

    Args:
        report: The report of loading from transformers.
        name: The model's name in messages.

    Raises:
        ModelError: Naming the first of them.
    """
    for key, stored, expected in sorted(report["mismatched_keys"]):
        raise ModelError(
            f"{key} is stored with shape {tuple(stored)}, and config.json requires {tuple(expected)}",
            where=name,
            remedy="The number of labels or the sizes in config.json do not belong to these weights.",
        )
