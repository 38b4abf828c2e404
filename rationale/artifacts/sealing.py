"""Sealing of unsealed results, unchanged: their seals show changes from then on only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.model import TRAINING, seal_model
from rationale.artifacts.scores import seal_unsealed
from rationale.artifacts.seal import SEAL, beside, digest, read_sealed, seal_file, seal_folder, sealed
from rationale.artifacts.verify import Result
from rationale.errors import OutputError
from rationale.files import atomic_text
from rationale.strict_json import loads, read_json

Check = Callable[[Path], None]
"""Raises where a score folder without a seal is damaged."""


def seal_as_are(results: Iterable[Result], check_scores: Check) -> list[Path]:
    """Seals the unsealed results; returns the files that it wrote.

    A JSON result gets one more key, and its text is kept. Results that others name are sealed first: the
    record of a run before its checkpoints, models before the training that holds them.

    Args:
        results: The results of :func:`rationale.artifacts.verify.verify`.
        check_scores: Checks a score folder before it is sealed.

    Raises:
        OutputError: Where a seal cannot be written.
        RationaleError: Where a result is damaged.
    """
    unsealed = [result for result in results if result.state == "unsealed"]
    unsealed.sort(key=lambda result: (result.kind != "run", -len(result.path.parts)))
    return [path for result in unsealed for path in _seal(result, check_scores)]


def _seal(result: Result, check_scores: Check) -> list[Path]:
    path, kind = result.path, result.kind
    if "scores" in kind:
        check_scores(path)
        return list(seal_unsealed(path))
    if path.is_dir():
        _seal_folder(result)
        return [path / SEAL]
    if path.suffix == ".json":
        insert_seal(path, kind)
        return [path]
    if kind == "pairs of an agreement":
        return []  # sealed with the agreement beside it
    seal_file(path, kind)
    return [beside(path)]


def _seal_folder(result: Result) -> None:
    path = result.path
    if result.kind == "checkpoint":
        run = path.parent / "run.json"
        _, seal = read_sealed(run, note=False) if run.is_file() else ({}, None)
        seal_folder(path, "checkpoint", {"run": seal.sha256} if seal else {})
        return
    below = [f"{seal.parent.name}/{SEAL}" for seal in sorted(path.glob(f"*/{SEAL}"))]
    record = [TRAINING] if (path / TRAINING).is_file() else []
    seal_model(path, result.kind, more=[*record, *below])


def insert_seal(path: Path, kind: str) -> None:
    """Adds the seal to a JSON file as its last key, and keeps the rest of its text.

    Raises:
        OutputError: Where the file is no JSON object, or cannot be written.
    """
    content = read_json(path, error=OutputError, what="cannot be sealed")
    seal = sealed(content, kind, _inputs(kind, content), _companions(path, kind))["seal"]
    text = path.read_text(encoding="utf-8-sig").rstrip()
    head = text[:-1].rstrip()
    comma = "" if head.endswith("{") else ","
    changed = f'{head}{comma}\n "seal": {json.dumps(seal, ensure_ascii=False)}\n}}\n'
    if loads(changed) != {**content, "seal": seal}:
        raise OutputError("cannot be sealed: its text does not end like a JSON object", where=path)
    atomic_text(path, changed, overwrite=True)


def _inputs(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    recipe = content.get("recipe")
    if kind == "agreement" and isinstance(recipe, dict) and {"model", "data"} <= recipe.keys():
        return {"model": recipe["model"].get("hash"), "data": recipe["data"].get("fingerprint")}
    return {}


def _companions(path: Path, kind: str) -> dict[str, str]:
    """The digests of the files that belong to a JSON result."""
    names = {
        "agreement": f"{path.name.removesuffix('.json')}.pairs.parquet",
        "topk study": "predictions.parquet",
    }
    name = names.get(kind)
    return {name: digest(path.parent / name)} if name and (path.parent / name).is_file() else {}
