"""Phases 1 and 2: a fine-tuned classifier's three best epochs, and what each token is worth to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rationale.errors import OutputError
from rationale.files import atomic_path
from rationale.training.adapler.importance import FloatArray, Target, load, store
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.fitting import fit
from rationale.training.options import TrainingOptions
from rationale.training.prepare import Prepared
from rationale.training.recipe import history
from rationale.training.trainer import build_trainer
from rationale.training.unfinished import UnfinishedRun

KEPT = 3
_RECIPE = "recipe.json"


@dataclass(frozen=True)
class FineTuned:
    """What phase 3 needs of phases 1 and 2.

    Attributes:
        folder: ``1/`` is the best epoch, a classifier like any other; ``2/`` and ``3/`` the next; the mean
            of the three's maps in ``saliency.parquet`` (or another target's name); ``recipe.json``.
    """

    folder: Path

    @property
    def best(self) -> Path:
        """The classifier of the best epoch."""
        return self.folder / "1"

    @property
    def recipe(self) -> dict[str, Any]:
        """What made it, and how each epoch went."""
        content: dict[str, Any] = json.loads((self.folder / _RECIPE).read_text(encoding="utf-8"))
        return content

    def dev(self, metric: str) -> float:
        """A dev figure of the best epoch; 0 where there was no dev set."""
        return float(self.recipe["best"].get(f"dev_{metric}", 0.0))

    def maps(self, target: Target, prepared: Prepared, device: str) -> list[FloatArray]:
        """Phase 2: the stored maps in the order of ``prepared.keys``; computed where they are not there yet.

        Raises:
            ModelError: Where what is stored is of other data.
        """
        path = self.folder / f"{target}.parquet"
        if not path.exists():
            checkpoints = sorted(folder for folder in self.folder.iterdir() if folder.is_dir())
            store(checkpoints, prepared.keys, prepared.rows, path, target, device)
        return load(path, prepared.keys, prepared.rows)


def fine_tune(folder: Path, prepared: Prepared, options: AdapLeROptions, *, overwrite: bool) -> FineTuned:
    """Phase 1; nothing is done where ``folder`` was made by an equal recipe.

    Raises:
        OutputError: Where ``folder`` was made by another recipe and ``overwrite`` is off.
    """
    done, plain = FineTuned(folder), _plain(options)
    recipe = {**prepared.recipe, "options": asdict(plain)}
    if (folder / _RECIPE).exists() and _without_outcome(done.recipe) == recipe:
        return done
    if folder.exists() and not overwrite:
        raise OutputError(
            "phases 1 and 2 of another run lie there",
            where=folder,
            remedy="Name another folder with --fine-tuned, or pass --overwrite to make them anew.",
        )
    run = UnfinishedRun.beside(folder)
    trainer = build_trainer(run.folder, prepared, plain, keep=None)
    with trainer.args.main_process_first(local=False):
        run.begin(recipe, overwrite=overwrite)
    fit(run, trainer)
    if trainer.is_world_process_zero():
        with atomic_path(folder, overwrite=overwrite) as temporary:
            temporary.mkdir(exist_ok=True)
            for number, checkpoint in enumerate(_best(run, plain.metric)):
                run.copy_checkpoint(checkpoint, temporary / str(number + 1))
            content = {**recipe, **history(run.last_state())}
            (temporary / _RECIPE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        run.remove()
    trainer.accelerator.wait_for_everyone()
    return done


def _without_outcome(recipe: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in recipe.items() if k not in ("epochs", "best")}


def _best(run: UnfinishedRun, metric: str) -> Sequence[Path]:
    """The checkpoints of the three best epochs by dev, best first; of the last three where there was none."""
    names = (f"dev_{metric}", "dev_macro_f1")
    order = sorted(
        history(run.last_state())["epochs"],
        key=lambda entry: (*(-entry.get(name, 0) for name in names), -entry["epoch"]),
    )
    return [run.folder / f"checkpoint-{entry['step']:g}" for entry in order[:KEPT]]


def _plain(options: AdapLeROptions) -> TrainingOptions:
    """The plain fine-tuning that ``options`` ask for."""
    names = TrainingOptions.__dataclass_fields__
    plain = TrainingOptions(**{name: getattr(options, name) for name in names})
    return replace(plain, epochs=options.fine_tune_epochs or options.epochs)
