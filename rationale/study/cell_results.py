"""The content of a cell of a comparison: model, evaluation and times, each computed once and sealed."""

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
_REMEDY = "Remove it and repeat the command, which computes it again."


@dataclass(frozen=True)
class Times:
    """The times of a cell, and the settings that they were measured with.

    Attributes:
        measured_speedup: Measured speedup by batch size.
        model: The hash of the model that was timed.
        documents: Number of documents that were timed.
        rounds: Number of repeats.
        threads: Number of torch threads.
    """

    measured_speedup: Mapping[str, Speedup]
    model: str | None
    documents: Count
    rounds: Count
    threads: Count


@dataclass(frozen=True)
class Seconds:
    """The wall-clock seconds that the training of a cell took without interruption."""

    seconds: float


TIMES = Artifact("timing", Times, _REMEDY)
SECONDS = Artifact("training time", Seconds, _REMEDY)


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
    """Trains the model of a cell, or loads the one that is there.

    Returns:
        The folder of the model, and the seconds of its training; None where that was interrupted.

    Raises:
        OutputError: Where the folder holds another model than the one that this cell trains.
    """
    plain, clock = cell(root, PLAIN, seed) / MODEL, folder / "seconds.json"
    is_new, start = not any(folder.glob(f"{MODEL}*")), time.perf_counter()
    if setting is None:
        training = plain_options(common, seed)
        prepared = prepare(model, train, dev, training, command)
        source = fine_tune(plain, prepared, training, overwrite=False).best
    else:
        source, options = folder / MODEL, setting.options(common, seed)
        expected = {
            "kind": setting.system,
            "options": asdict(options),
            "train": train.fingerprint,
            "dev": None if dev is None else dev.fingerprint,
        }
        if source.exists():
            _check_trained(source, expected, model_digest(plain / "1"))
            tidy(source)
        else:
            stages: dict[str, Any] = {"finetuned_dir": plain, "command": command}
            train_dropping(setting.system, model, train, dev, source, options, **stages)
    if is_new:
        SECONDS.write(clock, Seconds(round(time.perf_counter() - start, 1)), overwrite=True)
    return source, SECONDS.resume(clock).seconds if clock.exists() else None


def _check_trained(source: Path, expected: Mapping[str, Any], plain: str) -> None:
    """Checks that the model in a cell is the one that the cell trains, from the plain model of the seed."""
    recipe = outcome(source)
    seal = require_sealed(check_model(source, remedy=ANEW, note=False), source)
    given = {
        name for name, value in expected["options"].items() if value is not None
    }  # None is settled by the training
    trained_with = {name: value for name, value in recipe["options"].items() if name in given}
    actual = {
        "kind": recipe.get("kind"),
        "options": {
            **expected["options"],
            **trained_with,
        },  # options unknown to the earlier version had their defaults
        "train": recipe["train"]["fingerprint"],
        "dev": None if recipe["dev"] is None else recipe["dev"]["fingerprint"],
        "plain": seal.inputs.get("fine_tuned", plain),
    }
    what = "this is not the model that the cell trains"
    require_made_of(source, actual, seal, {**expected, "plain": plain}, what=what, remedy=ANEW)


def evaluate_cell(
    folder: Path, classifier: Classifier, reported: Documents, timing: Timing, command: str | None
) -> Evaluation:
    """Loads the evaluation of a cell; computes and writes it, and the times, where they are missing.

    Raises:
        OutputError: Where the saved result is damaged, was changed, or belongs to another model or other
            documents.
    """
    path = folder / EVALUATION
    if not path.exists():
        result = evaluate(classifier, reported, Timing(0), command=command)
        if any(document.annotated and document.spans for document in reported):
            result = replace(result, rationale=_kept_rationale(classifier, reported))
        result.save(path)
    evaluation = EVALUATIONS.resume(path)
    if len(evaluation.predictions) != len(reported):
        raise OutputError("the saved result is damaged (documents are missing)", where=path, remedy=_REMEDY)
    if evaluation.recipe.model.hash != classifier.identity.hash:
        raise OutputError(
            "this evaluation is of another model than the one beside it", where=path, remedy=_REMEDY
        )
    if evaluation.recipe.data.fingerprint != reported.fingerprint:
        raise OutputError("this evaluation is of other documents", where=path, remedy=_REMEDY)
    if timing.documents:
        _time(folder / TIMING, classifier, reported, timing)
    return evaluation


def _time(path: Path, classifier: Classifier, reported: Documents, timing: Timing) -> None:
    """Measures the times of a cell, unless they were measured with the same settings before."""
    model = classifier.identity.hash
    times = Times({}, model, timing.documents, timing.rounds, torch.get_num_threads())
    before = read_times(path)
    if before is None or replace(before, measured_speedup={}) != times:
        measured = replace(times, measured_speedup=time_against_full(classifier, reported, timing))
        inputs = {"model": model, "data": reported.fingerprint}
        TIMES.write(path, measured, inputs=inputs, overwrite=True)


def read_times(path: Path) -> Times | None:
    """Reads the times that :func:`evaluate_cell` wrote; None where nothing was timed.

    Raises:
        OutputError: Where the file is damaged, was changed, or has no seal.
    """
    return TIMES.resume(path) if path.exists() else None


def _kept_rationale(classifier: Classifier, reported: Documents) -> KeptRationale | KeepsAll:
    """Compares the kept words with the human rationale, layer by layer; KeepsAll where nothing is dropped.

    Documents count only where the window holds at least one word of the rationale: elsewhere none of it can
    be dropped.
    """
    methods = decision_methods(classifier.policy)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    annotated = [d for d in reported if d.rationale[windower(d).covered].any()] if methods else []
    if not annotated:
        return KeepsAll()
    documents = Documents(annotated, source=reported.source, split=reported.split)
    scored = score(classifier, documents, ScoreOptions(methods, protocol="truncate"))
    agreement = agree(scored, documents)
    decision = next(name for name in methods if name != KEPT)

    def by_layer(method: str, metric: str, select: str | None) -> Layers:
        records = [
            r for r in agreement.records if r.method == method and r.metric == metric and r.select == select
        ]
        return tuple(r.value for r in sorted(records, key=lambda r: r.layer))

    kept = {name: by_layer(KEPT, name, "threshold") for name in ("precision", "recall", "fpr")}
    return KeptRationale(n=len(annotated), ap=by_layer(decision, "ap", None), **kept)
