"""The seal of a saved result: the SHA-256 of its files, and hashes of its inputs.

A seal is a checksum and not a signature: it shows that a result is unchanged, not who wrote it. It is one
JSON object in one of three places:

- under the key ``"seal"`` of a JSON result;
- in ``seal.json`` of a folder;
- in ``NAME.seal.json`` beside any other file.

``sha256`` covers the rest of the object that carries the seal, as canonical JSON (sorted keys, no blanks), so
that indentation does not count. The names in ``files`` are relative to the folder of the seal.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rationale.errors import OutputError, RationaleError
from rationale.files import atomic_json, json_text
from rationale.strict_json import read_json

log = logging.getLogger(__name__)

SEAL = "seal.json"
_KEY = "seal"
_BLOCK = 1 << 20
_NOTED: set[Path] = set()


@dataclass(frozen=True)
class Seal:
    """The kind of a result, the hashes of its inputs and the digests of its files.

    Attributes:
        kind: Kind of the result: ``"scores"``, ``"agreement"``, ``"training"``, …
        inputs: Hashes and fingerprints of the inputs, by name; no paths.
        files: SHA-256 (64 hex digits) by name, relative to the folder of the seal.
        sha256: SHA-256 of the JSON that carries the seal, without this field.
    """

    kind: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""

    def other_inputs(self, inputs: Mapping[str, object]) -> list[str]:
        """The names of inputs that the seal has with other values; names that it lacks count as equal."""
        return [name for name, value in inputs.items() if self.inputs.get(name, value) != value]


def digest(path: Path) -> str:
    """The SHA-256 of the bytes of a file, 64 hex digits.

    Raises:
        OSError: Where it cannot be read, or is a pipe or a device.
    """
    sha256 = hashlib.sha256()
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
    return sha256.hexdigest()


def sealed(
    content: Mapping[str, Any],
    kind: str,
    inputs: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Adds a seal to ``content`` under the key ``"seal"``, ready to be written as JSON.

    Args:
        content: The result as JSON; an existing seal is replaced.
        kind: Kind of the result.
        inputs: Hashes and fingerprints of the inputs, by name.
        files: Digests of the files that belong to it, by name relative to its folder.
    """
    body = {name: value for name, value in content.items() if name != _KEY}
    seal = Seal(kind, dict(inputs or {}), dict(files or {}))
    return {**body, _KEY: {**asdict(seal), "sha256": _content_digest(body, seal)}}


