"""Phases 1 and 2: a fine-tuned classifier's three best epochs, and their saliency."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rationale.errors import OutputError
from rationale.files import atomic_path
from rationale.training.adapler.saliency import store
from rationale.training.checkpoint import Checkpoint
from rationale.training.encoding import Encoded
from rationale.training.fitting import fit
from rationale.training.options import TrainingOptions
from rationale.training.recipe import history
from rationale.training.trainer import build_trainer
from rationale.training.unfinished import UnfinishedRun

KEPT = 3
_RECIPE, _SALIENCY = "recipe.json", "saliency.parquet"


@dataclass(frozen=True)
class FineTuned:
    """What phase 3 needs of phases 1 and 2.

    Attributes:
        folder: ``1/`` is the best epoch, a classifier like any other; ``2/`` and ``3/`` the next; the mean
            saliency of the three in ``saliency.parquet``; ``recipe.json``.
    """

    folder: Path

    @property
    def saliency(self) -> Path:
        """The stored maps."""
        return self.folder / _SALIENCY

    @property
    def recipe(self) -> dict[str, Any]:
        """What made it, and how each epoch went."""
        content: dict[str, Any] = json.loads((self.folder / _RECIPE).read_text(encoding="utf-8"))
        return content

    @property
    def accuracy(self) -> float:
        """The best dev accuracy; 0 where there was no dev set."""
        return float(self.recipe["best"].get("dev_accuracy", 0.0))


def fine_tune(
    folder: Path,
    start: Checkpoint,
    recipe: Mapping[str, Any],
    options: TrainingOptions,
    keys: list[tuple[str, str]],
    rows: Encoded,
    dev_rows: Encoded | None,
    *,
    overwrite: bool,
) -> FineTuned:
    """Phases 1 and 2; nothing is done where ``folder`` was made by an equal recipe.

    Raises:
        OutputError: Where ``folder`` was made by another recipe and ``overwrite`` is off.
    """
    done = FineTuned(folder)
    if (folder / _RECIPE).exists():
        earlier = done.recipe
        if {k: v for k, v in earlier.items() if k not in ("epochs", "best")} == recipe:
            return done
    if folder.exists() and not overwrite:
        raise OutputError(
            "phases 1 and 2 of another run lie there",
            where=folder,
            remedy="Name another folder with --fine-tuned, or pass --overwrite to make them anew.",
        )
    run = UnfinishedRun.beside(folder)
    trainer = build_trainer(
        run.folder, start, options, keys=[k[0] for k in keys], rows=rows, dev_rows=dev_rows, keep=None
    )
    run.begin(recipe, overwrite=overwrite)
    fit(run, trainer)
    best = _best(run)
    store(best, keys, rows, run.folder / _SALIENCY, "cpu" if trainer.args.use_cpu else "auto")
    with atomic_path(folder, overwrite=overwrite) as temporary:
        temporary.mkdir(exist_ok=True)
        for number, checkpoint in enumerate(best):
            run.copy_checkpoint(checkpoint, temporary / str(number + 1))
        shutil.copyfile(run.folder / _SALIENCY, temporary / _SALIENCY)
        content = {**recipe, **history(run.last_state())}
        (temporary / _RECIPE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    run.remove()
    return done


def _best(run: UnfinishedRun) -> list[Path]:
    """The checkpoints of the three best epochs by dev, best first; of the last three where there was none."""
    entries = history(run.last_state())["epochs"]
    order = sorted(entries, key=lambda e: (-e.get("dev_accuracy", 0), -e.get("dev_macro_f1", 0), -e["epoch"]))
    return [run.folder / f"checkpoint-{entry['step']:g}" for entry in order[:KEPT]]


def phase_one(options: Any) -> TrainingOptions:
    """The plain fine-tuning that ``options`` ask for."""
    names = TrainingOptions.__dataclass_fields__
    plain = TrainingOptions(**{name: getattr(options, name) for name in names})
    return replace(plain, epochs=options.fine_tune_epochs or options.epochs)
