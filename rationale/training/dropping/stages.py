"""The training of a token-dropping model: the fine-tuning, the stages of the method, the output folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rationale.artifacts.record import Json, to_json
from rationale.corpus.document import Documents
from rationale.dropping import Costs
from rationale.dropping.model import (
    DroppingForQuestionAnswering,
    DroppingForSequenceClassification,
    DroppingModel,
)
from rationale.encoder.base import FAMILIES, Encoder
from rationale.errors import OutputError
from rationale.files import atomic_path, check_output, home
from rationale.loading.hub import explained
from rationale.training.dropping.card import card
from rationale.training.dropping.choice import dropping_metrics
from rationale.training.dropping.distil import DistilTrainer
from rationale.training.dropping.fine_tuned import FineTuned, fine_tune
from rationale.training.dropping.options import DroppingOptions
from rationale.training.dropping.stage import check_made, outcome, stage
from rationale.training.fitting import chosen_model, complete, write_recipe
from rationale.training.options import TrainingOptions
from rationale.training.prepare import Prepared, prepare
from rationale.training.rates import settled
from rationale.training.record import Trained, as_trained, read_training
from rationale.training.trainer import ClassifierTrainer, build_trainer
from rationale.training.unfinished import UnfinishedRun


@dataclass(frozen=True)
class TrainedDropping:
    """A finished token-dropping training.

    Attributes:
        path: The folder: model, config, tokenizer, ``training.json`` and a model card.
        finetuned_dir: The plain fine-tuning; ``finetuned_dir / "1"`` is the classifier to compare with.
    """

    path: Path
    finetuned_dir: Path

    @property
    def recipe(self) -> Trained:
        """The content of ``training.json``."""
        return read_training(self.path)

    @property
    def best(self) -> dict[str, float]:
        """Dev metrics and FLOPs speedup of the epoch whose weights were kept."""
        return self.recipe.figures


@dataclass(frozen=True)
class Stages:
    """The stages of one training, each trained once and reused by an equal recipe.

    Attributes:
        model: The checkpoint to start from.
        prepared: The encoded documents.
        first: The plain fine-tuning.
        out: The output folder.
        options: Training options.
        overwrite: Whether to replace the outcome of other recipes.
    """

    model: str | Path
    prepared: Prepared
    first: FineTuned
    out: Path
    options: DroppingOptions
    overwrite: bool

    @classmethod
    def begin(
        cls,
        model: str | Path,
        train: Documents,
        dev: Documents | None,
        out: str | Path,
        options: DroppingOptions,
        *,
        finetuned_dir: str | Path | None,
        overwrite: bool,
        command: str | None = None,
    ) -> Stages:
        """Encodes the documents and fine-tunes, in ``finetuned_dir`` or OUT.fine-tuned.

        Raises:
            DataError, ModelError, OutputError: As :func:`rationale.training.train_classifier`.
            ModelError: Where the fine-tuning is at chance.
        """
        out = home(out)
        if overwrite or not UnfinishedRun.beside(out).ended(out):
            check_output(out, overwrite=overwrite)
        folder = Path(finetuned_dir) if finetuned_dir else out.with_name(out.name + ".fine-tuned")
        if folder.resolve() == out.resolve():
            raise OutputError("the fine-tuning and the model cannot share a folder", where=out)
        prepared = prepare(model, train, dev, options, command)
        first = fine_tune(folder, prepared, options, overwrite=overwrite)
        first.require_knowledge(prepared, options)
        return cls(model, prepared, first, out, options, overwrite)

    def plain(self) -> Prepared:
        """The documents, with a fresh copy of the best classifier of the fine-tuning to start from."""
        return self.prepared.reloaded(self.first.best, replace(self.options, reinit_head=False))

    def teacher(self) -> Encoder:
        """The best classifier of the fine-tuning as a teacher: frozen, dropout off."""
        model = self.plain().start.model
        model.eval().requires_grad_(requires_grad=False)
        return FAMILIES.get(model.config.model_type)(model)

    def metrics(
        self, model: DroppingModel, *, target: float | None = None
    ) -> Callable[..., dict[str, float]]:
        """The dev metrics of a hard run of ``model``; ``target`` is the target speedup, if any."""
        metric, rows = self.options.metric, self.prepared.dev_rows or self.prepared.rows
        costs = Costs.of(model.encoder, model.system)
        return dropping_metrics(costs, self.first.dev(metric), metric, rows, target=target)

    def between(
        self,
        name: str,
        options: TrainingOptions,
        build: Callable[[Path], ClassifierTrainer],
        more: Json,
    ) -> DroppingModel:
        """Trains an intermediate stage in OUT.name, and loads its model.

        Args:
            name: Name of the stage.
            options: Options of the stage.
            build: Builds its trainer, given the folder for checkpoints.
            more: Further entries of its recipe.
        """
        folder = self.out.with_name(f"{self.out.name}.{name}")
        options = settled(options, self.prepared.start.model.config, len(self.prepared.rows))
        recipe = {**self._recipe(name), "options": asdict(options), **more}
        stage(folder, recipe, build, chosen_model, inputs=self._inputs, overwrite=self.overwrite)
        is_qa = self.options.task == "answers"
        kind = DroppingForQuestionAnswering if is_qa else DroppingForSequenceClassification
        with explained(str(folder)):
            model: DroppingModel = kind.from_pretrained(folder, trust_remote_code=False)
        return model

    def hard(self, model: DroppingModel, *, distil: float = 0.0) -> TrainedDropping:
        """Runs the last stage of most methods, fine-tuning with hard dropping; writes OUT.

        Args:
            model: The model to start from; the parameters of its policy are frozen.
            distil: Share of the loss that is distillation from the plain fine-tuning, 0 to 1.
        """
        for parameter in model.system.parameters():
            parameter.requires_grad_(False)

        def build(checkpoints: Path) -> ClassifierTrainer:
            settings: dict[str, Any] = {"model": model, "compute_metrics": self.metrics(model)}
            if not distil:
                return build_trainer(checkpoints, self.prepared, self.options, **settings)
            settings |= {
                "teacher": self.teacher(),
                "share": distil,
                "smoothing": self.options.label_smoothing,
            }
            return build_trainer(checkpoints, self.prepared, self.options, DistilTrainer, **settings)

        return self.last(model.system.name, build, {"system": model.system.settings})

    def last(
        self, system: str, build: Callable[[Path], ClassifierTrainer], more: Json | None = None
    ) -> TrainedDropping:
        """Trains the last stage; writes OUT with a model card."""
        recipe = {**self._recipe(system), **(more or {})}
        run = UnfinishedRun.beside(self.out)
        if not self.overwrite and run.ended(self.out):
            check_made(self.out, recipe, self._inputs)
            run.discard(recipe)
            return TrainedDropping(self.out, self.first.folder)
        trainer = build(run.folder)
        complete(run, trainer, self.out, recipe, _with_card, inputs=self._inputs, overwrite=self.overwrite)
        return TrainedDropping(self.out, self.first.folder)

    def save(self, name: str, model: DroppingModel, more: Json) -> TrainedDropping:
        """Writes OUT without further training, from a stage whose policy has new settings.

        Args:
            name: Name of the stage.
            model: The model to save.
            more: Entries of ``training.json`` that replace those of the stage; ``best`` has the metrics of
                ``model``.
        """
        stage_recipe = outcome(self.out.with_name(f"{self.out.name}.{name}"))
        stage_recipe.pop("command", None)  # another command may have left the stage
        content = {**stage_recipe, **self._recipe(model.system.name), "system": model.system.settings, **more}
        with atomic_path(self.out, overwrite=self.overwrite) as folder:
            model.save_pretrained(folder)
            self.prepared.start.tokenizer.save_pretrained(folder)
            write_recipe(folder, content, self._inputs)
            _write_card(folder, as_trained(content))
        return TrainedDropping(self.out, self.first.folder)

    @property
    def _inputs(self) -> dict[str, Any]:
        return {"fine_tuned": self.first.digest}

    def _recipe(self, kind: str) -> dict[str, Any]:
        best = self.first.dev(self.options.metric)
        return {**to_json(self.prepared.recipe), "kind": kind, "fine_tuned_best": best}


def _with_card(run: UnfinishedRun, folder: Path, trained: Trained) -> None:
    chosen_model(run, folder, trained)
    _write_card(folder, trained)


def _write_card(folder: Path, trained: Trained) -> None:
    (folder / "README.md").write_text(card(trained), encoding="utf-8", newline="\n")
