"""The recipe, the provenance of scores: everything that decides them, saved beside them."""

from __future__ import annotations

import platform
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rationale.artifacts.provenance import (
    NaopcSettings,
    Perturbing,
    Provenance,
    ScoredData,
    ScoredMethod,
    as_read,
)
from rationale.artifacts.scores import open_recipe
from rationale.corpus.document import Documents
from rationale.loading.classifier import Classifier
from rationale.scores.methods import METHODS
from rationale.scores.options import BINS, Faithfulness, NaopcOptions, ScoreOptions

_LIBRARIES = ("rationale", "torch", "transformers", "tokenizers", "captum", "numpy")


def _versions() -> dict[str, str]:
    """The versions of Python and of each installed library; captum is optional."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def make_recipe(
    classifier: Classifier, documents: Documents, options: ScoreOptions, command: str | None = None
) -> Provenance:
    """Builds the recipe of one run. Equal recipes give equal scores: no date, no path but the source's.

    Args:
        classifier: The model.
        documents: The documents to be scored.
        options: The caller's choices.
        command: The command that was typed, as shell text; None from Python.
    """
    parameter = next(classifier.model.parameters())
    policy = classifier.policy
    return Provenance(
        model=classifier.identity,
        data=ScoredData(
            source=documents.source,
            split=documents.split,
            fingerprint=documents.fingerprint,
            documents=len(documents),
            sampled_from=documents.sampled_from or None,
        ),
        labels=tuple(classifier.labels),
        labels_given=_renamed(classifier) or None,
        methods={name: _method(name, classifier) for name in options.methods},
        target=options.target,
        protocol=options.protocol,
        normalisation="divided by the sum over the window's tokens, special ones included; "
        "signed methods by the sum of absolute values; baselines over the document's words",
        special_tokens="scored in the window's sum, never part of a word; so is the query",
        aggregation="sum",
        dtype=str(parameter.dtype).removeprefix("torch."),
        device=parameter.device.type,
        batch_size=options.windows_a_batch(parameter.device.type),
        part_size=options.documents_a_part,
        seed=options.seed,
        faithfulness=_faithfulness(options.faithfulness),
        # whether documents store which tokens are kept, and the policy's point of decision
        kept=None if policy is None else True,
        decides=None if policy is None else policy.decision_point,
        versions=_versions(),
        command=command,
    )


def _renamed(classifier: Classifier) -> bool:
    """Whether ``--labels`` gave the outputs other names than the model's."""
    names = classifier.model.config.id2label or {}
    return len(names) == len(classifier.labels) and list(names.values()) != list(classifier.labels)


def _method(name: str, classifier: Classifier) -> ScoredMethod:
    method = METHODS.get(name)
    return ScoredMethod(
        title=method.title,
        definition=method.definition,
        signed=method.signed,
        layers=tuple(method.layers(classifier)),
        settings=as_read(method.settings),
        selects=method.selects or None,
        family=method.family,
    )


def _faithfulness(settings: Faithfulness | None) -> Perturbing | None:
    if settings is None:
        return None
    return Perturbing(
        share=settings.share,
        bins=BINS,
        layers=settings.layers,
        nothing=True,
        soft=settings.soft,
        naopc=None if settings.naopc is None else naopc_settings(settings.naopc),
    )


def naopc_settings(options: NaopcOptions) -> NaopcSettings:
    """The options of NAOPC as provenance states them."""
    units = "sentence" if options.units == "sentence" else None  # recipes of words alone name none
    return NaopcSettings(**{**asdict(options), "units": units})


def read_recipe(folder: Path) -> Provenance:
    """Reads the recipe of a score folder.

    Raises:
        ScoresError: Where it is missing, not a recipe of scores, or was changed after it was written.
    """
    return open_recipe(folder)[0]
