"""AdapLeR from a checkpoint to a finished folder: three phases, each resumed or skipped where it can be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import DataCollatorWithPadding, PrinterCallback, set_seed

from rationale.corpus.document import Documents
from rationale.dropping.flops import Costs
from rationale.dropping.model import wrap
from rationale.files import atomic_path, check_output
from rationale.training.adapler.card import card
from rationale.training.adapler.options import AdapLeROptions
from rationale.training.adapler.phases import FineTuned, fine_tune, phase_one
from rationale.training.adapler.saliency import load
from rationale.training.adapler.trainer import AdapLeRTrainer, Clamp, dropping_metrics
from rationale.training.checkpoint import Checkpoint, load_checkpoint
from rationale.training.encoding import Encoded, encode, window_length
from rationale.training.fitting import fit, training_labels
from rationale.training.progress import Progress, Saving
from rationale.training.recipe import describe, history
from rationale.training.trainer import arguments
from rationale.training.unfinished import UnfinishedRun

_RECIPE = "training.json"


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
        content: dict[str, Any] = json.loads((self.path / _RECIPE).read_text(encoding="utf-8"))
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
    accuracy; where there is none, the most accurate one, and ``training.json`` says so.

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
    prepared = _prepare(str(model), train, dev, options)
    phases = Path(fine_tuned) if fine_tuned else out.with_name(out.name + ".fine-tuned")
    plain = phase_one(options)
    recipe = describe(str(model), prepared.start, train, dev, prepared.length, plain)
    first = fine_tune(
        phases,
        prepared.start,
        recipe,
        plain,
        prepared.keys,
        prepared.rows,
        prepared.dev_rows,
        overwrite=overwrite,
    )
    again = _prepare(str(model), train, dev, options)  # phase 3 starts from the checkpoint, not from phase 1
    run = UnfinishedRun.beside(out)
    trainer = _trainer(run.folder, again, first, options)
    recipe |= {"kind": "adapler", "options": json.loads(json.dumps(asdict(options)))}
    recipe["fine_tuned_accuracy"] = first.accuracy
    run.begin(recipe, overwrite=overwrite)
    fit(run, trainer)
    _finish(run, out, recipe, overwrite=overwrite)
    return TrainedAdapLeR(out, phases)


@dataclass(frozen=True)
class _Prepared:
    start: Checkpoint
    length: int
    keys: list[tuple[str, str]]
    rows: Encoded
    dev_rows: Encoded | None


def _prepare(model: str, train: Documents, dev: Documents | None, options: AdapLeROptions) -> _Prepared:
    labels = training_labels(train)
    set_seed(options.seed)
    start = load_checkpoint(
        model, labels, new_head=options.new_head, attention_dropout=options.attention_dropout
    )
    length = window_length(start.tokenizer, start.model.config, options.max_length)
    start.tokenizer.model_max_length = length
    ids = {name: i for i, name in enumerate(start.labels)}
    rows = encode(start.tokenizer, train, ids, length)
    dev_rows = None if dev is None else encode(start.tokenizer, dev, ids, length)
    return _Prepared(start, length, [document.key for document in train], rows, dev_rows)


def _trainer(folder: Path, prepared: _Prepared, first: FineTuned, options: AdapLeROptions) -> AdapLeRTrainer:
    start = prepared.start
    model = wrap(start.model, "adapler", {"inner": options.inner, "beta": options.beta})
    trainer = AdapLeRTrainer(
        saliency=load(first.saliency, prepared.keys, prepared.rows),
        options=options,
        keys=[key[0] for key in prepared.keys],
        model=model,
        args=arguments(folder, options, choose=prepared.dev_rows is not None),
        train_dataset=prepared.rows,
        eval_dataset=prepared.dev_rows,
        processing_class=start.tokenizer,
        data_collator=DataCollatorWithPadding(start.tokenizer),
        compute_metrics=dropping_metrics(Costs.of(model.encoder, model.system), first.accuracy),
        callbacks=[Progress(), Saving(), Clamp()],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _finish(run: UnfinishedRun, out: Path, recipe: dict[str, Any], *, overwrite: bool) -> None:
    state = run.last_state()
    content = {**recipe, **history(state)}
    with atomic_path(out, overwrite=overwrite) as folder:
        run.copy_model(state, folder)
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / _RECIPE).write_text(text + "\n", encoding="utf-8", newline="\n")
        (folder / "README.md").write_text(card(content), encoding="utf-8", newline="\n")
    run.remove()
