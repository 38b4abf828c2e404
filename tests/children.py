"""Child processes of tests: this tree's packages, one thread, and all the time a loaded machine needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.patience import CHILD
from tests.places import ROOT

_HOLD = """
import sys
from pathlib import Path
from rationale.artifacts.lock import locked
with locked(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def environment(**more: str) -> dict[str, str]:
    """Where a child finds ``rationale`` and ``tests``; ``more`` is set on top."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"} | more


def run(*command: object, env: dict[str, str] | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; the caller judges its exit status and what it printed."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": CHILD}
    return subprocess.run(
        [str(part) for part in command], env=env or environment(), check=False, **pipes | more
    )


def python(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs this Python with these arguments."""
    return run(sys.executable, *arguments, **more)


@contextmanager
def holder(folder: Path, doing: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock of a folder for as long as the block lasts; it imports no torch."""
    command = [sys.executable, "-c", _HOLD, str(folder), doing]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), **pipes) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()
