"""Recognition of unsealed results, which earlier versions wrote, by their content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rationale.artifacts.model import TRAINING
from rationale.artifacts.scores import COMPLETE, RECIPE, SCORES
from rationale.errors import RationaleError
from rationale.strict_json import read_json

LARGEST = 1 << 28  # bytes of a JSON file that is parsed

Content = Mapping[str, Any]

_JSON: dict[str, Callable[[Content], bool]] = {
    "agreement": lambda c: {"recipe", "records", "comparisons", "classification"} <= c.keys(),
    "topk study": lambda c: {"recipe", "records", "comparisons"} <= c.keys() and "budget" in _of(c, "recipe"),
    "randomisation check": lambda c: {"recipe", "similarities", "outcomes"} <= c.keys(),
    "comparison": lambda c: {"recipe", "records"} <= c.keys() and "reported" in _of(c, "recipe"),
    "evaluation": lambda c: {"metrics", "flops_speedup", "tokens_kept", "n", "recipe"} <= c.keys(),
    "timing": lambda c: {"measured_speedup", "model", "rounds"} <= c.keys() and "metrics" not in c,
    "traces": lambda c: c.keys() >= {"model", "traces"},
    "training": lambda c: {"options", "epochs", "best"} <= c.keys(),
    "cell": lambda c: (
        "seed" in c and ({"setting", "reported"} <= c.keys() or {"condition", "data"} <= c.keys())
    ),
    "run": lambda c: {"kind", "options", "train", "model"} <= c.keys() and "epochs" not in c,
    "training time": lambda c: c.keys() == {"seconds"},
    "provenance of scores": lambda c: c.get("kind") == SCORES and {"methods", "labels", "data"} <= c.keys(),
}
_PARQUET: dict[str, set[str]] = {
    "predictions": {"id", "docid", "label", "predicted", "probabilities", "kept", "operations"},
    "traces": {"id", "docid", "position", "token", "dropped", "thresholds"},
    "maps": {"id", "docid", "importance"},
}
_PAIRS = {"id", "docid", "method", "layer", "metric", "select", "value"}


def _of(content: Content, name: str) -> Content:
    inner = content.get(name)
    return inner if isinstance(inner, dict) else {}


def kind_of_json(content: Content) -> str | None:
    """The kind of result in a JSON object; None for other JSON."""
    return next((kind for kind, holds in _JSON.items() if holds(content)), None)


def kind_of_file(path: Path) -> tuple[str | None, Content]:
    """The kind of an unsealed file, and its content where it is JSON; None for other files."""
    if path.suffix == ".json" and path.stat().st_size <= LARGEST:
        try:
            content = read_json(path)
        except RationaleError:
            return None, {}
        return kind_of_json(content), content
    if path.suffix == ".parquet":
        columns = _columns(path)
        if columns >= _PAIRS:
            return "pairs of an agreement", {}
        return next((kind for kind, needed in _PARQUET.items() if columns >= needed), None), {}
    return None, {}


def _columns(path: Path) -> set[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return set(pq.read_schema(path).names)
    except (OSError, ValueError, pa.ArrowException):
        return set()


def kind_of_folder(names: set[str]) -> str | None:
    """The kind of an unsealed folder by the names in it; None where it does not hold one result."""
    if RECIPE in names and (COMPLETE in names or any(name.startswith("part-") for name in names)):
        return SCORES if COMPLETE in names else "unfinished scores"
    weights = any(name.endswith(".safetensors") for name in names)
    if "trainer_state.json" in names and weights:
        return "checkpoint"
    if TRAINING in names:
        return "training"
    if "config.json" in names and weights:
        return "model"
    if "docs" in names or "docs.jsonl" in names:
        return "data" if any(name.endswith(".jsonl") for name in names - {"docs.jsonl"}) else None
    return None


def about(content: Content) -> str:
    """Describes the model and data of a result, as far as it names them."""
    recipe = _of(content, "recipe") or content
    return ", ".join(filter(None, (_model(recipe, content), _data(recipe, content))))


def _model(recipe: Content, content: Content) -> str:
    model = recipe.get("model", content.get("model"))
    if isinstance(model, dict):
        name, digest = model.get("name"), model.get("hash")
    else:
        name, digest = model, recipe.get("weights")
    named = f"model {name}" if isinstance(name, str) else ""
    return f"{named} ({digest})" if named and isinstance(digest, str) else named


def _data(recipe: Content, content: Content) -> str:
    for candidate in _candidates(recipe, content):
        source, split, fingerprint = (
            candidate.get("source"),
            candidate.get("split"),
            candidate.get("fingerprint"),
        )
        if isinstance(source, str):
            text = f"data {source}" + (f", split {split}" if isinstance(split, str) else "")
            return f"{text} ({fingerprint})" if isinstance(fingerprint, str) else text
    return ""


def _candidates(recipe: Content, content: Content) -> Iterator[Content]:
    data = _of(recipe, "data")
    yield from (_of(data, "reported"), data, _of(recipe, "reported"), _of(recipe, "train"))
    yield _of(content, "data")
