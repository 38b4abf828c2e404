"""How an evaluation is kept: JSON with its seal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.seal import sealed
from rationale.files import atomic_json


def save_evaluation(path: Path, evaluation: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Writes an evaluation as JSON, sealed.

    Args:
        path: The file.
        evaluation: What :func:`rationale.evaluation.evaluate.evaluate` returned.
        overwrite: Whether the file may be replaced.

    Raises:
        OutputError: Where it exists and may not, or the disk refuses.
    """
    recipe = evaluation["recipe"]
    inputs = {"model": recipe["model"]["hash"], "data": recipe["data"]["fingerprint"]}
    atomic_json(path, sealed(evaluation, "evaluation", inputs), overwrite=overwrite)
