"""Results in Parquet files, written in one rename, with the seal in a file beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rationale.artifacts.record import Json
from rationale.artifacts.seal import Seal, beside, check_file, seal_file, unseal_file
from rationale.errors import OutputError, RationaleError
from rationale.files import atomic_path, check_output


@dataclass(frozen=True)
class TableArtifact:
    """A kind of result in a Parquet file, with its seal in a file beside it.

    Attributes:
        kind: Its name in the seal.
        remedy: What the user can do about a damaged file.
        error: The class of the errors.
    """

    kind: str
    remedy: str = ""
    error: type[RationaleError] = OutputError

    @contextmanager
    def writing(self, path: Path, inputs: Json | None = None, *, overwrite: bool = True) -> Iterator[Path]:
        """Yields a temporary path to write to; renames the file at the end, then writes its seal.

        Raises:
            OutputError: Where the file exists and ``overwrite`` is off, or the disk refuses.
        """
        unseal_file(check_output(path, overwrite=overwrite))
        with atomic_path(path, overwrite=overwrite) as temporary:
            yield temporary
        seal_file(path, self.kind, inputs)

    def write(self, path: Path, table: pa.Table, inputs: Json | None = None) -> None:
        """Writes a table, and replaces an existing one.

        Raises:
            OutputError: Where the disk refuses.
        """
        with self.writing(path, inputs) as temporary:
            pq.write_table(table, temporary, compression="zstd")

    def is_finished(self, path: Path) -> bool:
        """Whether the file is complete: an interrupted writer leaves it without its seal."""
        return path.exists() and beside(path).exists()

    def check(self, path: Path) -> Seal | None:
        """Checks that the file is unchanged; returns None without a seal.

        Raises:
            RationaleError: Of class ``error``, where the file was changed, or the seal is damaged.
        """
        return check_file(path, self.kind, error=self.error, remedy=self.remedy)

    def remove(self, path: Path) -> None:
        """Deletes the file and its seal."""
        unseal_file(path)
        path.unlink()
