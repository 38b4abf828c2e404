"""Outputs that are whole or absent: written to a temporary name, flushed, renamed."""

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
    """The path, a leading ``~`` or ``~user`` replaced by that home folder; a shell does not always do it.

    Raises:
        RationaleError: Where there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise RationaleError(
            "this names the home folder of a user who is not here",
            where=path,
            remedy="Write the path out.",
        ) from error


def check_output(path: str | Path, *, overwrite: bool) -> Path:
    """The path, after making sure that it may be written; its parent folders are made.

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
    """Turns what the disk says (full, read-only, no permission) into an OutputError that names the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror or error})",
            where=path,
            remedy="Nothing that was there before has been touched; free space or choose another path.",
        ) from error


@contextmanager
def atomic_path(path: str | Path, *, overwrite: bool) -> Iterator[Path]:
    """Yields a temporary sibling to write to; it becomes ``path`` if the block succeeds and vanishes if not.

    Raises:
        OutputError: Where ``path`` exists and ``overwrite`` is off, or is a folder that holds anything the
            output does not, or the disk refuses.
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
            with suppress(OSError):  # a disk that cannot be written has said so above
                temporary.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Removes what killed processes left of the output ``path``.

    Temporaries of a process of this machine go as soon as it has ended. Those of another machine or
    container, whose processes are not seen from this one, go when they are a day old.
    """
    for left in path.parent.glob(f".{escape(path.name)}.*.tmp"):
        machine, _, process = left.name.removesuffix(".tmp").rpartition(".")[2].rpartition("-")
        if not process.isdecimal():
            continue  # not one of ours
        with suppress(FileNotFoundError):  # its own process has just put it in place
            old = time.time() - left.stat().st_mtime > _OLD_SECONDS
            if (machine == _machine() or old) and not _runs(int(process)):
                discard(left)


def discard(path: Path) -> None:
    """Removes a temporary file or folder."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@cache
def _machine() -> str:
    """Eight hex digits that processes share which see each other: host, start of the system, container."""
    told = [platform.node()]
    with suppress(OSError):
        told.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
    with suppress(OSError):
        told.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def put_in_place(temporary: Path, path: Path) -> None:
    """Renames ``temporary`` to ``path``; an old folder is set aside first, so that no kill loses both."""
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
    for old in path.parent.glob(f".{escape(path.name)}.*.old"):  # also what a killed run set aside
        shutil.rmtree(old, ignore_errors=True)


def _check_replaceable(temporary: Path, path: Path) -> None:
    """Makes sure that overwriting deletes an earlier output, and not a folder named by mistake."""
    if not path.is_dir():
        return
    if not temporary.is_dir():
        raise OutputError("the output is a file, and a folder is there", where=path, remedy="Name a file.")
    foreign = {entry.name for entry in path.iterdir()} - {entry.name for entry in temporary.iterdir()}
    if foreign:
        raise OutputError(
            f"the folder there is more than an earlier output: it holds {min(foreign)!r}",
            where=path,
            remedy="It is not overwritten; move that away, or choose another path.",
        )


def atomic_text(path: str | Path, text: str, *, overwrite: bool) -> Path:
    """Writes ``text`` as UTF-8 in one step that a reader sees whole or not at all."""
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
    """Forces a file, or each file of a folder, to the disk: a rename must not outrun its content."""
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
