"""How a file of predictions was read for an earlier result, from the result's provenance."""

from __future__ import annotations

from pathlib import Path

from rationale.artifacts.provenance import Provenance
from rationale.artifacts.record import read_record
from rationale.artifacts.seal import digest
from rationale.errors import DataError
from rationale.files import home
from rationale.predictions.options import PredictionOptions


def recorded_options(file: str | Path, recipe: Provenance) -> PredictionOptions | None:
    """The options that a file was read with, found by its SHA-256.

    Args:
        file: The file.
        recipe: The provenance of an agreement.

    Returns:
        The options; None where no method of the result was imported from a file of this content.

    Raises:
        DataError: Where the file cannot be read.
    """
    path = home(file)
    try:
        sha256 = digest(path)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=path) from error
    for method in recipe.methods.values():
        settings = method.settings or {}
        if settings.get("sha256") == sha256:
            return read_record(PredictionOptions, settings["options"], path, what="no options")
    return None
