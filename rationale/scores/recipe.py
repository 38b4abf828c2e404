"""The recipe: everything that decides a score, saved beside it."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rationale.artifacts.scores import open_recipe
from rationale.corpus.document import Documents
from rationale.loading.classifier import Classifier
from rationale.scores.methods import METHODS
from rationale.scores.options import BINS, Faithfulness, ScoreOptions

_LIBRARIES = ("rationale", "torch", "transformers", "tokenizers", "captum", "numpy")


def _versions() -> dict[str, str]:
    """Of Python and of each library that is installed: captum need not be."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def make_recipe(classifier: Classifier, documents: Documents, options: ScoreOptions) -> dict[str, Any]:
    """The recipe of one run: equal recipes give equal scores, so it holds no date and no path but the source.

    Args:
        classifier: The model.
        documents: The documents to be scored.
        options: The caller's choices.
    """
    parameter = next(classifier.model.parameters())
    return {
        "kind": "scores",
        "model": classifier.identity,
        "data": {
            "source": documents.source,
            "split": documents.split,
            "fingerprint": documents.fingerprint,
            "documents": len(documents),
            **({"sampled_from": documents.sampled_from} if documents.sampled_from else {}),
        },
        "labels": list(classifier.labels),
        **({"labels_given": True} if _renamed(classifier) else {}),
        "methods": {name: _method(name, classifier) for name in options.methods},
        "target": options.target,
        "protocol": options.protocol,
        "normalisation": "divided by the sum over the window's tokens, special ones included; "
        "signed methods by the sum of absolute values; baselines over the document's words",
        "special_tokens": "scored in the window's sum, never part of a word; so is the query",
        "aggregation": "sum",
        "dtype": str(parameter.dtype).removeprefix("torch."),
        "device": parameter.device.type,
        "batch_size": options.windows_a_batch(parameter.device.type),
        "part_size": options.documents_a_part,
        "seed": options.seed,
        "faithfulness": _faithfulness(options.faithfulness),
        # saved with each document: who was dropped where; and where the policy decides
        **({} if classifier.policy is None else {"kept": True, "decides": classifier.policy.place}),
        "versions": _versions(),
    }


def _renamed(classifier: Classifier) -> bool:
    """Whether the outputs have other names than the model's own: those of ``--labels``."""
    own = classifier.model.config.id2label or {}
    return len(own) == len(classifier.labels) and list(own.values()) != list(classifier.labels)


def _method(name: str, classifier: Classifier) -> dict[str, Any]:
    method = METHODS.get(name)
    return {
        "title": method.title,
        "definition": method.definition,
        "signed": method.signed,
        "layers": list(method.layers(classifier)),
        "settings": method.settings,
        **({"selects": True} if method.selects else {}),
        "family": method.family,
    }


def _faithfulness(settings: Faithfulness | None) -> dict[str, Any] | None:
    if settings is None:
        return None
    layers = None if settings.layers is None else list(settings.layers)
    return {"share": settings.share, "bins": list(BINS), "layers": layers}


def read_recipe(folder: Path) -> dict[str, Any]:
    """The recipe of a score folder.

    Raises:
        ScoresError: Where there is none, it is not one of scores, or it was changed after it was written.
    """
    return open_recipe(folder)[0]
