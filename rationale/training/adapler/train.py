"""AdapLeR from a checkpoint to a finished folder: three phases, each resumed or skipped where it can be."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rationale.corpus.document import Documents
from rationale.dropping.flops import Costs
from rationale.dropping.model import wrap
from rationale.errors import OutputError
from rationale.files import check_output
from rationale.training.adapler.card import card
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.adapler.phases import FineTuned, fine_tune
from rationale.training.adapler.trainer import AdapLeRTrainer, Clamp, dropping_metrics
from rationale.training.fitting import RECIPE, Content, chosen_model, complete
from rationale.training.prepare import Prepared, prepare
from rationale.training.trainer import ClassifierTrainer, arguments, build_trainer
from rationale.training.unfinished import UnfinishedRun


@dataclass(frozen=True)
class TrainedAdapLeR:
    """A finished training.

    Attributes:
        path: The folder: model, config, tokenizer, ``training.json`` and a model card.
        fine_tuned: Phases 1 and 2; ``fine_tuned / "1"`` is the plain classifier to compare with.
    """

    path: Path
    fine_tuned: Path

    @property
    def recipe(self) -> dict[str, Any]:
        """What ``training.json`` holds."""
        content: dict[str, Any] = json.loads((self.path / RECIPE).read_text(encoding="utf-8"))
        return content

    @property
    def best(self) -> dict[str, float]:
        """The epoch whose weights were kept: dev accuracy and FLOPs speedup."""
        return dict(self.recipe["best"])


def train_adapler(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    out: str | Path,
    options: AdapLeROptions | None = None,
    *,
    fine_tuned: str | Path | None = None,
    overwrite: bool = False,
) -> TrainedAdapLeR:
    """Fine-tunes ``model``, stores saliency, and trains AdapLeR from ``model`` again (section 3.5).

    The epoch kept is the one with the largest FLOPs speedup among those within a point of phase 1's best dev
    figure; where there is none, the one with the best figure, and ``training.json`` says so. With
    ``options.keep`` "last" it is the last.

    Args:
        model: A local folder or hub id.
        train: Labelled documents of two labels or more.
        dev: Labelled documents to choose epochs by; None keeps the last.
        out: The folder to make.
        options: How to train; None takes the defaults.
        fine_tuned: The folder of phases 1 and 2, made where it is missing and used where it is not: runs that
            differ in gamma or phi can share one. Default: ``OUT.fine-tuned``.
        overwrite: Replace what is there.

    Raises:
        DataError, ModelError, OutputError: As :func:`rationale.training.train_classifier`.
    """
    options = options or AdapLeROptions()
    out = check_output(out, overwrite=overwrite)
    folder = Path(fine_tuned) if fine_tuned else out.with_name(out.name + ".fine-tuned")
    if folder.resolve() == out.resolve():
        raise OutputError("phases 1 and 2 and the model cannot share a folder", where=out)
    prepared = prepare(model, train, dev, options)
    first = fine_tune(folder, prepared, options, overwrite=overwrite)
    best = first.dev(options.metric)
    recipe = prepared.recipe | {"kind": "adapler", "fine_tuned_best": best}
    run = UnfinishedRun.beside(out)
    trainer = _trainer(run.folder, _start(model, prepared, first, options), first, options)
    complete(run, trainer, out, recipe, _with_card, overwrite=overwrite)
    return TrainedAdapLeR(out, folder)


def _with_card(run: UnfinishedRun, folder: Path, content: Content) -> None:
    chosen_model(run, folder, content)
    (folder / "README.md").write_text(card(content), encoding="utf-8", newline="\n")


def _start(model: str | Path, prepared: Prepared, first: FineTuned, options: AdapLeROptions) -> Prepared:
    """What phase 3 begins with: the checkpoint phase 1 began with, or its best epoch."""
    if options.warm_start:
        return prepared.anew(first.best, replace(options, new_head=False))
    return prepared.anew(model, options)


def _trainer(folder: Path, start: Prepared, first: FineTuned, options: AdapLeROptions) -> ClassifierTrainer:
    settings = {name: getattr(options, name) for name in ("inner", "beta", "weigh_by_keep")}
    model = wrap(start.start.model, "adapler", settings)
    costs = Costs.of(model.encoder, model.system)
    with arguments(folder, options, dev=False).main_process_first(local=False):
        maps = first.maps(options.target, start, "cpu" if options.device == "cpu" else "auto")
    return build_trainer(
        folder,
        start,
        options,
        AdapLeRTrainer,
        importance=maps,
        adapler=options,
        model=model,
        compute_loss_func=None,
        compute_metrics=dropping_metrics(costs, first.dev(options.metric), options.metric),
        callbacks=[Clamp()],
    )
