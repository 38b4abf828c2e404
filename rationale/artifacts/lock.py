"""One writer a folder: a lock that the system frees when its process ends, however it ends."""

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
    """Keeps every other writer out of a folder; one that is not there is made, and removed if left empty.

    The lock is a file named ``.lock`` in the folder; it is removed at the end and means nothing by itself
    where a killed process left it. A file system without locks is written to unlocked.

    Args:
        folder: The folder.
        doing: What the other process is told to be doing there, such as ``"scoring"``.

    Raises:
        OutputError: Where another process holds it, or the disk refuses.
    """
    path = folder / LOCK
    made = not folder.exists()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    with disk_errors(path):
        _acquire(lock, folder, doing)
    try:
        yield
    finally:
        with suppress(OSError):  # the folder may have been renamed, with the lock in it
            path.unlink(missing_ok=True)
        lock.release()
        if made:
            with suppress(OSError):  # something was written into it
                folder.rmdir()


def _acquire(lock: FileLock, folder: Path, doing: str) -> None:
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"another process is {doing} there",
            where=folder,
            remedy="Wait until it has ended, then repeat the command; or choose another --out.",
        ) from None
    except NotImplementedError:  # a file system that knows no locks
        log.warning("%s: this file system knows no locks: start no second run there", folder)