def _content_digest(body: Mapping[str, Any], seal: Seal) -> str:
    with_seal = {**body, _KEY: {name: value for name, value in asdict(seal).items() if name != "sha256"}}
    text = json.dumps(with_seal, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_sealed(
    path: Path,
    kind: str | None = None,
    *,
    error: type[RationaleError] = OutputError,
    remedy: str = "",
    note: bool = True,
) -> tuple[dict[str, Any], Seal | None]:
    """Reads a JSON result without its seal, and the seal; None without one (an earlier version).

    Does not check the files that the seal names: see :func:`check_files`.

    Args:
        path: The JSON file.
        kind: The expected kind; None takes any.
        error: The class of the errors.
        remedy: What the user can do about a damaged result.
        note: Whether to log a warning about a missing seal, once per file and process.

    Raises:
        RationaleError: Of class ``error``, where the file cannot be read, is no JSON object, was changed
            after it was sealed, or is of another kind.
    """
    if not path.is_file():
        raise error("cannot be read (there is no such file)", where=path, remedy=remedy)
    content = read_json(path, error=error, what="the saved result is damaged", remedy=remedy)
    if _KEY not in content:
        if note:
            note_unsealed(path)
        return content, None
    seal = _parse(content.pop(_KEY))
    if seal is None:
        raise error("the seal is damaged", where=path, remedy=remedy)
    if seal.sha256 != _content_digest(content, seal):
        raise error("it was changed after it was written: its SHA-256 differs", where=path, remedy=remedy)
    if kind is not None and seal.kind != kind:
        raise error(f"expected a result of kind {kind!r}, found {seal.kind!r}", where=path, remedy=remedy)
    return content, seal


def _parse(value: Any) -> Seal | None:
    expected = {"kind": str, "inputs": dict, "files": dict, "sha256": str}
    if not isinstance(value, dict) or value.keys() != expected.keys():
        return None
    if not all(isinstance(value[name], kind) for name, kind in expected.items()):
        return None
    if not all(isinstance(digest, str) and _is_inside(name) for name, digest in value["files"].items()):
        return None
    return Seal(**value)


def _is_inside(name: str) -> bool:
    path = Path(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts


def note_unsealed(path: Path) -> None:
    """Logs once per process that a result has no seal."""
    if path not in _NOTED:
        _NOTED.add(path)
        log.warning(
            "%s: it has no seal, so changes since it was written cannot be detected "
            "(rationale verify --seal %s seals it as it is)",
            path,
            path,
        )


def check_files(
    seal: Seal,
    folder: Path,
    names: Iterable[str] | None = None,
    *,
    error: type[RationaleError] = OutputError,
    remedy: str = "",
) -> None:
    """Checks that the files of a seal exist and are unchanged.

    Args:
        seal: The seal.
        folder: The folder that the names are relative to.
        names: The files to check; None checks all.
        error: The class of the errors.
        remedy: What the user can do about it.

    Raises:
        RationaleError: Of class ``error``, naming the first file that is missing or was changed.
    """
    for name in seal.files if names is None else names:
        path = folder / name
        try:
            current = digest(path)
        except OSError as problem:
            raise error(
                f"a file of this result cannot be read ({problem.strerror or problem})",
                where=path,
                remedy=remedy,
            ) from problem
        if current != seal.files.get(name):
            raise error("it was changed after it was written: its SHA-256 differs", where=path, remedy=remedy)


def seal_folder(
    folder: Path,
    kind: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    names: Iterable[str] | None = None,
    unnamed: bool = False,
) -> None:
    """Writes ``seal.json`` into a folder, and replaces an existing one.

    Args:
        folder: The folder.
        kind: Kind of the result.
        inputs: Hashes and fingerprints of the inputs, by name.
        names: The files, relative; None takes all in the folder and below, without hidden ones and its seal.
        unnamed: Whether the folder has a temporary name and will be flushed and renamed; the seal is then not
            written atomically.
    """
    chosen = sorted(owned(folder)) if names is None else list(names)
    files = {name: digest(folder / name) for name in chosen}
    content = sealed({}, kind, inputs, files)
    if unnamed:
        (folder / SEAL).write_text(json_text(content), encoding="utf-8", newline="\n")
    else:
        atomic_json(folder / SEAL, content, overwrite=True)


def owned(folder: Path) -> set[str]:
    """The names of the files in a folder and below, relative, without its ``seal.json`` and hidden ones."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        path.as_posix()
        for path in files
        if path.as_posix() != SEAL and not any(part.startswith(".") for part in path.parts)
    }


def check_folder(
    folder: Path,
    kind: str | None = None,
    *,
    error: type[RationaleError] = OutputError,
    remedy: str = "",
    strays: bool = True,
    note: bool = True,
) -> Seal | None:
    """Checks a folder against its ``seal.json``; returns None without one.

    Args:
        folder: The folder.
        kind: The expected kind; None takes any.
        error: The class of the errors.
        remedy: What the user can do about it.
        strays: Whether a file that the seal does not name is an error.
        note: Whether to log a warning about a missing seal.

    Raises:
        RationaleError: Of class ``error``, where a file is missing, was changed, or does not belong here.
    """
    if not (folder / SEAL).is_file():
        if note:
            note_unsealed(folder)
        return None
    _, seal = read_sealed(folder / SEAL, kind, error=error, remedy=remedy)
    if seal is None:
        raise error("the seal is damaged", where=folder / SEAL, remedy=remedy)
    if strays and (foreign := sorted(owned(folder) - seal.files.keys())):
        raise error("this file does not belong to the result", where=folder / foreign[0], remedy=remedy)
    check_files(seal, folder, error=error, remedy=remedy)
    return seal


def seal_file(path: Path, kind: str, inputs: Mapping[str, Any] | None = None) -> None:
    """Writes ``NAME.seal.json`` beside a file that is not JSON.

    Write the file first: a file without a seal counts as unfinished. To replace a file, call
    :func:`unseal_file` before.
    """
    atomic_json(beside(path), sealed({}, kind, inputs, {path.name: digest(path)}), overwrite=True)


def unseal_file(path: Path) -> None:
    """Removes the seal beside a file that is about to be replaced."""
    beside(path).unlink(missing_ok=True)


def check_file(
    path: Path,
    kind: str | None = None,
    *,
    error: type[RationaleError] = OutputError,
    remedy: str = "",
    note: bool = True,
) -> Seal | None:
    """Checks a file against the seal beside it; returns None without one.

    Raises:
        RationaleError: Of class ``error``, where the file is missing or was changed.
    """
    if not beside(path).is_file():
        if note:
            note_unsealed(path)
        return None
    _, seal = read_sealed(beside(path), kind, error=error, remedy=remedy)
    if seal is None or path.name not in seal.files:
        raise error("the seal is damaged", where=beside(path), remedy=remedy)
    check_files(seal, path.parent, error=error, remedy=remedy)
    return seal


def beside(path: Path) -> Path:
    """The path of the seal beside a file that is not JSON."""
    return path.with_name(f"{path.name}.{SEAL}")
