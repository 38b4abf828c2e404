"""The folder of a trained model: the files that decide its predictions, their seal and their digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.seal import SEAL, Seal, check_files, digest, note_unsealed, read_sealed, seal_folder
from rationale.errors import ModelError, RationaleError

TRAINING = "training.json"
_MODEL_FILE = re.compile(
    r"((generation|adapter)_)?config\.json"
    r"|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt"
    r"|chat_template\..*|(pre)?processor_config\.json"
    r"|.*\.(safetensors|model|index\.json)",
)
_REMEDY = (
    "Copy it again from where it was trained, or train it again; if you changed it yourself, "
    "`rationale verify --seal {folder}` seals it as it is."
)


def model_files(folder: Path) -> list[str]:
    """The names of the files in ``folder`` that transformers loads: config, weights, tokenizer."""
    return sorted(
        path.name for path in folder.iterdir() if path.is_file() and _MODEL_FILE.fullmatch(path.name)
    )


def seal_model(
    folder: Path, kind: str, inputs: Mapping[str, Any] | None = None, more: Iterable[str] = ()
) -> None:
    """Seals the files that decide the predictions of a model, so that a README may be edited.

    Args:
        folder: The folder of the model.
        kind: ``"training"`` with a ``training.json``, ``"model"`` without.
        inputs: Hashes and fingerprints of the inputs, by name.
        more: Further files of the result, relative to ``folder``.
    """
    seal_folder(folder, kind, inputs, names=[*model_files(folder), *more])


def check_model(
    folder: Path, *, error: type[RationaleError] = ModelError, remedy: str = _REMEDY, note: bool = True
) -> Seal | None:
    """Checks that the files of a model are unchanged; returns None without a seal.

    Models from elsewhere have no seal, and get no warning.

    Args:
        folder: The folder of the model, or of a training with several models in subfolders.
        error: The class of the errors.
        remedy: What the user can do about it; ``{folder}`` becomes the folder.
        note: Whether to log a warning about a training without a seal.

    Raises:
        RationaleError: Of class ``error``, where a file that the model is loaded from is missing, was changed
            or added.
    """
    remedy = remedy.format(folder=folder)
    if not (folder / SEAL).is_file():
        if note and _is_trained_here(folder):
            note_unsealed(folder)
        return None
    _, seal = read_sealed(folder / SEAL, error=error, remedy=remedy)
    if seal is None:
        raise error("the seal is damaged", where=folder / SEAL, remedy=remedy)
    unsealed = sorted(set(model_files(folder)) - seal.files.keys())
    if unsealed:
        raise error(
            "this file would be loaded as part of the model, and does not belong to it",
            where=folder / unsealed[0],
            remedy=remedy,
        )
    names = [name for name in seal.files if not name.endswith(".md")]
    check_files(seal, folder, names, error=error, remedy=remedy)
    for name in names:
        if Path(name).name == SEAL:  # the seal of a model in a subfolder
            check_model((folder / name).parent, error=error, remedy=remedy)
    return seal


def _is_trained_here(folder: Path) -> bool:
    """Whether a training of this library wrote a folder, as its output or as one of its best epochs."""
    folders = (folder, folder.parent) if folder.name.isdecimal() else (folder,)
    return folder.is_dir() and any((candidate / TRAINING).is_file() for candidate in folders)


def model_digest(folder: Path) -> str:
    """The digest of the files that a model is loaded from, 16 hex digits; independent of the folder.

    Raises:
        OSError: Where a file cannot be read.
    """
    sha256 = hashlib.sha256()
    for name in model_files(folder):
        sha256.update(f"{name}\x1f{digest(folder / name)}\x1e".encode())
    return sha256.hexdigest()[:16]
