"""The protocol of results on disk: each kind is written in one rename, sealed, and read as its type.

An :class:`Artifact` is a kind of result in one JSON file;
:class:`rationale.artifacts.table.TableArtifact` is one in a Parquet file. Code that resumes earlier work
calls :func:`require_made_of`, the one check that it has the requested inputs.
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
    """A kind of result in one JSON file.

    Attributes:
        kind: Its name in the seal.
        record: The type to read it as: a frozen dataclass, or ``Json`` for unparsed content.
        remedy: What the user can do about a damaged file.
        what: The start of the error of a file that does not fit its type.
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
        """Writes a result with its seal, in one rename.

        Args:
            path: The file.
            result: The result.
            inputs: Hashes and fingerprints of the inputs, by name.
            files: SHA-256 of the files beside it that belong to it, by name.
            overwrite: Whether to replace an existing file.

        Raises:
            OutputError: Where the file exists and ``overwrite`` is off, or the disk refuses.
        """
        atomic_json(path, sealed(to_json(result), self.kind, inputs, files), overwrite=overwrite)

    def open(self, path: Path, *, note: bool = True) -> tuple[T, Seal | None]:
        """Reads a result and its seal, None without one (an earlier version wrote none); see :meth:`read`."""
        error, remedy = self.error, self.remedy
        content, seal = read_sealed(path, self.kind, error=error, remedy=remedy, note=note)
        if seal is not None:
            check_files(seal, path.parent, error=error, remedy=remedy)
        result = read_record(self.record, content, path, what=self.what, error=error, remedy=remedy)
        return result, seal

    def read(self, path: Path) -> T:
        """Reads a result, and checks that it and the files it names are unchanged.

        Raises:
            RationaleError: Of class ``error``, where the file cannot be read, was changed, is of another
                kind or does not fit its type.
        """
        return self.open(path)[0]

    def resume(self, path: Path) -> T:
        """Reads a result that other results will be computed from.

        Raises:
            RationaleError: Where :meth:`read` does, and where it has no seal, so that changes are invisible.
        """
        result, seal = self.open(path, note=False)
        require_sealed(seal, path)
        return result


def require_made_of(
    path: Path,
    earlier: Json,
    seal: Seal | None,
    requested: Json,
    *,
    inputs: Json | None = None,
    without: Container[str] = (),
    what: str,
    remedy: str,
) -> None:
    """Checks that earlier work has the requested inputs and settings: the one rule for resuming work.

    Args:
        path: The file or folder of the earlier work.
        earlier: Its recorded inputs and settings.
        seal: Its seal.
        requested: The requested inputs and settings; names and paths beside a hash are ignored.
        inputs: Digests of further inputs that the seal must name.
        without: Top-level entries to ignore.
        what: The start of the error, such as ``"the folder holds another training"``.
        remedy: What the user can do about other work.

    Raises:
        OutputError: Where inputs or settings differ, or the earlier work has no seal.
    """
    previous, expected = (
        {name: entry for name, entry in record.items() if name not in without}
        for record in (earlier, requested)
    )
    if not same(previous, expected):
        raise OutputError(f"{what} ({first_difference(previous, expected)})", where=path, remedy=remedy)
    changed = sorted(require_sealed(seal, path).other_inputs(inputs or {}))
    if changed:
        raise OutputError(f"it was made from another {', '.join(changed)}", where=path, remedy=remedy)


def require_sealed(seal: Seal | None, path: Path) -> Seal:
    """Returns the seal of earlier work that will be resumed.

    Raises:
        OutputError: Where it has none.
    """
    if seal is None:
        raise OutputError(
            "it has no seal, so changes since it was written cannot be detected",
            where=path,
            remedy="Remove it or pass --overwrite to compute it again; or, if you trust it, "
            f"`rationale verify --seal {path}` seals it as it is.",
        )
    return seal
