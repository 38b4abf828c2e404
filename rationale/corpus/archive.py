"""The benchmark's archives: fetched or given, verified, and unpacked as if they meant harm."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from glob import escape
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from tqdm import tqdm

from rationale.corpus.eraser import is_eraser
from rationale.corpus.fields import short
from rationale.corpus.tar import Member, members, unpacked
from rationale.corpus.tasks import TASKS
from rationale.errors import DataError
from rationale.files import atomic_path, disk_errors

LARGEST = 8 << 30  # bytes; the benchmark's largest task unpacks to a tenth of it
_RATIO = 200  # text shrinks to a third, a tenth where it repeats itself
_SMALL = 1 << 28  # bytes that any archive may unpack to
_LONGEST_NAME = 1_000  # bytes of a member's path
_LOCK = ".lock"
_CHUNK = 1 << 20
_BY_HAND = "Download it by other means and pass it with --archive."


def get_task(
    task: str,
    out: str | Path,
    *,
    url: str | None = None,
    archive: str | Path | None = None,
    sha256: str | None = None,
    overwrite: bool = False,
    largest: int = LARGEST,
) -> Path:
    """Unpacks a task of the benchmark to ``out``, and notes in ``out/SOURCE.json`` where it came from.

    Args:
        task: A name in `TASKS`; any name where ``url`` or ``archive`` is given.
        out: The folder to make; it appears whole or not at all.
        url: Where to fetch the archive; without this and ``archive``, the benchmark's own address.
        archive: An archive that is here already (``.tar``, ``.tar.gz``, ``.tar.bz2``, ``.tar.xz``).
        sha256: The checksum the archive must have; it is recorded in any case.
        overwrite: Whether an earlier folder may be replaced.
        largest: The number of bytes after which fetching or unpacking is given up.

    Raises:
        DataError: Where the archive cannot be fetched, has another checksum, is damaged, holds anything but
            plain files and folders inside itself, or no data in the benchmark's layout.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    if url is not None and archive is not None:
        raise DataError("both an address and an archive are given", remedy="Pass one of them.")
    out = Path(out)
    with atomic_path(out, overwrite=overwrite) as temporary, _workshop(out) as workshop:
        if archive is None:
            url = url or TASKS.get(task).url
            origin, packed = {"url": url}, _download(url, workshop / "archive", largest)
        else:
            packed = Path(archive)
            origin = {"archive": packed.name}
        checksum = _verified(packed, sha256, url or str(packed))
        unpack(packed, workshop / "content", largest=largest)
        folder = _data_folder(workshop / "content", url or str(packed))
        _note_source(folder, {"task": task, **origin, "sha256": checksum}, packed)
        folder.rename(temporary)
    return out


@contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to unpack in; a killed run leaves one, which the next run removes.

    It is locked while it is in use, so that a run removes no other's.
    """
    for left in out.parent.glob(f".{escape(out.name)}.work.*.tmp"):
        with suppress(Timeout, OSError), FileLock(left / _LOCK, timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    workshop = out.with_name(f".{out.name}.work.{os.getpid()}.tmp")
    with disk_errors(workshop):
        workshop.mkdir()
    try:
        with FileLock(workshop / _LOCK):
            yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def unpack(archive: Path, folder: Path, *, largest: int = LARGEST) -> None:
    """Unpacks the plain files of a tar archive, whatever its compression, into a new folder.

    Raises:
        DataError: Where it is no tar archive or is damaged; where a member is a link or a device, is there
            twice, or would lie outside the folder; where there are too many, or the files together are larger
            than ``largest``, or than any text that was packed so small.
    """
    folder.mkdir()
    bound = min(largest, max(_SMALL, _RATIO * archive.stat().st_size))
    total, seen = 0, set[Path]()
    with _damage(archive), unpacked(archive) as stream:
        for member in members(stream):
            path = _safe_path(member, folder, archive)
            total += member.size
            if total > bound:
                raise DataError(f"the archive unpacks to more than {bound:,} bytes", where=archive)
            if path is not None and member.is_folder:
                path.mkdir(parents=True, exist_ok=True)
            elif path is not None:
                if path in seen:
                    raise _refused(member, "is there twice", archive)
                seen.add(path)
                _write(member, path)


def _safe_path(member: Member, folder: Path, archive: Path) -> Path | None:
    """Where a member goes; None for what macOS adds beside files."""
    name = PurePosixPath(member.name)
    if not (member.is_file or member.is_folder):
        raise _refused(member, "is neither a file nor a folder", archive)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise _refused(member, "would be written outside of it", archive)
    if not member.name.isprintable():
        raise _refused(member, "has a control character in its name", archive)
    if len(member.name.encode()) > _LONGEST_NAME:
        raise _refused(member, "has a longer name than a file can have", archive)
    hidden = any(part.startswith("._") or part in ("__MACOSX", ".DS_Store") for part in name.parts)
    return None if hidden else folder.joinpath(*name.parts)


def _refused(member: Member, problem: str, archive: Path) -> DataError:
    return DataError(
        f"the archive's member {short(member.name)} {problem}",
        where=archive,
        remedy="Nothing has been unpacked. Do not trust this archive.",
    )


def _write(member: Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        for piece in member.read():
            file.write(piece)


@contextmanager
def _damage(archive: Path) -> Iterator[None]:
    """Turns what the unpackers raise on bad archives into one message; errors of the disk pass through."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, ValueError, OSError, MemoryError) as error:
        contradicts_itself = isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError)
        if isinstance(error, OSError) and error.errno is not None and not contradicts_itself:
            raise
        raise DataError(
            f"cannot be unpacked ({str(error)[:200] or 'it needs too much memory'})",
            where=archive,
            remedy="It is no tar archive of plain files, or was cut off; compare its checksum with the "
            "publisher's.",
        ) from error


def _data_folder(content: Path, name: str) -> Path:
    """The folder in benchmark layout: the archive's root, or the first folder under it that is one."""
    folders = [content, *sorted(path for path in content.rglob("*") if path.is_dir() and path.name != "docs")]
    for folder in folders:
        if is_eraser(folder):
            return folder
    raise DataError(
        "holds no data in the benchmark's layout", where=name, remedy="Expected {split}.jsonl beside docs/."
    )


def _note_source(folder: Path, source: dict[str, str], packed: Path) -> None:
    note = {**source, "bytes": packed.stat().st_size, "retrieved": datetime.now(UTC).date().isoformat()}
    text = json.dumps(note, indent=1, ensure_ascii=False) + "\n"
    (folder / "SOURCE.json").write_text(text, encoding="utf-8")


def _verified(archive: Path, expected: str | None, name: str) -> str:
    """The archive's SHA-256, after comparing it with the one expected."""
    try:
        if archive.exists() and not archive.is_file():
            raise DataError("this is a folder, a device or a pipe", where=name, remedy="Name an archive.")
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=archive) from error
    if expected is not None and found != expected.strip().lower():
        raise DataError(
            f"the archive's SHA-256 is {found}, expected {expected}",
            where=name,
            remedy="It was cut off or changed on the way, or another version was published.",
        )
    return found


def _download(url: str, path: Path, largest: int) -> Path:
    """Fetches ``url`` to ``path``, with a progress bar where a person looks on."""
    if not url.startswith(("http://", "https://")):
        raise DataError("only http and https addresses are fetched", where=url, remedy=_BY_HAND)
    try:
        request = Request(url, headers={"User-Agent": "rationale"})  # noqa: S310  (checked above)
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            length = int(answer.headers.get("Content-Length") or 0)
            with (
                disk_errors(path),
                path.open("wb") as file,
                tqdm(total=length or None, unit="B", unit_scale=True, desc=url, disable=None) as bar,
            ):
                received = _copy(answer, file, bar.update, largest, url)
    except (URLError, HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise DataError(f"cannot be fetched ({error})", where=url, remedy=_BY_HAND) from error
    if length and received != length:
        raise DataError(f"{received:,} of {length:,} bytes arrived", where=url, remedy="Try again.")
    return path


def _copy(
    answer: IO[bytes], file: IO[bytes], progress: Callable[[float], object], largest: int, url: str
) -> int:
    received = 0
    while chunk := answer.read(_CHUNK):
        received += len(chunk)
        if received > largest:
            raise DataError(f"the archive is larger than {largest:,} bytes", where=url)
        file.write(chunk)
        progress(len(chunk))
    return received
