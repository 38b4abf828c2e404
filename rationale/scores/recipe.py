"""The recipe: everything that decides a score, saved beside it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rationale.corpus.document import Documents
from rationale.encoder.loading import Classifier
from rationale.errors import ScoresError
from rationale.scores.methods import METHODS, LayeredMethod, WindowMethod
from rationale.scores.options import BINS, Faithfulness, ScoreOptions

RECIPE = "recipe.json"
_LIBRARIES = ("rationale", "torch", "transformers", "tokenizers", "captum", "numpy")


def make_recipe(classifier: Classifier, documents: Documents, options: ScoreOptions) -> dict[str, Any]:
    """The recipe of one run: equal recipes give equal scores, so it holds no date and no path but the source.

    Args:
        classifier: The model.
        documents: The documents to be scored.
        options: The caller's choices.
    """
    parameter = next(classifier.encoder.model.parameters())
    return {
        "kind": "scores",
        "model": classifier.identity,
        "data": {
            "source": documents.source,
            "split": documents.split,
            "fingerprint": documents.fingerprint,
            "documents": len(documents),
        },
        "labels": list(classifier.labels),
        "methods": {name: _method(name, classifier) for name in options.methods},
        "target": options.target,
        "protocol": options.protocol,
        "normalisation": "divided by the sum over the window's tokens, special ones included; "
        "signed methods by the sum of absolute values; baselines over the document's words",
        "special_tokens": "scored in the window's sum, never part of a word; so is the query",
        "aggregation": "sum",
        "dtype": str(parameter.dtype).removeprefix("torch."),
        "device": parameter.device.type,
        "batch_size": batch_size(options, parameter.device.type),
        "part_size": options.documents_a_part,
        "seed": options.seed,
        "faithfulness": _faithfulness(options.faithfulness),
        **({"kept": True} if hasattr(classifier.encoder, "system") else {}),  # saved with each document
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
    }


def batch_size(options: ScoreOptions, device: str) -> int:
    """Windows a batch: what was asked for, else 8 on a CPU, where more gains nothing, and 64 on a GPU."""
    return options.batch_size or (8 if device == "cpu" else 64)


def layers_of(name: str, classifier: Classifier) -> tuple[int, ...]:
    """The layer of each row of a method's scores; baselines describe the input, layer 0."""
    method = METHODS.get(name)
    if isinstance(method, LayeredMethod):
        return tuple(range(classifier.encoder.layers))
    return method.layers(classifier) if isinstance(method, WindowMethod) else (0,)


def _method(name: str, classifier: Classifier) -> dict[str, Any]:
    method = METHODS.get(name)
    return {
        "title": method.title,
        "definition": method.definition,
        "signed": method.signed,
        "layers": list(layers_of(name, classifier)),
        "settings": method.settings,
        **({"selects": True} if method.selects else {}),
    }


def _faithfulness(settings: Faithfulness | None) -> dict[str, Any] | None:
    if settings is None:
        return None
    layers = None if settings.layers is None else list(settings.layers)
    return {"share": settings.share, "bins": list(BINS), "layers": layers}


def read_recipe(folder: Path) -> dict[str, Any]:
    """The recipe of a score folder.

    Raises:
        ScoresError: Where there is none, or it is not JSON.
    """
    path = folder / RECIPE
    remedy = "Pass the folder that `rationale score --out` wrote."
    if not path.is_file():
        raise ScoresError("this is no score folder: it has no recipe.json", where=folder, remedy=remedy)
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScoresError(f"the recipe is damaged ({error})", where=path, remedy=remedy) from error
    if not isinstance(recipe, dict) or recipe.get("kind") != "scores" or not recipe.keys() >= _NEEDED:
        raise ScoresError("the recipe is not one of scores", where=path, remedy=remedy)
    wrong = next((name for name, holds in _SHAPES.items() if not holds(recipe.get(name))), None)
    if wrong:
        raise ScoresError(f"the recipe's {wrong!r} is damaged", where=path, remedy=remedy)
    return recipe


def _is_method(value: Any) -> bool:
    layers = value.get("layers") if isinstance(value, dict) else None
    return isinstance(layers, list) and all(isinstance(layer, int) for layer in layers)


_NEEDED = {"model", "data", "labels", "methods"}
_SHAPES: dict[str, Callable[[Any], bool]] = {
    "model": lambda value: isinstance(value, dict) and "name" in value,
    "data": lambda value: (
        isinstance(value, dict)
        and isinstance(value.get("documents"), int)
        and {"source", "split"} <= value.keys()
    ),
    "labels": lambda value: isinstance(value, list) and all(isinstance(label, str) for label in value),
    "methods": lambda value: isinstance(value, dict) and all(map(_is_method, value.values())),
    "kept": lambda value: value is None or isinstance(value, bool),
    "faithfulness": lambda value: (
        value is None or (isinstance(value, dict) and {"share", "bins"} <= value.keys())
    ),
}
