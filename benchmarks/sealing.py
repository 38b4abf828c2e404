"""What seals cost: their share of the time of ``rationale score``, and of reading its scores back.

    python benchmarks/sealing.py --model DIR_OR_ID --data MOVIES --split val --out docs/results/sealing.json

Scores all documents into a temporary folder with the default methods, then reads them, and times what seals
add: ``seal_part`` and ``seal_scores`` while writing, ``Part.check`` while reading.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import leave, machine, model_parser

from rationale.artifacts import scores as sealing
from rationale.corpus import load_documents
from rationale.scores import ScoreOptions, StoredScores, score
from rationale.scores import writer as writing


class Timed:
    """A function that adds up how long its calls took."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call, self.seconds, self.calls = call, 0.0, 0

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Calls it."""
        started = time.perf_counter()
        try:
            return self._call(*given, **named)
        finally:
            self.seconds, self.calls = self.seconds + time.perf_counter() - started, self.calls + 1


def main() -> None:
    arguments = model_parser(__doc__, split="val").parse_args()
    documents = load_documents(arguments.data, arguments.split)
    part, whole, check = (
        Timed(call) for call in (writing.seal_part, writing.seal_scores, sealing.Part.check)
    )
    writing.seal_part, writing.seal_scores = part, whole  # type: ignore[assignment]
    sealing.Part.check = lambda self, *names: check(self, *names)  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scores"
        started = time.perf_counter()
        score(arguments.model, documents, ScoreOptions(), out=out)
        wrote = time.perf_counter() - started
        started = time.perf_counter()
        read = sum(1 for _ in StoredScores(out))
        opened = time.perf_counter() - started
        size = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    sealed = part.seconds + whole.seconds
    result = {
        "machine": machine(),
        "documents": read,
        "parts": part.calls,
        "bytes": size,
        "score": {"seconds": wrote, "of seals": sealed, "share": sealed / wrote},
        "read": {"seconds": opened, "of seals": check.seconds, "share": check.seconds / opened},
    }
    leave(result, arguments.out)


if __name__ == "__main__":
    main()
