"""Sealing results from before there were seals, as they are: it vouches for them from now on only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.scores import made_of, seal_unsealed
from rationale.artifacts.seal import beside, digest, seal_file, seal_folder, sealed
from rationale.artifacts.verify import Result
from rationale.errors import OutputError
from rationale.files import atomic_text
from rationale.strict_json import loads, read


def seal_as_is(result: Result) -> list[Path]:
    """Seals an unsealed result; gives the files that were written.

    A JSON result gets one key more, its text stays as it is.

    Raises:
        OutputError: Where it cannot be written.
        RationaleError: Where it is not whole.
    """
    if "scores" in result.kind:
        from rationale.scores.store import check_unsealed  # imports torch

        check_unsealed(result.path)
        return list(seal_unsealed(result.path))
    if result.path.is_dir():
        names = sorted(path.relative_to(result.path).as_posix() for path in result.files)
        if not names:
            return []
        seal_folder(result.path, result.kind, names=[name for name in names if "/" not in name])
        return [result.path / "seal.json"]
    if result.path.suffix == ".json":
        insert_seal(result.path, result.kind)
        return [result.path]
    if result.kind == "pairs of an agreement":
        return []  # sealed with the agreement beside it
    seal_file(result.path, result.kind)
    return [beside(result.path)]


def insert_seal(path: Path, kind: str) -> None:
    """Adds the seal to a JSON object as its last key, without writing the rest of it anew.

    Raises:
        OutputError: Where it is no JSON object, or cannot be written.
    """
    content = read(path, error=OutputError, what="cannot be sealed")
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
        return made_of(recipe)
    return {}


def _companions(path: Path, kind: str) -> dict[str, str]:
    """The files that a JSON result is read with."""
    names = {
        "agreement": f"{path.name.removesuffix('.json')}.pairs.parquet",
        "topk study": "predictions.parquet",
    }
    name = names.get(kind)
    return {name: digest(path.parent / name)} if name and (path.parent / name).is_file() else {}
