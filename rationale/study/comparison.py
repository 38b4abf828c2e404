"""What a comparison of systems leaves on disk; read without the libraries that made it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rationale.errors import DataError

COMPARISON = "comparison.json"
_KEYS = {
    "cell", "system", "title", "metric", "value", "low", "high", "flops_speedup", "measured_speedup", "alive",
}  # fmt: skip


def load_comparison(path: str | Path) -> dict[str, Any]:
    """What :func:`compare` returned, from its folder or the ``comparison.json`` in it.

    Raises:
        DataError: Where there is none, or it is none.
    """
    file = Path(path) / COMPARISON if Path(path).is_dir() else Path(path)
    remedy = "Pass the folder that `rationale compare --out` wrote."
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        whole = all(record.keys() >= _KEYS for record in content["records"]) and bool(content["recipe"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"this is no comparison ({error})", where=file, remedy=remedy) from error
    if not whole or not content["records"]:
        raise DataError("this is no whole comparison", where=file, remedy=remedy)
    found: dict[str, Any] = content
    return found
