"""The folder of a trained model: the files that decide what it says, and whether they are as they were."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.seal import SEAL, Seal, check_files, digest, note_unsealed, read_sealed, seal_folder
from rationale.errors import ModelError, RationaleError

TRAINING = "training.json"
_READ = re.compile(
    r"((generation|adapter)_)?config\.json"
    r"|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt"
    r"|chat_template\..*|(pre)?processor_config\.json"
    r"|.*\.(safetensors|model|index\.json)",
)
_REMEDY = (
    "Take it from where it was trained, or train it again; if you changed it yourself, "
    "`rationale verify --seal {folder}` seals it as it is."
)


def model_files(folder: Path) -> list[str]:
    """The names of the files in ``folder`` that transformers reads: config, weights, tokenizer."""
    return sorted(path.name for path in folder.iterdir() if path.is_file() and _READ.fullmatch(path.name))


def seal_model(
    folder: Path, kind: str, inputs: Mapping[str, Any] | None = None, more: Iterable[str] = ()
) -> None:
    """Seals what decides what a model says; a README may be edited.

    Args:
        folder: The model's.
        kind: ``"training"`` with a ``training.json``, ``"model"`` without.
        inputs: What it was made from.
        more: Files that belong to it besides, relative.
    """
    seal_folder(folder, kind, inputs, names=[*model_files(folder), *more])


def check_model(
    folder: Path, *, error: type[RationaleError] = ModelError, remedy: str = _REMEDY, note: bool = True
) -> Seal | None:
    """Makes sure that a model is the one that was trained; None where its folder has no seal.

    A folder that this library did not make has none, and is not mentioned.

    Args:
        folder: The model's, or that of a training with several models in folders of their own.
        error: The class of the errors.
        remedy: What the user can do about it; ``{folder}`` becomes the folder.
        note: Whether a missing seal of a training is noted in the log.

    Raises:
        RationaleError: Of class ``error``, where a file that the model is read from is missing, was changed
            or added.
    """
    remedy = remedy.format(folder=folder)
    if not (folder / SEAL).is_file():
        if note and _is_ours(folder):
            note_unsealed(folder)
        return None
    _, seal = read_sealed(folder / SEAL, error=error, remedy=remedy)
    if seal is None:
        raise error("the seal is damaged", where=folder / SEAL, remedy=remedy)
    added = sorted(set(model_files(folder)) - seal.files.keys())
    if added:
        raise error(
            "this file would be read as part of the model, and does not belong to it",
            where=folder / added[0],
            remedy=remedy,
        )
    names = [name for name in seal.files if not name.endswith(".md")]
    check_files(seal, folder, names, error=error, remedy=remedy)
    for name in names:
        if Path(name).name == SEAL:  # of a model in a folder of its own
            check_model((folder / name).parent, error=error, remedy=remedy)
    return seal


def _is_ours(folder: Path) -> bool:
    """Whether a training of this library left a folder: itself, or as one of its best epochs."""
    places = (folder, folder.parent) if folder.name.isdecimal() else (folder,)
    return folder.is_dir() and any((place / TRAINING).is_file() for place in places)


def model_digest(folder: Path) -> str:
    """16 hex digits over the files that a model is read from: equal for equal bytes, wherever they lie.

    Raises:
        OSError: Where they cannot be read.
    """
    total = hashlib.sha256()
    for name in model_files(folder):
        total.update(f"{name}\x1f{digest(folder / name)}\x1e".encode())
    return total.hexdigest()[:16]
