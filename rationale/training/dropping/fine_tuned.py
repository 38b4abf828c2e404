"""The first stage of every training procedure: a plain fine-tuning that keeps its three best epochs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from rationale.artifacts.model import model_digest, seal_model
from rationale.artifacts.record import to_json
from rationale.errors import ModelError
from rationale.training.chance import ENOUGH, warn_at_chance
from rationale.training.dropping.options import DroppingOptions
from rationale.training.dropping.stage import ANEW, stage
from rationale.training.prepare import Prepared
from rationale.training.rates import enough_epochs, settled
from rationale.training.record import Figures, Trained, read_training
from rationale.training.trainer import ClassifierTrainer, build_trainer
from rationale.training.unfinished import UnfinishedRun

log = logging.getLogger(__name__)

KEPT = 3
"""Number of epochs that a plain fine-tuning keeps."""


@dataclass(frozen=True)
class FineTuned:
    """The three best epochs of a plain classifier.

    Attributes:
        folder: The folder: ``1/``, the classifier of the best epoch; ``2/`` and ``3/``, the next best;
            ``training.json``; token importance maps, where AdapLeR stored some.
    """

    folder: Path

    @property
    def best(self) -> Path:
        """The classifier of the best epoch."""
        return self.checkpoints[0]

    @property
    def checkpoints(self) -> list[Path]:
        """The folders of the kept classifiers, best first.

        Raises:
            ModelError: Where one is missing.
        """
        kept = min(KEPT, len(self.recipe.epochs))
        checkpoints = [self.folder / str(number + 1) for number in range(kept)]
        for path in checkpoints:
            if not (path / "config.json").is_file():
                raise ModelError("a checkpoint of the fine-tuning is missing", where=path, remedy=ANEW)
        return checkpoints

    @cached_property
    def digest(self) -> str:
        """The digest of the files of the best classifier."""
        return model_digest(self.best)

    @property
    def recipe(self) -> Trained:
        """The content of ``training.json``: recipe, metrics of each epoch, best epoch.

        Raises:
            ModelError: Where it is damaged.
        """
        return read_training(self.folder, ANEW)

    def require_knowledge(self, prepared: Prepared, options: DroppingOptions) -> None:
        """Refuses a fine-tuning at chance, because later stages would measure nothing.

        Raises:
            ModelError: Where the best epoch is not above chance on dev, the options do not allow that, and
                the dev documents are enough to test it.
        """
        rows = prepared.dev_rows
        warning = None if rows is None else warn_at_chance(self.recipe.figures, rows.labels, options.metric)
        if warning is None:
            return
        if options.allow_chance or len(rows or ()) < ENOUGH:
            log.warning("the plain fine-tuning is not better than chance: %s", warning)
            return
        raise ModelError(
            f"the plain fine-tuning is not better than chance: {warning}",
            where=self.folder,
            remedy="Repeat with --overwrite and more --fine-tune-epochs, a larger --fine-tune-rate or more "
            "documents; --allow-chance continues anyway.",
        )

    def dev(self, metric: str) -> float | None:
        """A dev metric of the best epoch; None without dev documents."""
        return self.recipe.figures.get(f"dev_{metric}")


def fine_tune(folder: Path, prepared: Prepared, options: DroppingOptions, *, overwrite: bool) -> FineTuned:
    """Fine-tunes the plain classifier, or loads it where ``folder`` has the same recipe.

    Raises:
        OutputError: Where ``folder`` has another recipe and ``overwrite`` is off.
    """
    plain, documents = options.fine_tuning(), len(prepared.rows)
    if options.fine_tune_epochs is None:
        plain = replace(plain, epochs=enough_epochs(plain, documents))
    plain = settled(plain, prepared.start.model.config, documents)

    def build(checkpoints: Path) -> ClassifierTrainer:
        return build_trainer(checkpoints, prepared, plain, keep=None)

    def three_best(run: UnfinishedRun, to: Path, trained: Trained) -> None:
        for number, step in enumerate(_best_steps(trained.epochs, plain.metric)):
            run.checkpoint(step).copy_model(to / str(number + 1))
            seal_model(to / str(number + 1), "model")

    recipe = {**to_json(prepared.recipe), "kind": "classifier", "options": asdict(plain)}
    stage(folder, recipe, build, three_best, overwrite=overwrite)
    return FineTuned(folder)


def _best_steps(epochs: Sequence[Figures], metric: str) -> list[int]:
    """The steps of the three best epochs on dev, best first; of the last three without dev documents."""
    names = (f"dev_{metric}", "dev_macro_f1")
    order = sorted(epochs, key=lambda entry: (*(-entry.get(name, 0) for name in names), -entry["epoch"]))
    return [int(entry["step"]) for entry in order[:KEPT]]
