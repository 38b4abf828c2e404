"""One writer per folder: a lock that the operating system frees when the process ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rationale.errors import OutputError
from rationale.files import disk_errors

log = logging.getLogger(__name__)

LOCK = ".lock"


@contextmanager
def locked(folder: Path, doing: str) -> Iterator[None]:
    """Locks a folder against other writers; creates it where it is missing, and removes it if left empty.

    The lock is a file named ``.lock`` in the folder, removed at the end. A file that a killed process left
    does not lock. On a file system without locks it only warns.

    Args:
        folder: The folder.
        doing: The activity that the error of another process names, such as ``"scoring"``.

    Raises:
        OutputError: Where another process holds the lock, or the disk refuses.
    """
    path = folder / LOCK
    created = not folder.exists()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    with disk_errors(path):
        _acquire(lock, folder, doing)
    try:
        yield
    finally:
        with suppress(OSError):  # the folder may have been renamed, together with its lock
            path.unlink(missing_ok=True)
        lock.release()
        if created:
            with suppress(OSError):  # the folder is not empty
                folder.rmdir()


def _acquire(lock: FileLock, folder: Path, doing: str) -> None:
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"another process is {doing} there",
            where=folder,
            remedy="Wait until it ends, then repeat the command; or choose another --out.",
        ) from None
    except NotImplementedError:  # a file system without locks
        log.warning("%s: this file system has no locks: do not start a second run there", folder)
