"""The seals at a path: which files carry them, what they are of, and which hangs on which."""

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
        base: Where the names in the seal start from.
        subject: The file or folder that is sealed.
        about: Of which model and data it is, by the JSON beside the seal.
        seal: The seal; None where it is damaged.
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
    """What a file stands for: of a seal what it seals, of a part of a folder's result the folder."""
    if path.name in (SEAL, COMPLETE, RECIPE):
        return path.parent
    return path.with_name(path.name.removesuffix(f".{SEAL}"))


def files_at(path: Path) -> list[Path]:
    """Regular files at a path, sorted, hidden ones aside; of a file those beside it that may seal it."""
    if not path.exists():
        raise OutputError("there is no such file or folder", where=path)
    if path.is_file():
        return [file for file in (path, path.with_name(f"{path.name}.{SEAL}")) if file.is_file()]
    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_cannot_list):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = (Path(folder) / name for name in names if not name.startswith("."))
        found += [file for file in inside if file.is_file()]
    return sorted(found)


def _cannot_list(error: OSError) -> None:
    raise OutputError(f"cannot be read ({error.strerror})", where=str(error.filename)) from error


def carrier_of(path: Path) -> Carrier | None:
    """The seal that a file carries; None where it carries none."""
    if path.suffix != ".json" and path.name != COMPLETE:
        return None
    beside = path.name.endswith(f".{SEAL}")
    always = beside or path.name == SEAL
    if not always and not _mentions_seal(path):
        return None
    folder = path.name in (SEAL, COMPLETE)
    subject = path.parent if folder else path.with_name(path.name.removesuffix(f".{SEAL}"))
    try:
        content, seal = read_sealed(path, note=False)
    except RationaleError as error:
        return Carrier(path, path.parent, subject, "", None, error.what)
    if seal is None:
        return Carrier(path, path.parent, subject, "", None, "it has no seal in it") if always else None
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
    """The seals that no other seal names."""
    inner = {name for carrier in carriers.values() for name in carrier.named if name != carrier.path}
    inner |= {part for carrier in carriers.values() for part in parts_of_unfinished(carrier, carriers)}
    return (carrier for path, carrier in carriers.items() if path not in inner)


def parts_of_unfinished(carrier: Carrier, carriers: Mapping[Path, Carrier]) -> list[Path]:
    """The seals of the parts beside the recipe of a run that no ``COMPLETE`` ends yet."""
    if carrier.seal is None or carrier.seal.kind != PROVENANCE or carrier.base / COMPLETE in carriers:
        return []
    return [path for path in carriers if path.parent.parent == carrier.base and is_part(path.parent)]


def is_part(folder: Path) -> bool:
    """Whether a folder is called like a part of scores."""
    return folder.name.startswith("part-")


def below(files: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Those of the sorted files that lie in a folder or below."""
    for path in files[bisect_left(files, folder) :]:
        if not path.is_relative_to(folder):
            return
        yield path
