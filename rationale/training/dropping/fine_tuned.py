"""What every recipe begins with: a plain fine-tuning, of which the three best epochs are kept."""

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


@dataclass(frozen=True)
class FineTuned:
    """A plain classifier's three best epochs.

    Attributes:
        folder: ``1/`` is the best epoch, a classifier like any other; ``2/`` and ``3/`` the next;
            ``training.json``; maps of what each token is worth, where AdapLeR has stored some.
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
        kept = min(KEPT, len(self.recipe.epochs))
        found = [self.folder / str(number + 1) for number in range(kept)]
        for path in found:
            if not (path / "config.json").is_file():
                raise ModelError("a checkpoint of the fine-tuning is missing", where=path, remedy=ANEW)
        return found

    @cached_property
    def digest(self) -> str:
        """Tells the best epoch's classifier from every other, by its files."""
        return model_digest(self.best)

    @property
    def recipe(self) -> Trained:
        """What made it, and how each epoch went.

        Raises:
            ModelError: Where it is damaged.
        """
        return read_training(self.folder, ANEW)

    def require_knowledge(self, prepared: Prepared, options: DroppingOptions) -> None:
        """Stops where nothing that follows would mean anything.

        Raises:
            ModelError: Where the best epoch is not above chance on dev, the options do not allow that, and
                there are documents enough to tell.
        """
        rows = prepared.dev_rows
        said = None if rows is None else warn_at_chance(self.recipe.figures, rows.labels, options.metric)
        if said is None:
            return
        if options.allow_chance or len(rows or ()) < ENOUGH:
            log.warning("the plain fine-tuning knows no more than chance: %s", said)
            return
        raise ModelError(
            f"the plain fine-tuning knows no more than chance: {said}",
            where=self.folder,
            remedy="Repeat with --overwrite and more --fine-tune-epochs, a larger --fine-tune-rate or more "
            "documents; --allow-chance goes on all the same.",
        )

    def dev(self, metric: str) -> float | None:
        """A dev figure of the best epoch; None where there was no dev set."""
        return self.recipe.figures.get(f"dev_{metric}")


def fine_tune(folder: Path, prepared: Prepared, options: DroppingOptions, *, overwrite: bool) -> FineTuned:
    """Fine-tunes; nothing is done where ``folder`` was made by an equal recipe.

    Raises:
        OutputError: Where ``folder`` was made by another recipe and ``overwrite`` is off.
    """
    plain, documents = options.fine_tuning(), len(prepared.rows)
    if options.fine_tune_epochs is None:
        plain = replace(plain, epochs=enough_epochs(plain, documents))
    plain = settled(plain, prepared.start.model.config, documents)

    def build(checkpoints: Path) -> ClassifierTrainer:
        return build_trainer(checkpoints, prepared, plain, keep=None)

    def three_best(run: UnfinishedRun, to: Path, trained: Trained) -> None:
        for number, step in enumerate(_best(trained.epochs, plain.metric)):
            run.checkpoint(step).copy_model(to / str(number + 1))
            seal_model(to / str(number + 1), "model")

    recipe = {**to_json(prepared.recipe), "kind": "classifier", "options": asdict(plain)}
    stage(folder, recipe, build, three_best, overwrite=overwrite)
    return FineTuned(folder)


def _best(epochs: Sequence[Figures], metric: str) -> list[int]:
    """The steps of the three best epochs by dev, best first; of the last three where there was none."""
    names = (f"dev_{metric}", "dev_macro_f1")
    order = sorted(epochs, key=lambda entry: (*(-entry.get(name, 0) for name in names), -entry["epoch"]))
    return [int(entry["step"]) for entry in order[:KEPT]]
