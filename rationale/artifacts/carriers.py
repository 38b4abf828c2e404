"""The seals at a path: the files that carry them, the results they seal, and how they nest."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rationale.artifacts.kinds import LARGEST, about
from rationale.artifacts.scores import COMPLETE, PROVENANCE, RECIPE
from rationale.artifacts.seal import SEAL, Seal, read_sealed
from rationale.errors import OutputError, RationaleError


@dataclass
class Carrier:
    """A file that carries a seal.

    Attributes:
        path: The file.
        base: The folder that names in the seal are relative to.
        subject: The file or folder that is sealed.
        about: Model and data of the result, from the JSON beside the seal.
        seal: The seal; None where it is damaged.
        problem: The damage, if any.
    """

    path: Path
    base: Path
    subject: Path
    about: str
    seal: Seal | None
    problem: str = ""

    @property
    def named(self) -> dict[Path, str]:
        """The digest of each sealed file, by path."""
        return {} if self.seal is None else {self.base / name: d for name, d in self.seal.files.items()}


def subject_of(path: Path) -> Path:
    """The result that a file belongs to: what a seal file seals, or the folder of a score folder's files."""
    if path.name in (SEAL, COMPLETE, RECIPE):
        return path.parent
    return path.with_name(path.name.removesuffix(f".{SEAL}"))


def files_at(path: Path) -> list[Path]:
    """The regular files at a path, sorted, without hidden ones; for a file also the seal beside it."""
    if not path.exists():
        raise OutputError("there is no such file or folder", where=path)
    if path.is_file():
        return [file for file in (path, path.with_name(f"{path.name}.{SEAL}")) if file.is_file()]
    files: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_cannot_list):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        visible = (Path(folder) / name for name in names if not name.startswith("."))
        files += [file for file in visible if file.is_file()]
    return sorted(files)


def _cannot_list(error: OSError) -> None:
    raise OutputError(f"cannot be read ({error.strerror})", where=str(error.filename)) from error


def carrier_of(path: Path) -> Carrier | None:
    """The seal that a file carries; None without one."""
    if path.suffix != ".json" and path.name != COMPLETE:
        return None
    is_beside = path.name.endswith(f".{SEAL}")
    is_seal_file = is_beside or path.name == SEAL
    if not is_seal_file and not _mentions_seal(path):
        return None
    seals_folder = path.name in (SEAL, COMPLETE)
    subject = path.parent if seals_folder else path.with_name(path.name.removesuffix(f".{SEAL}"))
    try:
        content, seal = read_sealed(path, note=False)
    except RationaleError as error:
        return Carrier(path, path.parent, subject, "", None, error.what)
    if seal is None:
        return Carrier(path, path.parent, subject, "", None, "it has no seal in it") if is_seal_file else None
    if seal.kind == PROVENANCE:
        subject = path.parent
    return Carrier(path, path.parent, subject, about(content), seal)


def _mentions_seal(path: Path) -> bool:
    try:
        text = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError:
        return False
    names = (b'"seal"',) if path.name == COMPLETE else (b'"seal"', b'"kind"', b'"sha256"')
    return all(name in text for name in names)


def roots(carriers: Mapping[Path, Carrier]) -> Iterator[Carrier]:
    """The seals that no other seal names, and that are no part of unfinished scores."""
    inner = {name for carrier in carriers.values() for name in carrier.named if name != carrier.path}
    inner |= {part for carrier in carriers.values() for part in parts_of_unfinished(carrier, carriers)}
    return (carrier for path, carrier in carriers.items() if path not in inner)


def parts_of_unfinished(carrier: Carrier, carriers: Mapping[Path, Carrier]) -> list[Path]:
    """The seals of the parts of unfinished scores, which have a recipe and no ``COMPLETE``."""
    if carrier.seal is None or carrier.seal.kind != PROVENANCE or carrier.base / COMPLETE in carriers:
        return []
    return [path for path in carriers if path.parent.parent == carrier.base and is_part(path.parent)]


def is_part(folder: Path) -> bool:
    """Whether a folder has the name of a part of scores."""
    return folder.name.startswith("part-")


def below(files: Sequence[Path], folder: Path) -> Iterator[Path]:
    """The files in a folder and below, from a sorted list."""
    for path in files[bisect_left(files, folder) :]:
        if not path.is_relative_to(folder):
            return
        yield path
