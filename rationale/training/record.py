"""What ``training.json`` holds, as records: all that decides the outcome of a training, and how it went.

Parts that an earlier version did not write are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rationale.artifacts.model import TRAINING
from rationale.artifacts.record import Count, Json, Scalar, from_json, least, omitted, read_record
from rationale.artifacts.seal import SEAL, check_files, read_sealed
from rationale.errors import ModelError

Figures = Mapping[str, float]
"""Numbers of one epoch by name: ``epoch``, ``step``, ``loss``, ``dev_accuracy``, ``dev_speedup``, …"""

Best = Mapping[str, float | tuple[Count, ...]]
"""The same of what was kept; LAT's have ``lengths`` too, one a layer."""


@dataclass(frozen=True)
class StartedFrom:
    """The checkpoint that a training began with.

    Attributes:
        name: As it was given: a hub id or a folder.
        hash: 16 hex digits over its weights.
        config: Its settings.
        family: Its architecture.
    """

    name: str
    hash: str
    config: object = None
    family: str | None = None


@dataclass(frozen=True)
class TrainingDocuments:
    """Documents that were trained on, or that chose the epoch.

    Attributes:
        source: Where they were read from, as it was given.
        split: Their split.
        documents: How many.
        fingerprint: Of their content.
        ids: 16 hex digits over which they are.
    """

    source: str
    split: str | None
    documents: Count
    fingerprint: str | None = None
    ids: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingProvenance:
    """All that decides the outcome: equal ones give equal weights on one machine, whatever the command.

    Attributes:
        kind: ``classifier``, or the token-dropping method or a stage of it.
        model: The checkpoint it began with.
        labels: The class names, in the order of the outputs.
        max_length: Of a window, in tokens.
        fresh_head: Whether the checkpoint had no head for the labels.
        options: By name.
        train: The training documents.
        dev: Those that the epoch is chosen by; None keeps the last epoch.
        versions: Of libraries.
        command: The command that was typed, as shell text; None where it was Python or an earlier version.
    """

    kind: str
    model: StartedFrom
    labels: tuple[str, ...]
    max_length: Count
    fresh_head: bool
    options: Mapping[str, Scalar]
    train: TrainingDocuments
    dev: TrainingDocuments | None
    versions: Mapping[str, str]
    command: str | None = omitted(compare=False)


@dataclass(frozen=True)
class History:
    """How a training went.

    Attributes:
        epochs: Loss and dev figures of each.
        best: Of the epoch whose weights were kept.
    """

    epochs: tuple[Figures, ...]
    best: Figures


@dataclass(frozen=True, kw_only=True)
class Trained(TrainingProvenance):
    """A finished training.

    Attributes:
        fine_tuned_best: The plain fine-tuning's best dev figure; None of that itself, and without dev.
        system: The settings of the token-dropping method.
        epochs: One each.
        best: Of what was kept.
        front: Of a search, what nothing beats in both figure and operations.
        searched: How many were tried.
    """

    fine_tuned_best: float | None = None
    system: Json | None = None
    epochs: Annotated[tuple[Figures, ...], least(1)]
    best: Best
    front: tuple[Best, ...] | None = None
    searched: Count | None = None

    @property
    def figures(self) -> dict[str, float]:
        """The numbers of what was kept."""
        return {name: value for name, value in self.best.items() if isinstance(value, int | float)}


def as_trained(content: Json) -> Trained:
    """The record of a ``training.json`` that is known to fit, as of one that is about to be written."""
    return from_json(Trained, _with_model(content))


def read_training(folder: Path, remedy: str = "") -> Trained:
    """What ``training.json`` says, as it was written where the folder has a seal.

    Raises:
        ModelError: Where it is damaged, was changed, or is none of a training.
    """
    content = _with_model(training_json(folder, remedy))
    what = "the recipe is not one of a training"
    return read_record(Trained, content, folder / TRAINING, what=what, error=ModelError, remedy=remedy)


def training_json(folder: Path, remedy: str = "") -> Json:
    """The content of ``training.json``, to be compared with what another training would write.

    Raises:
        ModelError: Where it is damaged or was changed.
    """
    if (folder / SEAL).is_file():
        _, seal = read_sealed(folder / SEAL, error=ModelError, remedy=remedy)
        if seal is not None:
            check_files(seal, folder, [TRAINING], error=ModelError, remedy=remedy)
    return read_sealed(folder / TRAINING, error=ModelError, remedy=remedy, note=False)[0]


def _with_model(content: Json) -> Json:
    """A study's says ``model``, ``weights`` and ``config`` side by side: here one object, as of others."""
    if not isinstance(content.get("model"), str):
        return content
    model = {"name": content["model"], "hash": content.get("weights"), "config": content.get("config")}
    return {**content, "model": model}
