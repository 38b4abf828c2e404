"""Every system that can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rationale.errors import DataError, RationaleError
from rationale.registry import Registry
from rationale.training.adapler import AdapLeROptions
from rationale.training.dropping.options import DroppingOptions
from rationale.training.fixed import SpAttenOptions, UninformedOptions
from rationale.training.lat import LATOptions
from rationale.training.ltp import LTPOptions
from rationale.training.power_bert import PoWERBERTOptions
from rationale.training.tr_bert import TRBERTOptions

if TYPE_CHECKING:
    from rationale.corpus.document import Documents
    from rationale.training.dropping.stages import Stages, TrainedDropping


@dataclass(frozen=True)
class Recipe:
    """How a system is trained.

    Attributes:
        options: The dataclass of everything it can be told.
        train: ``train(stages, options)``: what follows on the plain fine-tuning.
        about: The sentence its command begins its help with.
        example: The options that command's example gives.
        fixed: Options that the system's name already decides.
        searches: Whether it searches by dev documents, and cannot do without.
    """

    options: type[DroppingOptions]
    train: Callable[[Stages, Any], TrainedDropping]
    about: str
    example: str
    fixed: dict[str, Any] = field(default_factory=dict)
    searches: bool = False


def _later(package: str, name: str) -> Callable[[Stages, Any], TrainedDropping]:
    """A function of ``rationale.training.PACKAGE``, imported when it is called: options need no torch."""

    def train(stages: Stages, options: Any) -> TrainedDropping:
        found: TrainedDropping = getattr(import_module(f"rationale.training.{package}"), name)(
            stages, options
        )
        return found

    return train


RECIPES: Registry[Recipe] = Registry("system")
"""One for each of :data:`rationale.dropping.SYSTEMS`."""

RECIPES.register("adapler")(
    Recipe(
        AdapLeROptions,
        _later("adapler", "train_adapler"),
        "Train AdapLeR: fine-tune, store saliency, learn predictors and thresholds.",
        "--phi 5e-4",
    )
)
RECIPES.register("ltp")(
    Recipe(
        LTPOptions,
        _later("ltp", "train_ltp"),
        "Train LTP (Learned Token Pruning): fine-tune, learn thresholds softly, fine-tune with them fixed.",
        "--lambda 0.1",
    )
)
RECIPES.register("power-bert")(
    Recipe(
        PoWERBERTOptions,
        _later("power_bert", "train_power_bert"),
        "Train PoWER-BERT: fine-tune, learn how many tokens each layer keeps, fine-tune with that many.",
        "--lambda 1e-3",
    )
)
RECIPES.register("lat")(
    Recipe(
        LATOptions,
        _later("lat", "train_lat"),
        "Train LAT: fine-tune, train for robustness to any lengths, search on dev for the best lengths.",
        "--length-drop 0.3",
        searches=True,
    )
)
RECIPES.register("spatten")(
    Recipe(
        SpAttenOptions,
        _later("fixed", "train_spatten"),
        "Train SpAtten: fine-tune, then fine-tune with the tokens of least attention dropped.",
        "--ratio 0.3",
    )
)
RECIPES.register("tr-bert")(
    Recipe(
        TRBERTOptions,
        _later("tr_bert", "train_tr_bert"),
        "Train TR-BERT: fine-tune, learn policies by REINFORCE, then policies and model with a teacher.",
        "--alpha 1",
    )
)
RECIPES.register("random")(
    Recipe(
        UninformedOptions,
        _later("fixed", "train_uninformed"),
        "Train a baseline that drops tokens at random.",
        "--shares 0.9,0.8,0.6,0.5,0.4,0.3",
        fixed={"rule": "random"},
    )
)
RECIPES.register("lead")(
    Recipe(
        UninformedOptions,
        _later("fixed", "train_uninformed"),
        "Train a baseline that keeps the first tokens.",
        "--shares 0.4",
        fixed={"rule": "lead"},
    )
)


def check_dev(system: str, dev: Documents | None) -> None:
    """Refuses to search by dev documents where there are none.

    Raises:
        DataError: Then.
    """
    if RECIPES.get(system).searches and dev is None:
        raise DataError(f"{system} searches on dev documents", remedy="Pass --dev 0.1, or a split.")


def train_dropping(
    system: str,
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    out: str | Path,
    options: DroppingOptions | None = None,
    *,
    finetuned_dir: str | Path | None = None,
    overwrite: bool = False,
    command: str | None = None,
) -> TrainedDropping:
    """Fine-tunes ``model``, then trains a system that drops tokens from there; kills are resumed.

    The epoch kept is the one with the largest FLOPs speedup among those within a point of the fine-tuning's
    best dev figure; where there is none, the one with the best figure, and ``training.json`` says so. With
    ``options.checkpoint`` "last" it is the last. Where the fine-tuning is not above chance on dev nothing
    follows, unless ``options.allow_chance`` is set.

    Args:
        system: A name in :data:`RECIPES`.
        model: A local folder or hub id.
        train: Labelled documents.
        dev: Labelled documents to choose epochs by; None keeps the last.
        out: The folder to make; stages leave folders of their own beside it.
        options: Of the system's own class; None takes the defaults.
        finetuned_dir: The folder of the plain fine-tuning (AdapLeR's phases 1 and 2), made where it is
            missing and used where it is not: runs of other settings and systems can share it. Default:
            ``OUT.fine-tuned``.
        overwrite: Replace what is there.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        RationaleError: On a system nobody knows, or options of another system.
        DataError: Where the system searches by dev documents and there are none; else, as ModelError and
            OutputError, as :func:`rationale.training.train_classifier`.
    """
    from rationale.training.dropping.stages import Stages

    recipe = RECIPES.get(system)
    options = options or recipe.options(**recipe.fixed)
    fits = isinstance(options, recipe.options)
    if not fits or any(getattr(options, name) != value for name, value in recipe.fixed.items()):
        wanted = ", ".join([recipe.options.__name__, *(f"{k} {v}" for k, v in recipe.fixed.items())])
        raise RationaleError(f"these are no options of {system}", remedy=f"Pass {wanted}.")
    check_dev(system, dev)
    how: dict[str, Any] = {"finetuned_dir": finetuned_dir, "overwrite": overwrite, "command": command}
    stages = Stages.begin(model, train, dev, out, options, **how)
    return recipe.train(stages, options)
