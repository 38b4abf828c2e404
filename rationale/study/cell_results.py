"""What a cell of a comparison holds: its model, its evaluation and its times, each made once and sealed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from rationale.agreement import agree
from rationale.artifacts.artifact import Artifact, require_made_of, require_sealed
from rationale.artifacts.model import check_model, model_digest
from rationale.artifacts.record import Count
from rationale.corpus.document import Documents
from rationale.errors import OutputError
from rationale.evaluation.evaluate import Timing, evaluate, time_against_full
from rationale.evaluation.result import EVALUATIONS, Evaluation, KeepsAll, KeptRationale, Layers, Speedup
from rationale.loading.classifier import Classifier
from rationale.scores import ScoreOptions, score
from rationale.scores.methods import decision_methods
from rationale.scores.scored import KEPT
from rationale.study.cells import ANEW
from rationale.study.comparison import PLAIN
from rationale.study.grid import Setting, cell, plain_options
from rationale.tokens import Windower
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.dropping.stage import outcome, tidy
from rationale.training.prepare import prepare
from rationale.training.recipes import train_dropping

MODEL, EVALUATION, TIMING = "model", "evaluation.json", "timing.json"
_AGAIN = "Remove it: it is made again."


@dataclass(frozen=True)
class Times:
    """What a cell's time is, and of what.

    Attributes:
        measured_speedup: By batch size.
        model: The hash of the model that was timed.
        documents: How many it was timed on.
        rounds: How often.
        threads: Of torch.
    """

    measured_speedup: Mapping[str, Speedup]
    model: str | None
    documents: Count
    rounds: Count
    threads: Count


@dataclass(frozen=True)
class Seconds:
    """How long the training of a cell took, in one go."""

    seconds: float


TIMES = Artifact("timing", Times, _AGAIN)
SECONDS = Artifact("training time", Seconds, _AGAIN)


def train_cell(
    setting: Setting | None,
    seed: int,
    folder: Path,
    root: Path,
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    common: dict[str, Any],
    command: str | None,
) -> tuple[Path, float | None]:
    """The model of a cell, and how long its own training took, where that was in one go.

    Raises:
        OutputError: Where another model lies there than the one this cell trains.
    """
    plain, clock = cell(root, PLAIN, seed) / MODEL, folder / "seconds.json"
    fresh, start = not any(folder.glob(f"{MODEL}*")), time.perf_counter()
    if setting is None:
        chosen = plain_options(common, seed)
        source = fine_tune(plain, prepare(model, train, dev, chosen, command), chosen, overwrite=False).best
    else:
        source, options = folder / MODEL, setting.options(common, seed)
        made = {
            "kind": setting.system,
            "options": asdict(options),
            "train": train.fingerprint,
            "dev": None if dev is None else dev.fingerprint,
        }
        if source.exists():
            _check_made(source, made, model_digest(plain / "1"))
            tidy(source)
        else:
            how: dict[str, Any] = {"finetuned_dir": plain, "command": command}
            train_dropping(setting.system, model, train, dev, source, options, **how)
    if fresh:
        SECONDS.write(clock, Seconds(round(time.perf_counter() - start, 1)), overwrite=True)
    return source, SECONDS.resume(clock).seconds if clock.exists() else None


def _check_made(source: Path, made: Mapping[str, Any], plain: str) -> None:
    """Makes sure that the model in a cell is the one that the cell trains, from the plain one beside it."""
    recipe = outcome(source)
    seal = require_sealed(check_model(source, remedy=ANEW, note=False), source)
    asked = {name for name, value in made["options"].items() if value is not None}  # others were settled
    options = {name: value for name, value in recipe["options"].items() if name in asked}
    found = {
        "kind": recipe.get("kind"),
        "options": {**made["options"], **options},  # an option of a later version had its default
        "train": recipe["train"]["fingerprint"],
        "dev": None if recipe["dev"] is None else recipe["dev"]["fingerprint"],
        "plain": seal.inputs.get("fine_tuned", plain),
    }
    what = "this is not the model that the cell trains"
    require_made_of(source, found, seal, {**made, "plain": plain}, what=what, remedy=ANEW)


def evaluate_cell(
    folder: Path, classifier: Classifier, reported: Documents, timing: Timing, command: str | None
) -> Evaluation:
    """The cell's evaluation; written, and its times too, where they are not there yet.

    Raises:
        OutputError: Where what is there is damaged, was changed, or is of another model than the one beside
            it.
    """
    path = folder / EVALUATION
    if not path.exists():
        found = evaluate(classifier, reported, Timing(0), command=command)
        if any(document.annotated and document.spans for document in reported):
            found = replace(found, rationale=_rationale(classifier, reported))
        found.save(path)
    evaluation = EVALUATIONS.resume(path)
    if len(evaluation.predictions) != len(reported):
        raise OutputError("the saved result is damaged (documents are missing)", where=path, remedy=_AGAIN)
    if evaluation.recipe.model.hash != classifier.identity.hash:
        raise OutputError("this is not of the model beside it", where=path, remedy=_AGAIN)
    if evaluation.recipe.data.fingerprint != reported.fingerprint:
        raise OutputError("this is of other documents", where=path, remedy=_AGAIN)
    if timing.documents:
        _time(folder / TIMING, classifier, reported, timing)
    return evaluation


def _time(path: Path, classifier: Classifier, reported: Documents, timing: Timing) -> None:
    """Measures a cell's times, where they were not measured like this before."""
    model = classifier.identity.hash
    asked = Times({}, model, timing.documents, timing.rounds, torch.get_num_threads())
    before = read_times(path)
    if before is None or replace(before, measured_speedup={}) != asked:
        found = replace(asked, measured_speedup=time_against_full(classifier, reported, timing))
        inputs = {"model": model, "data": reported.fingerprint}
        TIMES.write(path, found, inputs=inputs, overwrite=True)


def read_times(path: Path) -> Times | None:
    """What :func:`evaluate_cell` has written of a cell's times; None where nothing was timed.

    Raises:
        OutputError: Where it is damaged, was changed, or has no seal.
    """
    return TIMES.resume(path) if path.exists() else None


def _rationale(classifier: Classifier, reported: Documents) -> KeptRationale | KeepsAll:
    """The kept set against the human rationale, layer by layer; nothing for a model that keeps all.

    Only documents count whose rationale the model reads at least a word of: where none of it was read, none
    was dropped.
    """
    methods = decision_methods(classifier.policy)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    inside = [d for d in reported if d.rationale[windower(d).covered].any()] if methods else []
    if not inside:
        return KeepsAll()
    documents = Documents(inside, source=reported.source, split=reported.split)
    scored = score(classifier, documents, ScoreOptions(methods, protocol="truncate"))
    agreement = agree(scored, documents)
    own = next(name for name in methods if name != KEPT)

    def by_layer(method: str, metric: str, select: str | None) -> Layers:
        found = [
            r for r in agreement.records if r.method == method and r.metric == metric and r.select == select
        ]
        return tuple(r.value for r in sorted(found, key=lambda r: r.layer))

    kept = {name: by_layer(KEPT, name, "threshold") for name in ("precision", "recall", "fpr")}
    return KeptRationale(n=len(inside), ap=by_layer(own, "ap", None), **kept)
