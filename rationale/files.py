"""Writes outputs atomically: to a temporary name, flushed, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from glob import escape
from pathlib import Path

from rationale.errors import OutputError, RationaleError

_OLD_SECONDS = 24 * 3600.0


def home(path: str | Path) -> Path:
    """The path with a leading ``~`` or ``~user`` replaced by the home folder, as shells do not always.

    Raises:
        RationaleError: Where the user does not exist.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise RationaleError(
            "this names the home folder of a user who does not exist",
            where=path,
            remedy="Write the full path.",
        ) from error


def check_output(path: str | Path, *, overwrite: bool) -> Path:
    """Checks that an output may be written, creates its parent folders, and returns the path.

    Raises:
        OutputError: Where it exists and ``overwrite`` is off, or its folder cannot be made.
    """
    path = home(path)
    with disk_errors(path):
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OutputError("this is a device or a pipe", where=path, remedy="Name a file or a folder.")
        if path.exists() and not overwrite:
            raise OutputError(
                "the output exists already", where=path, remedy="Choose another path, or pass --overwrite."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns an OSError of the block (full, read-only, no permission) into an OutputError with the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})",
            where=path,
            remedy="Earlier outputs are unchanged; free space or choose another path.",
        ) from error


@contextmanager
def atomic_path(path: str | Path, *, overwrite: bool) -> Iterator[Path]:
    """Yields a temporary sibling to write to; it becomes ``path`` if the block succeeds and vanishes if not.

    Raises:
        OutputError: Where ``path`` exists and ``overwrite`` is off, or is a folder with entries that the
            output does not have, or the disk refuses.
    """
    path = check_output(path, overwrite=overwrite)
    path = path if path.name else path.resolve()
    temporary = path.with_name(f".{path.name}.{_machine()}-{os.getpid()}.tmp")
    try:
        with disk_errors(path):
            sweep(path)
            yield temporary
            _flush(temporary)
            _check_replaceable(temporary, path)
            put_in_place(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):  # a disk that cannot be written has raised above
                temporary.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Removes temporary files that killed processes left beside the output ``path``.

    Those of a process of this machine are removed once it has ended. Those of another machine or container,
    whose processes cannot be seen here, are removed when they are a day old.
    """
    for leftover in path.parent.glob(f".{escape(path.name)}.*.tmp"):
        machine, _, process = leftover.name.removesuffix(".tmp").rpartition(".")[2].rpartition("-")
        if not process.isdecimal():
            continue  # not one of ours
        with suppress(FileNotFoundError):  # its process has just put it in place
            is_old = time.time() - leftover.stat().st_mtime > _OLD_SECONDS
            if (machine == _machine() or is_old) and not _runs(int(process)):
                discard(leftover)


def discard(path: Path) -> None:
    """Removes a temporary file or folder."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@cache
def _machine() -> str:
    """Eight hex digits shared by processes that see each other: over host, boot id and container."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def put_in_place(temporary: Path, path: Path) -> None:
    """Renames ``temporary`` to ``path``; moves an old folder aside first, so that no kill loses both."""
    if path.is_dir():
        aside = path.with_name(f".{path.name}.{os.getpid()}.old")
        path.rename(aside)
        try:
            temporary.rename(path)
        except OSError:
            aside.rename(path)
            raise
    else:
        temporary.replace(path)
    for old in path.parent.glob(f".{escape(path.name)}.*.old"):  # also those of killed runs
        shutil.rmtree(old, ignore_errors=True)


def _check_replaceable(temporary: Path, path: Path) -> None:
    """Checks that overwriting deletes an earlier output, and not a folder named by mistake."""
    if not path.is_dir():
        return
    if not temporary.is_dir():
        raise OutputError("the output is a file, and this is a folder", where=path, remedy="Name a file.")
    foreign = {entry.name for entry in path.iterdir()} - {entry.name for entry in temporary.iterdir()}
    if foreign:
        raise OutputError(
            f"this folder holds more than an earlier output: {min(foreign)!r}",
            where=path,
            remedy="It is not overwritten; move that file away, or choose another path.",
        )


def atomic_text(path: str | Path, text: str, *, overwrite: bool) -> Path:
    """Writes ``text`` as UTF-8 atomically: a reader sees all of it or none."""
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return home(path)


def atomic_json(path: str | Path, content: Mapping[str, object], *, overwrite: bool) -> Path:
    """Writes ``content`` as indented JSON, NaN refused, in one step."""
    return atomic_text(path, json_text(content), overwrite=overwrite)


def json_text(content: Mapping[str, object]) -> str:
    """``content`` as indented JSON, NaN refused."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _flush(path: Path) -> None:
    """Flushes a file, or each file of a folder, to the disk, so that no rename precedes its content."""
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
