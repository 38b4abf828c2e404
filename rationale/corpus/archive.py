"""Downloads the benchmark's archives, or takes local ones, verifies and unpacks them as untrusted input."""

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

LARGEST = 8 << 30  # bytes; the benchmark's largest task unpacks to a tenth of this
_RATIO = 200  # text compresses to a third, repetitive text to a tenth
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
    """Unpacks a task of the benchmark to ``out``, and records its source in ``out/SOURCE.json``.

    Args:
        task: A name in `TASKS`; any name where ``url`` or ``archive`` is given.
        out: The folder to write; it appears whole or not at all.
        url: The archive's address; without this and ``archive``, the benchmark's own.
        archive: A local archive (``.tar``, ``.tar.gz``, ``.tar.bz2``, ``.tar.xz``).
        sha256: The checksum the archive must have; the actual one is recorded in any case.
        overwrite: Whether an earlier folder may be replaced.
        largest: The number of bytes above which downloading or unpacking stops.

    Raises:
        DataError: Where the archive cannot be downloaded, has another checksum, is damaged, holds anything
            but plain files and folders inside itself, or no data in the benchmark's layout.
        OutputError: Where ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    if url is not None and archive is not None:
        raise DataError("both a URL and an archive are given", remedy="Pass one of them.")
    out = Path(out)
    with atomic_path(out, overwrite=overwrite) as target, _work_folder(out) as work:
        if archive is None:
            url = url or TASKS.get(task).url
            source, archive_path = {"url": url}, _download(url, work / "archive", largest)
        else:
            archive_path = Path(archive)
            source = {"archive": archive_path.name}
        checksum = _verified(archive_path, sha256, url or str(archive_path))
        unpack(archive_path, work / "content", largest=largest)
        folder = _data_folder(work / "content", url or str(archive_path))
        _note_source(folder, {"task": task, **source, "sha256": checksum}, archive_path)
        folder.rename(target)
    return out


@contextmanager
def _work_folder(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to unpack in; the next run removes what a killed run left.

    It is locked while it is in use, so that no run removes the folder of another.
    """
    for leftover in out.parent.glob(f".{escape(out.name)}.work.*.tmp"):
        with suppress(Timeout, OSError), FileLock(leftover / _LOCK, timeout=0):
            shutil.rmtree(leftover, ignore_errors=True)
    work = out.with_name(f".{out.name}.work.{os.getpid()}.tmp")
    with disk_errors(work):
        work.mkdir()
    try:
        with FileLock(work / _LOCK):
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def unpack(archive: Path, folder: Path, *, largest: int = LARGEST) -> None:
    """Unpacks the plain files of a tar archive, whatever its compression, into a new folder.

    Raises:
        DataError: Where it is no tar archive or is damaged; where a member is a link or a device, occurs
            twice, or would lie outside the folder; where there are too many members, or their sizes sum to
            more than ``largest`` or than text of this compressed size can have.
    """
    folder.mkdir()
    bound = min(largest, max(_SMALL, _RATIO * archive.stat().st_size))
    total, written = 0, set[Path]()
    with _one_error(archive), unpacked(archive) as stream:
        for member in members(stream):
            path = _safe_path(member, folder, archive)
            total += member.size
            if total > bound:
                raise DataError(f"the archive unpacks to more than {bound:,} bytes", where=archive)
            if path is not None and member.is_folder:
                path.mkdir(parents=True, exist_ok=True)
            elif path is not None:
                if path in written:
                    raise _member_error(member, "occurs twice", archive)
                written.add(path)
                _write(member, path)


def _safe_path(member: Member, folder: Path, archive: Path) -> Path | None:
    """The path to write a member to; None for files that macOS adds."""
    name = PurePosixPath(member.name)
    if not (member.is_file or member.is_folder):
        raise _member_error(member, "is neither a file nor a folder", archive)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise _member_error(member, "would be written outside the folder", archive)
    if not member.name.isprintable():
        raise _member_error(member, "has a control character in its name", archive)
    if len(member.name.encode()) > _LONGEST_NAME:
        raise _member_error(member, "has a longer name than a file can have", archive)
    hidden = any(part.startswith("._") or part in ("__MACOSX", ".DS_Store") for part in name.parts)
    return None if hidden else folder.joinpath(*name.parts)


def _member_error(member: Member, problem: str, archive: Path) -> DataError:
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
def _one_error(archive: Path) -> Iterator[None]:
    """Turns any exception that a bad archive causes into a DataError; errors of the disk pass through."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, ValueError, OSError, MemoryError) as error:
        contradicts_itself = isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError)
        if isinstance(error, OSError) and error.errno is not None and not contradicts_itself:
            raise
        raise DataError(
            f"cannot be unpacked ({str(error)[:200] or 'it needs too much memory'})",
            where=archive,
            remedy="It is not a tar archive of plain files, or was cut off; compare its checksum with the "
            "publisher's.",
        ) from error


def _data_folder(content: Path, name: str) -> Path:
    """The folder in the benchmark's layout: the archive's root, or the first such folder under it."""
    folders = [content, *sorted(path for path in content.rglob("*") if path.is_dir() and path.name != "docs")]
    for folder in folders:
        if is_eraser(folder):
            return folder
    raise DataError(
        "holds no data in the benchmark's layout", where=name, remedy="Expected {split}.jsonl beside docs/."
    )


def _note_source(folder: Path, source: dict[str, str], archive: Path) -> None:
    note = {**source, "bytes": archive.stat().st_size, "retrieved": datetime.now(UTC).date().isoformat()}
    text = json.dumps(note, indent=1, ensure_ascii=False) + "\n"
    (folder / "SOURCE.json").write_text(text, encoding="utf-8")


def _verified(archive: Path, expected: str | None, name: str) -> str:
    """The archive's SHA-256, compared with the expected one."""
    try:
        if archive.exists() and not archive.is_file():
            raise DataError("this is a folder, a device or a pipe", where=name, remedy="Name an archive.")
        with archive.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=archive) from error
    if expected is not None and actual != expected.strip().lower():
        raise DataError(
            f"the archive's SHA-256 is {actual}, expected {expected}",
            where=name,
            remedy="The download was cut off or altered, or another version was published.",
        )
    return actual


def _download(url: str, path: Path, largest: int) -> Path:
    """Downloads ``url`` to ``path``, with a progress bar on a terminal."""
    if not url.startswith(("http://", "https://")):
        raise DataError("only http and https URLs are supported", where=url, remedy=_BY_HAND)
    try:
        request = Request(url, headers={"User-Agent": "rationale"})  # noqa: S310  (checked above)
        with urlopen(request, timeout=60) as response:  # noqa: S310
            expected = int(response.headers.get("Content-Length") or 0)
            with (
                disk_errors(path),
                path.open("wb") as file,
                tqdm(total=expected or None, unit="B", unit_scale=True, desc=url, disable=None) as bar,
            ):
                received = _copy(response, file, bar.update, largest, url)
    except (URLError, HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise DataError(f"cannot be downloaded ({error})", where=url, remedy=_BY_HAND) from error
    if expected and received != expected:
        raise DataError(f"{received:,} of {expected:,} bytes arrived", where=url, remedy="Try again.")
    return path


def _copy(
    response: IO[bytes], file: IO[bytes], progress: Callable[[float], object], largest: int, url: str
) -> int:
    received = 0
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        if received > largest:
            raise DataError(f"the archive is larger than {largest:,} bytes", where=url)
        file.write(chunk)
        progress(len(chunk))
    return received
