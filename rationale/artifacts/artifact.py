"""The protocol of results on disk: each kind is written in one rename, sealed, and read as its type.

An :class:`Artifact` is a kind of result that is one JSON file;
:class:`rationale.artifacts.table.TableArtifact` one that is a Parquet file. What takes up earlier work calls
:func:`require_made_of`: one rule says whether what lies there is the start of what is asked for.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rationale.artifacts.content import first_difference, same
from rationale.artifacts.record import Json, read_record, to_json
from rationale.artifacts.seal import Seal, check_files, read_sealed, sealed
from rationale.errors import OutputError, RationaleError
from rationale.files import atomic_json

T = TypeVar("T")


@dataclass(frozen=True)
class Artifact(Generic[T]):
    """A kind of result that is one JSON file.

    Attributes:
        kind: What its seal calls it.
        record: The type it is read as: a frozen dataclass, or ``Json`` for one that nobody looks into.
        remedy: What the user can do where it is not whole.
        what: What the error of one that does not fit its type begins with.
        error: The class of the errors.
    """

    kind: str
    record: type[T]
    remedy: str = ""
    what: str = "the saved result is damaged"
    error: type[RationaleError] = OutputError

    def write(
        self,
        path: Path,
        result: T,
        *,
        inputs: Json | None = None,
        files: Mapping[str, str] | None = None,
        overwrite: bool = False,
    ) -> None:
        """Writes it with its seal, in one rename.

        Args:
            path: The file.
            result: What it holds.
            inputs: What it was made from: hashes and fingerprints, by name.
            files: SHA-256 of files beside it that it is read with, by name.
            overwrite: Whether an earlier one may be replaced.

        Raises:
            OutputError: Where it exists and may not be replaced, or the disk refuses.
        """
        atomic_json(path, sealed(to_json(result), self.kind, inputs, files), overwrite=overwrite)

    def open(self, path: Path, *, note: bool = True) -> tuple[T, Seal | None]:
        """The result and its seal, None where it was written before there were seals; see :meth:`read`."""
        error, remedy = self.error, self.remedy
        content, seal = read_sealed(path, self.kind, error=error, remedy=remedy, note=note)
        if seal is not None:
            check_files(seal, path.parent, error=error, remedy=remedy)
        result = read_record(self.record, content, path, what=self.what, error=error, remedy=remedy)
        return result, seal

    def read(self, path: Path) -> T:
        """The result, after making sure that it and the files it names are what was written.

        Raises:
            RationaleError: Of class ``error``, where it cannot be read, was changed, is of another kind or
                does not fit its type: what was expected, what was found, and where.
        """
        return self.open(path)[0]

    def resume(self, path: Path) -> T:
        """As :meth:`read`, of a result that other results are about to be computed from.

        Raises:
            RationaleError: Where :meth:`read` does, and where it has no seal: nobody knows whether it is as
                it was.
        """
        result, seal = self.open(path, note=False)
        require_sealed(seal, path)
        return result


def require_made_of(
    path: Path,
    earlier: Json,
    seal: Seal | None,
    now: Json,
    *,
    inputs: Json | None = None,
    without: Container[str] = (),
    what: str,
    remedy: str,
) -> None:
    """Makes sure that what lies there was made of what is asked for: the one rule by which work is taken up.

    Args:
        path: What is taken up.
        earlier: What it says it was made of.
        seal: Its seal.
        now: What is asked for. Names and paths beside a hash or a fingerprint do not count.
        inputs: Digests of what it has to be made from besides.
        without: Top-level entries that do not count.
        what: What the error calls another one, such as ``"another training lies there"``.
        remedy: What the user can do about it.

    Raises:
        OutputError: Where it was made of something else, or nobody knows because it has no seal.
    """
    old, new = ({name: each for name, each in one.items() if name not in without} for one in (earlier, now))
    if not same(old, new):
        raise OutputError(f"{what} ({first_difference(old, new)})", where=path, remedy=remedy)
    own = require_sealed(seal, path).inputs
    changed = sorted(name for name, value in (inputs or {}).items() if own.get(name, value) != value)
    if changed:
        raise OutputError(f"it was made from another {', '.join(changed)}", where=path, remedy=remedy)


def require_sealed(seal: Seal | None, path: Path) -> Seal:
    """The seal of what is about to be taken up.

    Raises:
        OutputError: Where there is none.
    """
    if seal is None:
        raise OutputError(
            "it was written before results were sealed, so changes since cannot be seen",
            where=path,
            remedy="Remove it or pass --overwrite: it is made again; or, if you trust it, "
            f"`rationale verify --seal {path}` seals it as it is.",
        )
    return seal
