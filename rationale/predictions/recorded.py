"""How a file of predictions was read for an earlier result, from the result's provenance."""

from __future__ import annotations

from pathlib import Path

from rationale.artifacts.provenance import Provenance
from rationale.artifacts.record import read_record
from rationale.predictions.files import PredictionFile
from rationale.predictions.options import PredictionOptions


def recorded_options(file: str | Path | PredictionFile, recipe: Provenance) -> PredictionOptions | None:
    """The options that a file was read with, found by its SHA-256.

    Args:
        file: The file, or what was read of it.
        recipe: The provenance of an agreement.

    Returns:
        The options; None where no method of the result was imported from a file of this content.

    Raises:
        DataError: Where the file cannot be read.
    """
    read = PredictionFile.of(file)
    for method in recipe.methods.values():
        settings = method.settings or {}
        if settings.get("sha256") == read.sha256:
            return read_record(PredictionOptions, settings["options"], read.path, what="no options")
    return None
