"""Phases 1 and 2: a fine-tuned classifier's three best epochs, and what each token is worth to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rationale.errors import ModelError, OutputError
from rationale.training.adapler.importance import FloatArray, Target, load, store
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.fitting import RECIPE, Content, complete
from rationale.training.options import TrainingOptions
from rationale.training.prepare import Prepared
from rationale.training.trainer import build_trainer
from rationale.training.unfinished import UnfinishedRun, difference

KEPT = 3
_ANEW = "Make phases 1 and 2 anew: remove the folder, or pass --overwrite."


@dataclass(frozen=True)
class FineTuned:
    """What phase 3 needs of phases 1 and 2.

    Attributes:
        folder: ``1/`` is the best epoch, a classifier like any other; ``2/`` and ``3/`` the next; the mean
            of the three's maps in ``saliency.parquet`` (or another target's name); ``training.json``.
    """

    folder: Path

    @property
    def best(self) -> Path:
        """The classifier of the best epoch."""
        return self.checkpoints[0]

    @property
    def checkpoints(self) -> list[Path]:
        """The classifiers kept, best first.

        Raises:
            ModelError: Where one is missing.
        """
        kept = min(KEPT, len(self.recipe["epochs"]))
        found = [self.folder / str(number + 1) for number in range(kept)]
        for path in found:
            if not (path / "config.json").is_file():
                raise ModelError("a checkpoint of phase 1 is missing", where=path, remedy=_ANEW)
        return found

    @property
    def recipe(self) -> dict[str, Any]:
        """What made it, and how each epoch went.

        Raises:
            ModelError: Where it is damaged.
        """
        path = self.folder / RECIPE
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            complete = {"options", "epochs", "best"} <= content.keys()
        except (OSError, ValueError, AttributeError) as error:
            raise ModelError(f"the recipe is damaged ({error})", where=path, remedy=_ANEW) from error
        if not complete:
            raise ModelError("the recipe is not one of phase 1", where=path, remedy=_ANEW)
        return content

    def dev(self, metric: str) -> float | None:
        """A dev figure of the best epoch; None where there was no dev set."""
        found = self.recipe["best"].get(f"dev_{metric}")
        return None if found is None else float(found)

    def maps(self, target: Target, prepared: Prepared, device: str) -> list[FloatArray]:
        """Phase 2: the stored maps in the order of ``prepared.keys``; computed where they are not there yet.

        Raises:
            ModelError: Where what is stored is of other data.
        """
        path = self.folder / f"{target}.parquet"
        if not path.exists():
            store(self.checkpoints, prepared.keys, prepared.rows, path, target, device)
        return load(path, prepared.keys, prepared.rows)


def fine_tune(folder: Path, prepared: Prepared, options: AdapLeROptions, *, overwrite: bool) -> FineTuned:
    """Phase 1; nothing is done where ``folder`` was made by an equal recipe.

    Raises:
        OutputError: Where ``folder`` was made by another recipe and ``overwrite`` is off.
    """
    done, plain, run = FineTuned(folder), _plain(options), UnfinishedRun.beside(folder)
    recipe = {**prepared.recipe, "options": asdict(plain)}
    if folder.exists() and not overwrite:
        _check_recipe(done, recipe)
    if folder.exists() and _is_ours(done) and _without_outcome(done.recipe) == recipe:
        run.discard(recipe)
        return done
    trainer = build_trainer(run.folder, prepared, plain, keep=None)

    def three_best(run: UnfinishedRun, folder: Path, content: Content) -> None:
        for number, checkpoint in enumerate(_best(run, content["epochs"], plain.metric)):
            run.copy_checkpoint(checkpoint, folder / str(number + 1))

    complete(run, trainer, folder, recipe, three_best, overwrite=overwrite)
    return done


def _check_recipe(done: FineTuned, recipe: dict[str, Any]) -> None:
    if not _is_ours(done):
        raise OutputError(
            "this folder does not hold phases 1 and 2",
            where=done.folder,
            remedy="It is not touched; name another with --fine-tuned.",
        )
    earlier = _without_outcome(done.recipe)
    if earlier != recipe:
        raise OutputError(
            f"phases 1 and 2 of another run lie there ({difference(earlier, recipe)})",
            where=done.folder,
            remedy="Name another folder with --fine-tuned, or pass --overwrite to make them anew.",
        )


def _is_ours(done: FineTuned) -> bool:
    return (done.folder / RECIPE).exists()


def _without_outcome(recipe: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in recipe.items() if k not in ("epochs", "best")}


def _best(run: UnfinishedRun, epochs: Sequence[Mapping[str, Any]], metric: str) -> list[Path]:
    """The checkpoints of the three best epochs by dev, best first; of the last three where there was none."""
    names = (f"dev_{metric}", "dev_macro_f1")
    order = sorted(epochs, key=lambda entry: (*(-entry.get(name, 0) for name in names), -entry["epoch"]))
    return [run.folder / f"checkpoint-{entry['step']:g}" for entry in order[:KEPT]]


def _plain(options: AdapLeROptions) -> TrainingOptions:
    """The plain fine-tuning that ``options`` ask for."""
    names = TrainingOptions.__dataclass_fields__
    plain = TrainingOptions(**{name: getattr(options, name) for name in names})
    return replace(
        plain,
        keep="best",
        epochs=options.fine_tune_epochs or options.epochs,
        learning_rate=options.fine_tune_rate or options.learning_rate,
    )
